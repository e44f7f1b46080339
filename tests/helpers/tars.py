"""Tars for the tests and measurements of fetching."""

import io
import random
import tarfile
from pathlib import Path


def noise(name: str, size: int) -> bytes:
    """Returns the content that `write_tar` gives a file: noise seeded by its name."""
    return random.Random(name).randbytes(size)


def write_tar(path: Path, sizes: dict[str, int], whole: bool = True, **options) -> dict:
    """Packs files of given sizes, in the order of `sizes`.

    Args:
        path: The tar.
        sizes: Bytes by member name; a name that ends in `/` is a folder.
        whole: Fill the files with `noise`; else only their first 64 bytes, the rest
            is a hole, so that gigabytes cost no disk.
        options: For `tarfile.TarInfo.tobuf`, such as `format`.

    Returns:
        `{name: content}` for `whole`, else `{name: first bytes}`.
    """
    contents = {}
    with open(path, "wb") as file:
        for name, size in sizes.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            info.size, info.mtime = size, 1_500_000_000
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            file.write(info.tobuf(**options))
            start = file.tell()
            if not name.endswith("/"):
                contents[name] = noise(name, size if whole else min(size, 64))
                file.write(contents[name])
            file.seek(start + -(-size // 512) * 512)
        file.truncate(file.tell() + 1024)
    return contents


def add_member(path: Path, name: str, content: bytes = b"x", **fields) -> None:
    """Appends one member; `fields` set its `type`, `linkname`, ..."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    with open(path, "r+b") as file:
        file.seek(-1024, io.SEEK_END)
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.write(content.ljust(-(-len(content) // 512) * 512, b"\0"))
        file.write(bytes(1024))
