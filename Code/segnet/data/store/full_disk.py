"""A file for HDF5 to write into, on which a full disk does no harm.

The HDF5 library crashes the process when the disk fills up under it, mostly while it
closes the file. So it never hears of a fault: the file keeps the first one, drops
what else is written, and whoever writes asks `check` after each frame.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


class SteadyFile:
    """A new file at `path`, for h5py's driver "fileobj"."""

    def __init__(self, path: Path):
        self.path = path
        self._file = open(path, "w+b", buffering=0)
        self._fault: OSError | None = None

    def check(self) -> None:
        """Raises OSError if anything could not be written so far."""
        if self._fault is not None:
            raise OSError(
                self._fault.errno,
                f"{self._fault.strerror or self._fault} while writing; an older store "
                f"stays as it was, make room and prepare the data again",
                str(self.path),
            ) from self._fault

    def write(self, content: bytes | memoryview) -> int:
        view = memoryview(content).cast("B")
        self._attempt(self._write_all, view)
        return len(view)

    def read(self, size: int = -1) -> bytes:
        return self._attempt(self._file.read, size) or b""

    def readinto(self, buffer: bytearray | memoryview) -> int:
        view = memoryview(buffer).cast("B")
        count = self._attempt(self._file.readinto, view) or 0
        # Beyond the bytes that a full disk accepted, nothing can be read back.
        view[count:] = bytes(len(view) - count)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self._attempt(self._file.truncate, size)
        return self._file.tell() if size is None else size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._attempt(self._file.close)

    def _write_all(self, view: memoryview) -> None:
        while view and self._fault is None:
            view = view[self._file.write(view) :]

    def _attempt(self, action: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return action(*arguments)
        except OSError as error:
            self._fault = self._fault or error
            return None
