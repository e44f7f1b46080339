"""`.keras` files that also hold the class map of their network.

The map has its own key in `metadata.json`, a part of the archive that Keras writes and
never reads, so plain Keras loads these files like any others.
"""

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from segnet.classes import ClassMap
from segnet.runs.folder import STATE
from segnet.system.files import BROKEN, find_damage

if TYPE_CHECKING:
    import keras

METADATA, CONFIG, KEY = "metadata.json", "config.json", "class_map"
# Keras writes two lines, and a class map has at most 255 classes.
MAX_METADATA_BYTES = 1_000_000


def save_model(model: "keras.Model", path: str | Path, class_map: ClassMap) -> None:
    """Saves a Keras model with its class map.

    Args:
        model: A `keras.Model`.
        path: The file, ending in `.keras`. It is written twice, so give the temporary
            name of `segnet.system.files.replacing`.
        class_map: The classes of the model's logits.
    """
    model.save(path)
    # A fourth part would make Keras unpack the whole archive into a temporary folder,
    # and a part of a zip archive cannot be replaced: so all three are written again.
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(parts[METADATA]) | {KEY: json.loads(class_map.to_json())}
    parts[METADATA] = json.dumps(metadata).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def read_class_map(path: str | Path) -> ClassMap | None:
    """Returns the class map in a `.keras` file, None where it holds none.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file is no `.keras` file or damaged.
    """
    with open(path, "rb") as file:
        try:
            return _read(file)
        except (*BROKEN, KeyError) as error:
            raise ValueError(f"{path}: damaged, or no .keras file ({error})") from error


def _read(file: BinaryIO) -> ClassMap | None:
    with zipfile.ZipFile(file) as archive:
        size = archive.getinfo(METADATA).file_size
        if size > MAX_METADATA_BYTES:
            raise ValueError(f"its {METADATA} has {size:,} bytes")
        metadata = json.loads(archive.read(METADATA))
    if not isinstance(metadata, dict):
        raise ValueError(f"its {METADATA} is no JSON object")
    if KEY not in metadata:
        return None
    return ClassMap.from_json(json.dumps(metadata[KEY]))


def check_is_keras(path: Path) -> None:
    """Refuses a file that is no `.keras` file or was cut off, without Keras.

    Raises:
        ValueError: It is none.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: no model or only a part of one; give the best.keras of a run"
        )


def load_keras(path: Path) -> "keras.Model":
    """Returns the network in a `.keras` file.

    Raises:
        ValueError: The file is none, only a part of one, or damaged.
    """
    import keras

    check_is_keras(path)
    # Keras alone loads some damaged files in silence, with other weights.
    damage = find_damage(path)
    if damage:
        raise ValueError(
            f"{path}: damaged at {damage}; bring it back from a copy, or take the "
            f"{STATE} of its run in its place"
        )
    try:
        return keras.saving.load_model(path, compile=False)
    # Keras, h5py and the backend raise a dozen types for files that they did not write.
    except Exception as error:
        reason = _foreign(path) or _other_version(path, keras.__version__)
        reason = reason or "damaged, or no model that Keras wrote"
        raise ValueError(f"{path}: {reason} ({_first_line(error)})") from error


def _foreign(path: Path) -> str:
    """Returns which foreign classes a `.keras` file needs, in words, or ""."""
    config = _part(path, CONFIG)
    names, waiting = set(), [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
            module, name = item.get("module"), item.get("class_name")
            own = str(module).partition(".")[0] in ("keras", "builtins")
            if isinstance(module, str) and isinstance(name, str) and not own:
                names.add(f"{module}.{name}")
    if not names:
        return ""
    return (
        f"it needs {', '.join(sorted(names))}, and only layers of Keras itself are "
        f"loaded; build the network from those"
    )


def _other_version(path: Path, here: str) -> str:
    """Returns that another Keras wrote a `.keras` file, in words, or ""."""
    metadata = _part(path, METADATA)
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    if not isinstance(version, str) or version == here:
        return ""
    return (
        f"written by Keras {version:.20}, and Keras {here}, which is installed, cannot "
        f"load it; install Keras {version:.20}, or take the {STATE} of the run"
    )


def _part(path: Path, name: str) -> Any:
    """Returns a JSON part of a `.keras` file, None where there is no such part."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size <= MAX_METADATA_BYTES:
                return json.loads(archive.read(name))
    except (*BROKEN, KeyError, RecursionError):
        pass
    return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
