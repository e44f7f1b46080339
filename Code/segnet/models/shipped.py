"""Shipped weights by name: their index, their cards and the checksums of their files.

A folder of weights holds `index.json` and, for each name, three files that
`segnet pack` writes: the arrays `<name>.npz` (`segnet.models.weight_file`), the card
`<name>.json` for programs and the same card `<name>.md` for people.
"""

import json
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.system.checksums import sha256_of_bytes

if TYPE_CHECKING:
    import keras

# Keras is imported where a network is built: names and cards are found without it.

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
    name: str, size: tuple[int, int] | None = None, folder: str | Path | None = None
) -> "keras.Model":
    """Returns a network with shipped weights, of stock layers only.

    Args:
        name: A key of the index, for example "slim_camvid11".
        size: (H, W), each at least 64; None for the size of the training frames.
        folder: Where the index is; None for the weights of the package.

    Returns:
        A model from images (B, H, W, 3) uint8 0-255 to logits (B, H, W, K) float32.

    Raises:
        FileNotFoundError: The file of the weights is missing.
        ValueError: No such name or network, a file is not as it was packed, or the
            network cannot have this size.
    """
    folder = FOLDER if folder is None else Path(folder)
    entry = find_entry(name, folder)
    return _build(folder / entry["file"], entry, folder / INDEX, name, size)


def build_packed(
    path: str | Path, size: tuple[int, int] | None = None
) -> "keras.Model":
    """Returns the network of a file that `segnet pack` wrote, by the card beside it.

    Args:
        path: The `.npz`.
        size: As for `build_shipped`.

    Raises:
        FileNotFoundError: The file or its card is missing.
        ValueError: As for `build_shipped`.
    """
    path = Path(path)
    card = read_card_of(path)
    return _build(path, card, path.with_suffix(".json"), path.stem, size)


def _build(
    path: Path, entry: dict, where: Path, name: str, size: tuple[int, int] | None
) -> "keras.Model":
    """Returns the network of a file that an entry, read from `where`, describes."""
    from segnet.models.builders import MODELS
    from segnet.models.weight_file import read_weights

    content = _checked(path, where, entry["sha256"])
    build = MODELS.get(entry["network"])
    if build is None:
        raise ValueError(
            f"{where}: {name} is of the network {entry['network']!r}, and "
            f"this segnet has {', '.join(sorted(MODELS))}"
        )
    shape = (*(entry["size"] if size is None else size), 3)
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


def read_card_of(path: Path) -> dict:
    """Returns the card beside a file that `segnet pack` wrote.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is damaged.
    """
    card = path.with_suffix(".json")
    if not card.is_file():
        raise FileNotFoundError(
            f"{path}: weights without their card; put {card.name}, which `segnet pack` "
            f"wrote too, beside them"
        )
    return _read_card(card)


def check_name(name: str) -> None:
    """Refuses a name that no weights can have.

    Raises:
        ValueError: It is no identifier, or the name of another file of the folder.
    """
    if not name.isidentifier() or name.lower() in (Path(INDEX).stem, "recipes"):
        raise ValueError(
            f"name is {name!r}, expected letters, digits and underscores, no digit "
            f"first, and not 'index' or 'recipes', such as slim_camvid11"
        )


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


def _checked(path: Path, where: Path, expected: str) -> bytes:
    """The content of a file whose checksum is the one in `where`."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing, though {where} lists it; {REPACK}")
    content = path.read_bytes()
    found = sha256_of_bytes(content)
    if found != expected:
        raise ValueError(
            f"{path}: damaged or exchanged: its sha256 is {found}, {where} says "
            f"{expected}; {REPACK}"
        )
    return content
