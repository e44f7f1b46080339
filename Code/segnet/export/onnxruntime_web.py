"""ONNX Runtime for browsers: the npm package onnxruntime-web, kept in a cache."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from segnet.system.files import replacing

VERSION = "1.30.0"
# As the npm registry gives it for the archive of this version.
INTEGRITY = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1"
    "SigqR4CXAfKYQ=="
)
ARCHIVE = f"onnxruntime-web-{VERSION}.tgz"
# File of the package -> name in the web folder: .js, as few servers know .mjs.
FILES = {
    "dist/ort.wasm.bundle.min.mjs": "ort.wasm.bundle.min.js",
    "dist/ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
}
WAY_OUT = (
    f"run 'npm pack onnxruntime-web@{VERSION}' on a machine that has npm and a "
    f"network, and give its file: --onnxruntime-web {ARCHIVE}"
)
SECONDS = 600


def read_runtime(package: str | Path | None = None) -> dict[str, bytes]:
    """Returns name in the web folder -> content of each file that a page needs.

    Args:
        package: The package, unpacked or as `.tgz`; None for the user's cache, which
            npm fills once.

    Raises:
        FileNotFoundError: The package is missing, and npm cannot download it.
        ValueError: The package is another version or damaged.
    """
    source = _cached() if package is None else Path(package)
    contents = (_read_folder if source.is_dir() else _read_archive)(source)
    return {FILES[name]: content for name, content in contents.items()}


def _read_folder(folder: Path) -> dict[str, bytes]:
    """Returns file -> content of an unpacked package, or a folder with `package`."""
    if (folder / "package").is_dir():
        folder = folder / "package"
    try:
        version = json.loads((folder / "package.json").read_bytes())["version"]
        contents = {name: (folder / name).read_bytes() for name in FILES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder}: no unpacked onnxruntime-web ({error}); {WAY_OUT}"
        ) from error
    if version != VERSION:
        raise ValueError(
            f"{folder}: onnxruntime-web {version}, expected {VERSION}; {WAY_OUT}"
        )
    return contents


def _read_archive(path: Path) -> dict[str, bytes]:
    """Returns file -> content of the package's archive, whose checksum is known."""
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha512").digest()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file; {WAY_OUT}") from None
    if f"sha512-{base64.b64encode(digest).decode()}" != INTEGRITY:
        raise ValueError(f"{path}: not onnxruntime-web {VERSION}; {WAY_OUT}")
    with tarfile.open(path) as archive:
        return {
            name: archive.extractfile(f"package/{name}").read()  # type: ignore[union-attr]
            for name in FILES
        }


def _cached() -> Path:
    """Returns the archive in the user's cache, downloaded by npm where it is missing.

    Raises:
        FileNotFoundError: npm is missing or fails.
    """
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(root) / "segnet" / ARCHIVE
    if path.is_file():
        return path
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(
            f"onnxruntime-web {VERSION} is not there yet, nor npm, which would "
            f"download it; {WAY_OUT}"
        )
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"onnxruntime-web@{VERSION}", "--ignore-scripts"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=SECONDS
            )
            failed = done.returncode and _reason(done.stderr)
        except subprocess.TimeoutExpired:
            failed = f"no answer in {SECONDS} seconds"
        if failed or not (Path(folder) / ARCHIVE).is_file():
            raise FileNotFoundError(
                f"npm could not download onnxruntime-web {VERSION} "
                f"({failed or 'it wrote no file'}); {WAY_OUT}"
            )
        with replacing(path) as part:
            shutil.copyfile(Path(folder) / ARCHIVE, part)
    return path


def _reason(text: str) -> str:
    """Returns the first line in which npm says what went wrong."""
    lines = [line.removeprefix("npm error").strip() for line in text.splitlines()]
    return next((line for line in lines if " " in line), "no reason given")
