"""Lock files: only one process at a time writes into a folder.

Some network drives have no file locks. Work goes on there without, and says so.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from segnet.system.text import shown

# Only these mean that another process holds a lock.
HELD = (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN)


@contextmanager
def alone(path: str | Path, refusal: str) -> Iterator[None]:
    """Holds the lock file at `path`; the lock ends with the process.

    The file is removed at the end. A file left behind by a killed process locks
    nothing. Where the file system has no locks, a line on stderr says so.

    Args:
        path: The lock file, which holds the process id; its folder is made if missing.
        refusal: Text of the error; the id of the other process is appended.

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
            # On a full disk the id is missing, but the lock still holds.
            with suppress(OSError):
                file.truncate(0)
                file.write(str(os.getpid()).encode())
            try:
                yield
            finally:
                # While still locked: a process waiting with the old file open then
                # sees that the name belongs to another file, or to none.
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
    """Takes the lock of an open file without waiting; returns whether it could."""
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in HELD:
                return False
            _say_unlocked(file, error)
        return True
    # Not `os.name`: this is the test that type checkers know.
    if sys.platform == "win32":
        import msvcrt

        # Far behind the process id, so that others can still read that.
        file.seek(1 << 20)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    return True


def _say_unlocked(file: BinaryIO, error: OSError) -> None:
    folder = shown(Path(file.name).parent)
    print(
        f"{folder}: this file system has no locks ({error.strerror}); start only one "
        f"command at a time that writes into this folder",
        file=sys.stderr,
    )


def is_held(path: str | Path) -> bool:
    """Returns whether a process holds the lock file at `path`.

    A file that a killed process left behind is not held. Without file locks, as on
    Windows and some network drives, a file that is there counts as held.
    """
    try:
        import fcntl

        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except (ImportError, OSError):
        return Path(path).exists()
    return False
