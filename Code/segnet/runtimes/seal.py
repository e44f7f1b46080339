"""The seal of an exported file: a SHA-256 at its end, by which damage is found.

Runtimes open many files with changed bits without a word: of 1,500 damaged copies of an
ONNX file, ONNX Runtime ran 400. Every format takes a few bytes behind the network that
its readers pass over: ONNX one more metadata property, TensorFlow Lite the comment of
the zip archive with the facts, OpenVINO's XML a comment.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

from segnet.runtimes.formats import format_of

NAME = b"segnet_sha256"
DIGITS = 64
# Before and after the digits. In ONNX: field 14 of the model, 81 bytes, which are field
# 1, the key, and field 2, the value of 64 bytes.
ENDS = {
    "onnx": (b"\x72\x51\x0a\x0d" + NAME + b"\x12\x40", b""),
    "litert": (NAME + b" ", b""),
    "openvino": (b"\n<!-- " + NAME + b" ", b" -->\n"),
}
# The end record of a zip archive, before its comment: the comment's length is last.
ZIP_END, ZIP_END_BYTES = b"PK\x05\x06", 22
# Of a SavedModel, a folder.
FILE = Path("assets.extra") / f"{NAME.decode()}.txt"
PIECE = 1 << 20


def seal(path: str | Path) -> None:
    """Seals a file that is complete, facts included.

    Args:
        path: Of a `.tflite` file the archive with the facts must be the end; of an
            `.xml` file, the `.bin` beside it is sealed as well.

    Raises:
        ValueError: The file is none of a format, or is sealed.
        OSError: It cannot be written.
    """
    path = Path(path)
    kind = format_of(path)
    if kind is None or is_sealed(path):
        raise ValueError(f"{path}: sealed before, or no exported file")
    if kind == "saved_model":
        (path / FILE).parent.mkdir(exist_ok=True)
        (path / FILE).write_text(_digest_of_folder(path))
        return
    before, after = ENDS[kind]
    with open(path, "r+b") as file:
        if kind == "litert":
            file.seek(-ZIP_END_BYTES, os.SEEK_END)
            end = file.read()
            if not end.startswith(ZIP_END) or end[-2:] != bytes(2):
                raise ValueError(f"{path}: no archive with facts at its end")
            file.seek(-2, os.SEEK_END)
            file.write((len(before) + DIGITS).to_bytes(2, "little"))
        file.seek(0, os.SEEK_END)
        file.write(before)
        length = file.tell()
        file.seek(0)
        digest = _digest(file, length, path, kind)
        file.seek(0, os.SEEK_END)
        file.write(digest.encode() + after)


def is_sealed(path: str | Path) -> bool:
    """Returns whether a file is sealed; `check_seal` finds out whether it is intact.

    Raises:
        OSError: The file cannot be read.
    """
    path = Path(path)
    kind = format_of(path)
    if kind is None:
        return False
    if kind == "saved_model":
        return (path / FILE).is_file()
    with open(path, "rb") as file:
        return _place(file, kind) is not None


def check_seal(path: str | Path) -> None:
    """Checks that a sealed file is as it was when it was sealed.

    Raises:
        ValueError: It has changed, or it is not sealed.
        OSError: The file cannot be read.
    """
    path = Path(path)
    if not is_sealed(path):
        raise ValueError(f"{path}: not sealed")
    said, found = _digests(path, str(format_of(path)))
    if said != found:
        raise ValueError(
            f"{path}: damaged, or changed since it was exported (its SHA-256 differs); "
            f"bring it back from a copy or export it again"
        )


def checksum(path: str | Path) -> str:
    """Returns the SHA-256 of an exported file, its seal included.

    Args:
        path: Of an `.xml` file, the `.bin` beside it counts as well; of a folder, the
            names and contents of its files.

    Raises:
        OSError: It cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return _digest_of_folder(path)
    with open(path, "rb") as file:
        return _digest(file, path.stat().st_size, path, str(format_of(path)))


def _digests(path: Path, kind: str) -> tuple[str, str]:
    """Returns the digest in the seal of a file and the one that it has."""
    if kind == "saved_model":
        text = (path / FILE).read_text(encoding="utf-8", errors="replace")
        return text, _digest_of_folder(path)
    with open(path, "rb") as file:
        length = _place(file, kind) or 0
        file.seek(0)
        found = _digest(file, length, path, kind)
        return file.read(DIGITS).decode("utf-8", "replace"), found


def _place(file: Any, kind: str) -> int | None:
    """Returns where the digits of the seal begin, None without a seal."""
    before, after = ENDS[kind]
    length = len(before) + DIGITS + len(after)
    size = file.seek(0, os.SEEK_END)
    if size < length:
        return None
    file.seek(size - length)
    end = file.read(length)
    if not end.startswith(before) or not end.endswith(after):
        return None
    return size - DIGITS - len(after)


def _digest(file: Any, length: int, path: Path, kind: str) -> str:
    """Returns the SHA-256 of the next `length` bytes, and of the `.bin` if any."""
    found = hashlib.sha256()
    left = length
    while left:
        piece = file.read(min(left, PIECE))
        if not piece:
            break
        found.update(piece)
        left -= len(piece)
    if kind == "openvino":
        with open(path.with_suffix(".bin"), "rb") as beside:
            while piece := beside.read(PIECE):
                found.update(piece)
    return found.hexdigest()


def _digest_of_folder(folder: Path) -> str:
    """Returns the SHA-256 over the names and checksums of all files but the seal."""
    found = hashlib.sha256()
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )
    for name in names:
        if name != FILE.as_posix():
            with open(folder / name, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found.update(f"{digest} {name}\n".encode())
    return found.hexdigest()
