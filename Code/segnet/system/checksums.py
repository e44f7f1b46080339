"""SHA-256 checksums of files and texts, in hexadecimal."""

import hashlib
from pathlib import Path


def sha256_of(path: str | Path) -> str:
    """Returns the SHA-256 of a file, which is read piece by piece.

    Raises:
        OSError: The file cannot be read.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_bytes(content: bytes) -> str:
    """Returns the SHA-256 of bytes in memory."""
    return hashlib.sha256(content).hexdigest()
