"""Writes files in one step, so that readers see the old or the new; tests archives."""

import filecmp
import os
import re
import secrets
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Errors of zipfile for an archive that is damaged.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
PIECE = 1 << 20
TOKEN_BYTES = 4
# What makes a temporary name one of its own.
TOKEN = "[0-9a-f]{8}"


def find_damage(path: str | Path) -> str | None:
    """Returns where and how a zip archive is damaged, or None if it is intact.

    Reads every member from start to end, because zipfile compares the CRC-32 only
    then. Keras does not: it seeks in the weights once its first attempt has failed,
    and since Python 3.12 a seek in a stored member ends the comparison. NumPy and
    `ZipFile.testzip` open members by name, so they read one of them twice if a
    flipped bit has given two the same name.

    Args:
        path: A `.keras` or `.npz` file.

    Raises:
        OSError: The file cannot be opened.
    """
    with open(path, "rb") as file:
        part = "its table of contents"
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    part = f"its part {member.filename!r}"
                    with archive.open(member) as content:
                        while content.read(PIECE):
                            pass
        except BROKEN as error:
            return f"{part}: {error}"
    return None


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside `path` that becomes `path` on success.

    The temporary name belongs to this call alone, so that several processes may write
    `path` at once: the last one wins. It keeps the suffix (`store.h5` ->
    `store.1f0c9a3e.part.h5`), because writers such as Keras choose the format by it.
    When the block raises, the temporary file is removed and an older file at `path`
    stays as it was. A killed process leaves it behind; see `remove_parts`.

    Args:
        path: The final file name; its folder is made when missing.

    Raises:
        FileNotFoundError: The block ended without writing the temporary file.
        OSError: A file cannot be written; the error names `path`.
    """
    with replacing_all(path) as (part,):
        yield part


@contextmanager
def replacing_all(path: str | Path, *others: str | Path) -> Iterator[tuple[Path, ...]]:
    """Yields temporary paths that become `path` and `others` together on success.

    As `replacing`, for files that belong together. A kill in the middle can leave
    `path` without some of the others, but never beside an outdated one: changed ones
    are removed before `path` is replaced, and put in place afterwards.
    """
    paths = [Path(path), *map(Path, others)]
    for one in paths:
        one.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(TOKEN_BYTES)
    parts = [one.with_name(f"{one.stem}.{token}.part{one.suffix}") for one in paths]
    try:
        yield tuple(parts)
        for part in parts:
            with open(part, "rb") as written:
                os.fsync(written.fileno())
        for one, part in zip(paths[1:], parts[1:], strict=True):
            # Another process may remove it first.
            with suppress(FileNotFoundError):
                if not filecmp.cmp(one, part, shallow=False):
                    one.unlink()
        for one, part in zip(paths, parts, strict=True):
            os.replace(part, one)
        for folder in {one.parent for one in paths}:
            _sync_folder(folder)
    except OSError as error:
        names = dict(zip(map(str, parts), map(str, paths), strict=True))
        if error.errno is not None:
            error.filename = names.get(str(error.filename or parts[0]), error.filename)
        raise
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def check_writable(folder: str | Path) -> None:
    """Makes a folder where it is missing, and fails now if nothing can be written.

    Raises:
        OSError: The folder cannot be made, or no file in it.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b" ")


def remove_parts(*paths: str | Path) -> None:
    """Removes the temporary files that killed processes left beside `paths`.

    Only for a caller that knows that no other process is writing these files, for
    example because it holds the lock of their folder.

    Args:
        paths: Final file names, as given to `replacing`.
    """
    for path in map(Path, paths):
        name = re.compile(
            rf"{re.escape(path.stem)}\.{TOKEN}\.part{re.escape(path.suffix)}"
        )
        for part in path.parent.glob("*.part*"):
            if name.fullmatch(part.name):
                with suppress(OSError):
                    part.unlink()


def _sync_folder(folder: Path) -> None:
    """Writes the names in a folder to disk, so that a power cut keeps a rename."""
    # Windows cannot open a folder, and some network file systems cannot sync one.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
