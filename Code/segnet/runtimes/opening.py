"""Opens an exported file in its runtime, chosen by the name of the file."""

from pathlib import Path

from segnet.runtimes.runtime import Runtime

# Format -> ending of its files; a SavedModel is a folder.
FORMATS = {
    "onnx": ".onnx",
    "litert": ".tflite",
    "openvino": ".xml",
    "saved_model": "",
}
SAVED_MODEL = "saved_model.pb"


def format_of(path: str | Path) -> str | None:
    """Returns the format of an exported file, None for any other file or name.

    Args:
        path: Only its ending counts; of a folder, whether a SavedModel is in it.
    """
    path = Path(path)
    ending = path.suffix.lower()
    for name, suffix in FORMATS.items():
        if suffix and ending == suffix:
            return name
    return "saved_model" if (path / SAVED_MODEL).is_file() else None


def open_runtime(
    path: str | Path,
    threads: int | None = None,
    size: tuple[int, int] | None = None,
) -> Runtime:
    """Returns an exported file, opened in its runtime.

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
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; `segnet export` writes one")
    if found is None or (path.is_dir() and found != "saved_model"):
        raise ValueError(
            f"{path}: no exported file; give a .onnx, .tflite or .xml file, or the "
            f"folder of a SavedModel"
        )
    if found == "onnx":
        from segnet.runtimes.onnx import OnnxFile

        return OnnxFile(path, threads, size)
    if found == "litert":
        from segnet.runtimes.litert import LiteRTFile

        return LiteRTFile(path, threads, size)
    if found == "openvino":
        from segnet.runtimes.openvino import OpenVINOFile

        return OpenVINOFile(path, threads, size)
    from segnet.runtimes.saved_model import SavedModel

    return SavedModel(path, threads, size)
