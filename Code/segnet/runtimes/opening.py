"""Opens an exported file in its runtime, chosen by the name of the file."""

from pathlib import Path

from segnet.runtimes.facts import FileFacts
from segnet.runtimes.formats import FORMATS, SAVED_MODEL, check_exists, format_of
from segnet.runtimes.runtime import Runtime
from segnet.runtimes.seal import check_seal, is_sealed
from segnet.runtimes.trial import try_out

__all__ = ["FORMATS", "SAVED_MODEL", "facts_of", "format_of", "open_runtime"]


def open_runtime(
    path: str | Path,
    threads: int | None = None,
    size: tuple[int, int] | None = None,
) -> Runtime:
    """Returns an exported file, opened in its runtime.

    Files of `segnet export` are sealed, so that damage is found before a runtime sees
    them. An unsealed `.tflite` file is tried out first in a process of its own: LiteRT
    trusts what it reads, and damage may end the process.

    Args:
        path: A `.onnx`, `.tflite` or OpenVINO `.xml` file, or the folder of a
            SavedModel.
        threads: Threads of one run; None for one a core.
        size: (H, W) for a file of others that leaves it open.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is none of these, damaged, or of another size; its runtime
            is not installed; or `threads` is below 1.
    """
    path = Path(path)
    found = format_of(path)
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}, expected 1 or more")
    check_exists(path)
    if found is None or (path.is_dir() and found != "saved_model"):
        raise ValueError(
            f"{path}: no exported file; give a .onnx, .tflite or .xml file, or the "
            f"folder of a SavedModel"
        )
    sealed = is_sealed(path)
    if sealed:
        check_seal(path)
    if found == "onnx":
        from segnet.runtimes.onnx import OnnxFile

        return OnnxFile(path, threads, size)
    if found == "litert":
        from segnet.runtimes.litert import LiteRTFile

        if not sealed:
            try_out(path, size)
        return LiteRTFile(path, threads, size)
    if found == "openvino":
        from segnet.runtimes.openvino import OpenVINOFile

        return OpenVINOFile(path, threads, size)
    from segnet.runtimes.saved_model import SavedModel

    return SavedModel(path, threads, size)


def facts_of(path: str | Path) -> FileFacts | None:
    """Returns what an exported file says about itself, None where segnet wrote none.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: As for `open_runtime`; SavedModels and `.tflite` files need no
            runtime for it.
    """
    path, found = Path(path), format_of(path)
    check_exists(path)
    if found == "saved_model":
        from segnet.runtimes import saved_model

        return saved_model.read_facts(path)
    if found == "litert":
        from segnet.runtimes import litert

        return litert.read_facts(path)
    return open_runtime(path).facts
