"""Finds the values and colours in masks, as a table of classes to edit."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet.classes.colours import Colour
from segnet.data.folder import MASK_SUFFIXES
from segnet.data.images import read_mask
from segnet.data.listing import visible
from segnet.data.masks.pixels import grey_values, without_alpha

MOST = 255


@dataclass(frozen=True)
class Found:
    """One value or colour in masks.

    Args:
        share: Of all pixels, 0 to 1.
        value: In grey masks, or the index in masks with a palette.
        colour: In coloured masks, or the palette's.
    """

    share: float
    value: int | None = None
    colour: Colour | None = None

    @property
    def name(self) -> str:
        """A name for the class until the user gives one."""
        if self.value is not None:
            return f"value {self.value}"
        return f"colour {' '.join(map(str, self.colour or ()))}"


def find_classes(root: Path, mask_suffix: str = "") -> list[Found]:
    """Returns what the masks below a folder hold, values before colours, sorted.

    Args:
        root: The folder, or one mask.
        mask_suffix: What the names of masks end with, where images are beside them.

    Raises:
        FileNotFoundError: There is no mask.
        ValueError: A file is no mask, or there are more than 255 colours.
    """
    paths = [root] if root.is_file() else _masks(root, mask_suffix)
    if not paths:
        raise FileNotFoundError(
            f"{root}: no mask in it; their names end with "
            f"{', '.join(f'{mask_suffix}{kind}' for kind in MASK_SUFFIXES)}"
        )
    counts: Counter[tuple] = Counter()
    for path in paths:
        counts.update(_counts(path))
        if len(counts) > MOST:
            raise ValueError(
                f"{path}: more than {MOST} colours or values up to here; are these "
                f"masks? Resizing and JPEG invent colours"
            )
    total = counts.total()
    return [
        Found(counts[key] / total, *key)
        for key in sorted(counts, key=lambda key: (key[0] is None, key))
    ]


def _masks(root: Path, end: str) -> list[Path]:
    return [
        path
        for path in visible(root, "**/*")
        if path.suffix.lower() in MASK_SUFFIXES and path.stem.endswith(end)
    ]


def _counts(path: Path) -> Counter[tuple]:
    """Returns (value, colour) -> pixels of one mask."""
    image = without_alpha(read_mask(path), path)
    if image.mode == "RGB":
        colours = np.asarray(image).reshape(-1, 3).astype(np.uint32)
        packed = colours[:, 0] << 16 | colours[:, 1] << 8 | colours[:, 2]
        keys, pixels = np.unique(packed, return_counts=True)
        pairs = zip(keys.tolist(), pixels.tolist(), strict=True)
        return Counter({(None, (k >> 16, k >> 8 & 255, k & 255)): n for k, n in pairs})
    palette: Sequence[int] = ()
    if image.mode == "P":
        palette = image.getpalette("RGB") or ()
        values = np.asarray(image)
    else:
        values = grey_values(image, path)
    keys, pixels = np.unique(values, return_counts=True)
    found: Counter[tuple] = Counter()
    for value, count in zip(keys.tolist(), pixels.tolist(), strict=True):
        colour = tuple(palette[3 * value : 3 * value + 3]) or None
        found[value, colour] = count
    return found


def to_json(found: Sequence[Found]) -> str:
    """Returns the table as JSON that `segnet.classes.reading` reads, a row a line."""
    rows = []
    for one in found:
        row: dict = {"name": one.name}
        if one.value is not None:
            row["value"] = one.value
        if one.colour is not None:
            row["colour"] = list(one.colour)
        rows.append(json.dumps(row | {"share": round(one.share, 6)}))
    return '{"classes": [\n  ' + ",\n  ".join(rows) + "\n]}\n"
