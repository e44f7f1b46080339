"""Colours of label images: their type, and a fast look-up of all pixels."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

Colour = tuple[int, int, int]
ColourTable = Mapping[Colour, int]

VOID_COLOUR = (0, 0, 0)
# Display colours of void: the first one that no class has.
VOID_COLOURS = VOID_COLOUR, (255, 255, 255), (255, 0, 255), (0, 255, 0), (1, 1, 1)

# Rows per step: fresh memory for a whole image costs more than the look-up itself.
BAND = 16

# A resized label image has as many unknown colours as pixels; errors stay small.
MOST_KEPT = 8


class UnknownColour(ValueError):
    """Pixels of a label image have colours that are not in the table.

    Args:
        where: The table and the file, in words.
        pixels: Number of pixels whose colour is unknown.
        colours: Number of unknown colours, at least 1.
        most: The `MOST_KEPT` most frequent of them, each with its number of pixels,
            the most frequent first.
        hint: What may be wrong.
    """

    def __init__(
        self,
        where: str,
        pixels: int,
        colours: int,
        most: tuple[tuple[Colour, int], ...],
        hint: str = "did you load a depth image, a resized label image, or the "
        "encoding file of another variation?",
    ):
        # All are arguments of the base class, so that the error can be pickled.
        super().__init__(where, pixels, colours, most, hint)
        self.where, self.pixels, self.colours, self.most, self.hint = self.args

    def __str__(self) -> str:
        colour, count = self.most[0]
        others = self.colours - 1
        more = f" (and {others} more colours)" if others else ""
        return (
            f"{self.where}: colour {colour} on {count} pixels is not in the table"
            f"{more}; {self.hint}"
        )


def check_colour(colour: tuple, where: str) -> None:
    """Raises ValueError unless `colour` is three integers from 0 to 255."""
    plain = len(colour) == 3 and all(type(part) is int for part in colour)
    if not plain or not all(0 <= part <= 255 for part in colour):
        raise ValueError(f"{where}: {colour} is not a colour of three integers 0-255")


def look_up(rgb: np.ndarray, table: ColourTable, where: str = "") -> np.ndarray:
    """Returns the id of every pixel's colour.

    Args:
        rgb: (H, W, 3) uint8 colours.
        table: Colour -> id, 0 to 255.
        where: The table and the file in words, for the error message.

    Returns:
        (H, W) uint8 ids.

    Raises:
        UnknownColour: A colour is not in the table; a ValueError.
        ValueError: The array is not an RGB image.
    """
    if rgb.ndim != 3 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8:
        raise ValueError(
            f"{where}: expected (H, W, 3) uint8 colours, got {rgb.dtype} {rgb.shape}"
        )
    codes = _codes(tuple(table.items()))
    ids = np.empty(rgb.shape[:2], np.uint8)
    unknown = []
    for top in range(0, len(rgb), BAND):
        keys = _packed(rgb[top : top + BAND])
        found = codes.take(keys)
        if not found.all():
            unknown.append(keys[found == 0])
        np.subtract(found, 1, out=ids[top : top + BAND], casting="unsafe")
    if unknown:
        raise _unknown_colour(where, np.concatenate(unknown))
    return ids


def _packed(rgb: np.ndarray) -> np.ndarray:
    quads = np.zeros((*rgb.shape[:2], 4), np.uint8)
    for channel in range(3):
        quads[..., 2 - channel] = rgb[..., channel]
    return quads.view("<u4")[..., 0]


@lru_cache(maxsize=8)
def _codes(items: tuple[tuple[Colour, int], ...]) -> np.ndarray:
    # One entry for each of the 2^24 colours: id + 1, and 0 where unknown. Pages that
    # nothing touches take no memory, so a table costs far less than its length.
    codes = np.zeros(1 << 24, np.uint16)
    for (red, green, blue), index in items:
        codes[red << 16 | green << 8 | blue] = index + 1
    return codes


def _unknown_colour(where: str, keys: np.ndarray) -> UnknownColour:
    found, counts = np.unique(keys, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_KEPT]
    pairs = zip(found[order].tolist(), counts[order].tolist(), strict=True)
    most = tuple(((key >> 16, key >> 8 & 255, key & 255), n) for key, n in pairs)
    return UnknownColour(where, len(keys), len(found), most)
