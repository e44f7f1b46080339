"""Shipped weights by name: the index of a folder, its cards, the check of its files.

The folder holds `index.json` and for each name three files that `segnet pack` writes:
`<name>.npz` (`segnet.models.weight_file`), the card `<name>.json` and the same card
to be read, `<name>.md`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import keras

from segnet.models.weight_file import read_weights
from segnet.system.checksums import sha256_of_bytes

FOLDER = Path(__file__).parents[1] / "weights"
INDEX = "index.json"


def build_shipped(
    name: str,
    builders: Mapping[str, Callable[..., keras.Model]],
    input_shape: tuple[int, int, int] | None = None,
    folder: str | Path | None = None,
) -> keras.Model:
    """The network of a name with its shipped weights; see `segnet.models.load`.

    Args:
        name: A key of the index.
        builders: Networks by name.
        input_shape: (H, W, 3); None for that of the training frames.
        folder: Where the index is; None for the weights of the package.
    """
    folder = FOLDER if folder is None else Path(folder)
    entry = find_entry(name, folder)
    path = folder / entry["file"]
    content = _checked(path, name, entry["sha256"])
    shape = (*entry["size"], 3) if input_shape is None else tuple(input_shape)
    build = builders[entry["network"]]
    model = build(input_shape=shape, num_classes=entry["num_classes"])
    read_weights(model, content, path)
    return model


def read_index(folder: str | Path | None = None) -> dict[str, dict]:
    """What is shipped: name -> `network`, `num_classes`, `size`, `file`, `sha256`.

    A folder without an index has no weights.

    Raises:
        ValueError: The index is no JSON.
    """
    path = (FOLDER if folder is None else Path(folder)) / INDEX
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: no JSON ({error}); pack the weights again") from None


def read_cards(folder: str | Path | None = None) -> list[dict]:
    """The cards of everything in the index, in its order."""
    folder = FOLDER if folder is None else Path(folder)
    paths = [folder / f"{name}.json" for name in read_index(folder)]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def read_card(name: str) -> dict | None:
    """The card of shipped weights; None where there is no such name or no card."""
    path = FOLDER / f"{name}.json"
    if name not in read_index() or not path.is_file():
        return None
    return json.loads(path.read_text(encoding="utf-8"))


def find_entry(name: str, folder: str | Path) -> dict:
    """The index entry of a name.

    Raises:
        ValueError: There is no such name.
    """
    index = read_index(folder)
    if name not in index:
        there = ", ".join(index) or "none"
        raise ValueError(f"no weights {name!r}; there are {there}")
    return index[name]


def _checked(path: Path, name: str, expected: str) -> bytes:
    """The content of a file, once its check sum is that of the index."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: missing, though the index lists {name!r}; install segnet again, "
            f"or pack the weights again"
        )
    content = path.read_bytes()
    found = sha256_of_bytes(content)
    if found != expected:
        raise ValueError(
            f"{path}: damaged or exchanged: its sha256 is {found}, the index says "
            f"{expected}; install segnet again, or pack the weights again"
        )
    return content
