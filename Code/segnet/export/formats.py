"""The file formats: what each needs, how it is written and replaced."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from segnet.export import litert, onnx, onnx_int8, openvino, saved_model
from segnet.export.calibration import Calibration
from segnet.export.function import Network
from segnet.runtimes.facts import PRECISIONS, FileFacts
from segnet.runtimes.formats import FORMATS, SAVED_MODEL
from segnet.system.files import replacing_all
from segnet.system.quiet import quiet


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        name: Key of `segnet.runtimes.formats.FORMATS`.
        packages: What writing and running it needs beside Keras and TensorFlow.
        write: Writes network, path, facts and calibration.
        beside: Suffixes of further files.
        precisions: Some of `PRECISIONS`.
    """

    name: str
    packages: tuple[str, ...]
    write: Callable[[Network, Path, FileFacts, Calibration | None], None]
    beside: tuple[str, ...] = ()
    precisions: Sequence[str] = PRECISIONS

    @property
    def suffix(self) -> str:
        """Of its file; "" for a folder."""
        return FORMATS[self.name]

    def check(self, path: Path, precision: str) -> None:
        """Refuses a path or a precision that the format cannot have.

        Raises:
            ValueError: Naming what it can, or a package that is not installed.
            OSError: Nothing can be written there.
        """
        onnx.require_packages(self.packages)
        if path.suffix != self.suffix:
            end = f"a name that ends in {self.suffix}" if self.suffix else "a folder"
            raise ValueError(f"{path}: {self.name} needs {end}")
        if precision not in self.precisions:
            raise ValueError(
                f"{self.name} is written with {' or '.join(self.precisions)} numbers "
                f"only, not with {precision}"
            )
        if not self.suffix and path.exists() and not _replaceable(path):
            raise ValueError(
                f"{path}: there is something else than a SavedModel; name a new folder"
            )
        if self.suffix and path.is_dir():
            raise ValueError(f"{path}: a folder is where the file should be")
        _check_writable(path)

    def bytes(self, path: Path) -> int:
        """Returns the size of a written file with all that belongs to it."""
        if not self.suffix:
            return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
        return sum(one.stat().st_size for one in self.files(path))

    def files(self, path: Path) -> list[Path]:
        """Returns a file and those beside it."""
        return [path, *(path.with_suffix(suffix) for suffix in self.beside)]

    @contextmanager
    def replacing(self, path: Path) -> Iterator[Path]:
        """Yields a temporary path that becomes `path` on success, with all its files.

        Raises:
            OSError: A file cannot be written.
        """
        if self.suffix:
            first, *others = self.files(path)
            with replacing_all(first, *others) as (part, *_):
                yield part
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        token = secrets.token_hex(4)
        part, old = (
            path.with_name(f"{path.name}.{token}.{end}") for end in ("part", "old")
        )
        try:
            yield part
            if path.exists():
                path.rename(old)
            try:
                part.rename(path)
            except OSError:
                if old.exists():
                    old.rename(path)
                raise
        finally:
            for folder in (part, old):
                shutil.rmtree(folder, ignore_errors=True)


def _check_writable(path: Path) -> None:
    """Fails now, not after minutes of work, and makes no folder that is missing."""
    folder = next(one for one in path.absolute().parents if one.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(
            f"{path}: nothing can be written to {folder} ({error.strerror})"
        ) from error


def _replaceable(path: Path) -> bool:
    return path.is_dir() and ((path / SAVED_MODEL).is_file() or not any(path.iterdir()))


def _write_onnx(
    network: Network, path: Path, facts: FileFacts, calibration: Calibration | None
) -> None:
    with quiet():
        onnx.write_onnx(network, path)
        if calibration is not None:
            onnx_int8.quantise(path, calibration)
        elif facts.precision == "float16":
            onnx_int8.halve(path)
        onnx.add_facts(path, facts)


def _write_openvino(
    network: Network, path: Path, facts: FileFacts, calibration: Calibration | None
) -> None:
    with quiet(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        onnx.write_onnx(network, file)
        if calibration is not None:
            onnx_int8.quantise(file, calibration)
        openvino.convert_onnx(file, path, facts)


def _write_litert(
    network: Network, path: Path, facts: FileFacts, calibration: Calibration | None
) -> None:
    with quiet():
        half = facts.precision == "float16"
        litert.write_litert(network, path, half, calibration)
        litert.add_facts(path, facts)


def _write_saved_model(
    network: Network, path: Path, facts: FileFacts, calibration: Calibration | None
) -> None:
    with quiet():
        saved_model.write_saved_model(network, path)
        saved_model.add_facts(path, facts)


WRITERS = {
    form.name: form
    for form in (
        Format("onnx", onnx.PACKAGES, _write_onnx),
        Format("litert", ("ai_edge_litert",), _write_litert),
        Format(
            "openvino",
            (*onnx.PACKAGES, "openvino"),
            _write_openvino,
            beside=(".bin",),
        ),
        Format("saved_model", (), _write_saved_model, precisions=("float32",)),
    )
}
