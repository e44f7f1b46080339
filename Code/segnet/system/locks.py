"""Keeping a second process out of a folder that one is writing into."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def alone(path: str | Path, refusal: str) -> Iterator[None]:
    """Holds the lock file at `path`; the lock dies with the process.

    The file is removed at the end. One that a killed process left behind locks
    nothing.

    Args:
        path: The lock file; its folder is made when missing. It holds the number of
            the process.
        refusal: Words for the error; that number is put behind them.

    Raises:
        OSError: Another process holds the lock.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with open(path, "a+b", buffering=0) as file:
            if not _locked(file):
                raise OSError(f"{refusal}{_holder(file)}")
            if not _is_still(path, file):
                continue
            # On a full disk the number is missing, and the lock holds all the same.
            with suppress(OSError):
                file.truncate(0)
                file.write(str(os.getpid()).encode())
            try:
                yield
            finally:
                # While it is locked still: who waits with the old file open will see
                # that the name stands for another file, or none.
                with suppress(OSError):
                    path.unlink()
            return


def _is_still(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _holder(file: BinaryIO) -> str:
    with suppress(OSError):
        file.seek(0)
        number = file.read(20).decode("ascii", "replace")
        return f" (process {number})" if number.isdecimal() else ""
    return ""


def _locked(file: BinaryIO) -> bool:
    """Takes the lock of an open file, without waiting."""
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
    # Not `os.name`: this is the test that type checkers know.
    if sys.platform == "win32":
        import msvcrt

        # Far behind the process number, so that others can read that.
        file.seek(1 << 20)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    return True
