"""The sha256 of each fetched file, in the format that `sha256sum -c` reads."""

import re
import threading
from pathlib import Path

from segnet.system.checksums import sha256_of
from segnet.system.files import replacing

LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class Manifest:
    """A list with one line per finished file, written after the file is in place.

    Args:
        path: The manifest; the paths in it are relative to `folder`.
        folder: Where the files are.
    """

    def __init__(self, path: Path, folder: Path):
        self._path = path
        self._folder = folder
        self._lock = threading.Lock()
        self._file = None
        text = path.read_text("utf-8", errors="replace") if path.exists() else ""
        lines = [match for line in text.split("\n") if (match := LINE.fullmatch(line))]
        self._sums = {match[2]: match[1] for match in lines}

    def __len__(self) -> int:
        return len(self._sums)

    def holds(self, name: str, size: int | None = None, verify: bool = False) -> bool:
        """Returns whether a file was finished and still exists.

        Args:
            name: Path below the folder, with `/`.
            size: Its size in bytes; None: not compared.
            verify: Read the file and compare its sha256 too.
        """
        path = self._folder / name
        if name not in self._sums or not path.is_file():
            return False
        if size is not None and path.stat().st_size != size:
            return False
        return not verify or sha256_of(path) == self._sums[name]

    def names(self) -> list[str]:
        return sorted(self._sums)

    def add(self, name: str, digest: str) -> None:
        """Adds a finished file, in memory and on disk."""
        with self._lock:
            self._sums[name] = digest
            if self._file is None:
                self._sort()
                self._file = open(self._path, "a", encoding="utf-8", newline="\n")
            self._file.write(f"{digest}  {name}\n")
            self._file.flush()

    def forget(self) -> None:
        """Empties the list, whose files belong to another version of the archive."""
        self._sums.clear()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Sorts the list on disk, one line a file."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._sort()

    def _sort(self) -> None:
        with replacing(self._path) as part:
            with open(part, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{self._sums[k]}  {k}\n" for k in sorted(self._sums))
