"""Files: a reader finds either the old ones or the new ones, and no damaged archive."""

import filecmp
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What zipfile raises where an archive is not as it was written.
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


def find_damage(path: str | Path) -> str | None:
    """Returns where and how a zip archive is damaged, None where it is as written.

    Every member is read from start to end, since zipfile compares the CRC-32 only
    then. Others do not read so: Keras seeks in the weights once its first attempt has
    failed, and from Python 3.12 on a seek in a stored member ends the comparison.
    NumPy opens members by name and reads one of them twice where a flipped bit has
    given two the same; `ZipFile.testzip` does so too.

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

    The temporary name keeps the suffix (`store.h5` -> `store.part.h5`), because
    writers such as Keras choose the format by it. When the block raises, the
    temporary file is removed and an older file at `path` stays as it was.

    Args:
        path: The final file name; its folder is made when missing.

    Raises:
        FileNotFoundError: The block ended without writing the temporary file.
    """
    with replacing_all(path) as (part,):
        yield part


@contextmanager
def replacing_all(path: str | Path, *others: str | Path) -> Iterator[tuple[Path, ...]]:
    """Yields temporary paths that become `path` and `others` together on success.

    As `replacing`, for files that belong together. A kill in the middle can leave
    `path` without some of the others, never beside an outdated one: those that change
    go before it is replaced and come after.
    """
    paths = [Path(path), *map(Path, others)]
    for one in paths:
        one.parent.mkdir(parents=True, exist_ok=True)
    parts = [one.with_name(f"{one.stem}.part{one.suffix}") for one in paths]
    try:
        yield tuple(parts)
        for part in parts:
            with open(part, "rb") as written:
                os.fsync(written.fileno())
        for one, part in zip(paths[1:], parts[1:], strict=True):
            if one.exists() and not filecmp.cmp(one, part, shallow=False):
                one.unlink()
        for one, part in zip(paths, parts, strict=True):
            os.replace(part, one)
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(paths[0])
        raise
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
