"""The formats of exported files, by the names of the files."""

from pathlib import Path

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


def check_exists(path: str | Path) -> None:
    """Refuses an exported file that is not there.

    Raises:
        FileNotFoundError: There is no such file or folder.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such file; `segnet export` writes one")
