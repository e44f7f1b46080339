"""Shipped weights by name: their index, their cards and the checksums of their files.

A folder of weights holds `index.json` and, for each name, three files that
`segnet pack` writes: the arrays `<name>.npz` (`segnet.models.weight_file`), the card
`<name>.json` for programs and the same card `<name>.md` for people.
"""

import json
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path

import keras

from segnet.models.weight_file import read_weights
from segnet.system.checksums import sha256_of_bytes

REPACK = "install segnet again, or pack the weights again"
FOLDER = Path(__file__).parents[1] / "weights"
INDEX = "index.json"
# What loading and listing read, and the type of each.
ENTRY = {
    "network": str,
    "num_classes": int,
    "size": list,
    "file": str,
    "sha256": str,
}
CARD = ENTRY | {
    "name": str,
    "class_map": str,
    "class_names": list,
    "training": dict,
    "parameters": int,
    "macs": int,
    "bytes": int,
    "scores": list,
    "scores_without_val": list,
}


def build_shipped(
    name: str,
    builders: Mapping[str, Callable[..., keras.Model]],
    input_shape: tuple[int, int, int] | None = None,
    folder: str | Path | None = None,
) -> keras.Model:
    """Returns a network with shipped weights; see `segnet.models.load`.

    Args:
        name: A key of the index.
        builders: Networks by name.
        input_shape: (H, W, 3); None for the size of the training frames.
        folder: Where the index is; None for the weights of the package.

    Raises:
        FileNotFoundError: The file of the weights is missing.
        ValueError: No such name or network, or a file is not as it was packed.
    """
    folder = FOLDER if folder is None else Path(folder)
    entry = find_entry(name, folder)
    path = folder / entry["file"]
    content = _checked(path, name, entry["sha256"])
    shape = (*entry["size"], 3) if input_shape is None else tuple(input_shape)
    build = builders.get(entry["network"])
    if build is None:
        raise ValueError(
            f"{folder / INDEX}: {name} is of the network {entry['network']!r}, and "
            f"this segnet has {', '.join(sorted(builders))}"
        )
    model = build(input_shape=shape, num_classes=entry["num_classes"])
    read_weights(model, content, path)
    return model


def read_index(folder: str | Path | None = None) -> dict[str, dict]:
    """Returns the index of a folder, empty where the folder has none.

    Args:
        folder: None for the weights of the package.

    Returns:
        Name -> `network`, `num_classes`, `size`, `file` and `sha256`.

    Raises:
        ValueError: The index is damaged.
    """
    path = (FOLDER if folder is None else Path(folder)) / INDEX
    if not path.is_file():
        return {}
    index = _read_object(path)
    for name, entry in index.items():
        _check(entry, ENTRY, f"{path}: {name}")
    return index


def read_cards(folder: str | Path | None = None) -> list[dict]:
    """Returns the cards of all weights in the index, in its order.

    Args:
        folder: None for the weights of the package.

    Raises:
        FileNotFoundError: A card is missing.
        ValueError: The index or a card is damaged.
    """
    folder = FOLDER if folder is None else Path(folder)
    return [_read_card(folder / f"{name}.json") for name in read_index(folder)]


def read_card(name: str) -> dict | None:
    """Returns the card of shipped weights, None where the name or the card is missing.

    Raises:
        ValueError: The index or the card is damaged.
    """
    path = FOLDER / f"{name}.json"
    if name not in read_index() or not path.is_file():
        return None
    return _read_card(path)


def find_entry(name: str, folder: str | Path) -> dict:
    """Returns the index entry of a name.

    Raises:
        ValueError: The index has no such name.
    """
    index = read_index(folder)
    if name not in index:
        known = ", ".join(index) or "none"
        raise ValueError(f"no weights {name!r}; the index has {known}")
    return index[name]


def _read_card(path: Path) -> dict:
    card = _read_object(path)
    _check(card, CARD, str(path))
    return card


def _read_object(path: Path) -> dict:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no JSON ({error}); {REPACK}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path}: no JSON object; {REPACK}")
    return value


def _check(values: object, expected: Mapping[str, type], where: str) -> None:
    """Refuses an entry or a card that `segnet pack` did not write so."""
    for key, kind in expected.items():
        value = values.get(key) if isinstance(values, dict) else None
        if not isinstance(value, kind):
            raise ValueError(
                f"{where}: {key} is {reprlib.repr(value)}, expected of type "
                f"{kind.__name__}; {REPACK}"
            )


def _checked(path: Path, name: str, expected: str) -> bytes:
    """The content of a file whose checksum is that of the index."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: missing, though the index lists {name!r}; {REPACK}"
        )
    content = path.read_bytes()
    found = sha256_of_bytes(content)
    if found != expected:
        raise ValueError(
            f"{path}: damaged or exchanged: its sha256 is {found}, the index says "
            f"{expected}; {REPACK}"
        )
    return content
