"""Trained networks by file, run folder or shipped name, and facts about them."""

import dataclasses
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.classes import CLASS_MAPS, ClassMap
from segnet.runs import folder as run_folder
from segnet.runs.keras_file import check_is_keras, load_keras, read_class_map
from segnet.runs.state import is_state, read_progress
from segnet.runtimes.opening import facts_of, format_of
from segnet.runtimes.seal import checksum
from segnet.system.checksums import sha256_of
from segnet.system.text import shown

if TYPE_CHECKING:
    import keras

# Keras is imported where a network is built: classes and colours are found without it.


@dataclass(frozen=True)
class Weights:
    """The location of a trained network's weights.

    Args:
        file: A `.keras` file or the state of a run; None for shipped weights.
        name: The name of shipped weights; "" for a file.
        note: What the user should know about the choice of the file, or "".
    """

    file: Path | None = None
    name: str = ""
    note: str = ""

    @property
    def is_state(self) -> bool:
        """Whether the file is the last.npz of a run, under whatever name."""
        return self.file is not None and is_state(self.file)

    @property
    def is_packed(self) -> bool:
        """Whether the file is one that `segnet pack` wrote."""
        if self.file is None or self.file.suffix != ".npz":
            return False
        return not self.is_state

    @property
    def is_exported(self) -> bool:
        """Whether the file, or the folder of a SavedModel, is for a runtime."""
        return self.file is not None and format_of(self.file) is not None


def find_weights(model: str | Path) -> Weights:
    """Returns where the weights of a model are; each verb accepts the same.

    Args:
        model: A file: `.keras`, the last.npz of a run, a `.npz` of `segnet pack`, or an
            exported file; a run folder, for its best.keras or, where that is missing,
            its last.npz; or a name that `segnet models` lists. Files and run folders
            come first.

    Raises:
        FileNotFoundError: No such file, run or name.
    """
    path = Path(model)
    if path.is_file() or (path.is_dir() and format_of(path) == "saved_model"):
        return Weights(path)
    best, state = path / run_folder.BEST, path / run_folder.STATE
    if best.is_file():
        return Weights(best)
    if state.is_file():
        return Weights(state, note=f"{best} is missing; these are its last weights")

    from segnet.models.shipped import read_index

    shipped = read_index()
    if str(model) in shipped:
        return Weights(name=str(model))
    if path.is_dir():
        raise FileNotFoundError(
            f"{path}: no run with weights; it has neither {run_folder.BEST} nor "
            f"{run_folder.STATE}"
        )
    raise FileNotFoundError(
        f"{path}: no such model; `segnet train` makes one, `segnet export` a file for "
        f"other runtimes, and shipped are: "
        f"{', '.join(shipped) or 'none'}"
    )


def load(
    model: str | Path, input_shape: tuple[int, int, int] | None = None
) -> "keras.Model":
    """Returns the `keras.Model` of a file, a run folder or a shipped name.

    It takes images (B, H, W, 3) uint8 and returns logits (B, H, W, K) float32. Weights
    of a last.npz are the averaged ones, or the plain ones where the recipe keeps no
    average.

    Args:
        model: What `find_weights` takes.
        input_shape: (H, W, 3), H and W at least 64, for a network of this package; by
            default the size of its training frames.

    Raises:
        FileNotFoundError: No such file, run or name.
        ValueError: The file is no `.keras` file, only a part of one, or damaged, or
            the network cannot have this size.
    """
    size = None if input_shape is None else _size(input_shape)
    found = find_weights(model)
    if found.note:
        print(shown(found.note), file=sys.stderr)
    if found.file is None:
        from segnet.models.shipped import build_shipped

        return build_shipped(found.name, size)
    if found.is_exported:
        raise ValueError(
            f"{found.file}: an exported file has no Keras network; give the weights "
            f"that it was made from"
        )
    if found.is_packed:
        from segnet.models.shipped import build_packed

        return build_packed(found.file, size)
    if found.is_state:
        from segnet.runs.last import load_last

        return _at_size(load_last(found.file), size, found.file)
    return _at_size(load_keras(found.file), size, found.file)


def _size(input_shape: tuple[int, int, int]) -> tuple[int, int]:
    try:
        height, width, channels = input_shape
    except (TypeError, ValueError):
        channels = None
    if channels != 3:
        raise ValueError(f"input_shape is {input_shape}, expected (H, W, 3)")
    return height, width


def _at_size(
    model: "keras.Model", size: tuple[int, int] | None, path: Path
) -> "keras.Model":
    from segnet.models.build import at_size

    if size is None:
        return model
    try:
        return at_size(model, size)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def class_map_of(model: str | Path) -> ClassMap:
    """Returns the class map of a trained network: ids, names, colours and void.

    Args:
        model: What `find_weights` takes. A `.keras` file that `segnet train` wrote
            holds its class map; for another one it is the class_map.json beside it.

    Raises:
        FileNotFoundError: No such file, run or name.
        ValueError: The class map is not known, or its file is damaged.
    """
    found = find_weights(model)
    class_map = _class_map(found)
    if class_map is not None:
        return class_map
    if found.name:
        raise ValueError(
            f"{found.name}: its card holds no class map; pack the weights again"
        )
    if found.file and not (found.is_state or found.is_packed or found.is_exported):
        check_is_keras(found.file)
    raise ValueError(
        f"{found.file}: its classes are not known; put the {run_folder.CLASS_MAP} of "
        f"the store it was trained on beside it"
    )


def class_names_of(model: str | Path) -> list[str] | None:
    """Returns the class names of a trained network, None where they are not known.

    Raises:
        FileNotFoundError: No such file, run or name.
        ValueError: The file with the class map is damaged.
    """
    found = find_weights(model)
    class_map = _class_map(found)
    if class_map is not None:
        return list(class_map.names)
    return _names_in_state(found.file) if found.file else None


def _class_map(found: Weights) -> ClassMap | None:
    if found.file and found.is_exported:
        facts = facts_of(found.file)
        return facts.class_map if facts else None
    if found.file is None or found.is_packed:
        from segnet.runs.cards import class_map_of_card

        card = card_of(found)
        return class_map_of_card(card) if card else None
    if not found.is_state and zipfile.is_zipfile(found.file):
        class_map = read_class_map(found.file)
        if class_map is not None:
            return class_map
    beside = found.file.parent / run_folder.CLASS_MAP
    if beside.is_file():
        return ClassMap.load(beside)
    # Runs of segnet 0.1 know the names alone.
    names = tuple(_names_in_state(found.file) or ())
    return next((known for known in CLASS_MAPS.values() if known.names == names), None)


def card_of(found: Weights) -> dict | None:
    """Returns the card of shipped or packed weights, None without one."""
    from segnet.models.shipped import read_card, read_card_of

    return read_card_of(found.file) if found.file else read_card(found.name)


def _names_in_state(file: Path) -> list[str] | None:
    """Returns the class names in the last.npz of the same run, where it can be read."""
    try:
        return read_progress(file.parent / run_folder.STATE).data["classes"]
    except (FileNotFoundError, KeyError, ValueError):
        return None


def sha256_of_weights(model: str | Path) -> str:
    """Returns the SHA-256 of the file of a trained network's weights, or exported file.

    Args:
        model: What `find_weights` takes.

    Raises:
        FileNotFoundError: No such file, run or name.
    """
    found = find_weights(model)
    if found.file and found.is_exported:
        return checksum(found.file)
    if found.file:
        return sha256_of(found.file)

    from segnet.models.shipped import read_index

    return read_index()[found.name]["sha256"]


def training_of(model: str | Path) -> dict | None:
    """Returns the recipe behind weights in a run folder, None where it is not known.

    Args:
        model: What `find_weights` takes.

    Returns:
        `recipe`, field by field, and `weights`: "best" or "last".

    Raises:
        FileNotFoundError: No such file, run or name.
    """
    found = find_weights(model)
    if not found.file or found.is_packed or found.is_exported:
        return None
    try:
        recipe = run_folder.read_recipe(found.file.parent)
    except (FileNotFoundError, ValueError):
        return None
    weights = "last" if found.is_state else "best"
    return {"recipe": dataclasses.asdict(recipe), "weights": weights}


def trained_on_val(model: str | Path, source: str) -> bool:
    """Returns whether weights have seen val, as far as a run folder or a card says.

    Args:
        model: What `find_weights` takes.
        source: The `source` of a report; a card knows about one dataset's val only.

    Raises:
        FileNotFoundError: No such file, run or name.
    """
    found = find_weights(model)
    if found.file and found.is_exported:
        from segnet.models.shipped import read_index

        facts = facts_of(found.file)
        name = facts.weights if facts else ""
        return name in read_index() and trained_on_val(name, source)
    if found.file and not found.is_packed:
        try:
            return run_folder.read_recipe(found.file.parent).include_val
        except (FileNotFoundError, ValueError):
            return False

    card = card_of(found)
    reports = card["scores_without_val"] if card else []
    return any(report["source"] == source for report in reports)
