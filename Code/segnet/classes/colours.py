"""Colours of label images: what a colour is, and a fast look-up of all pixels."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

Colour = tuple[int, int, int]
ColourTable = Mapping[Colour, int]

VOID_COLOUR = (0, 0, 0)

# Rows at a time: fresh memory for a whole image costs more than the look-up itself.
BAND = 16


def check_colour(colour: tuple, where: str) -> None:
    """Raises ValueError unless `colour` is three integers from 0 to 255."""
    plain = len(colour) == 3 and all(type(part) is int for part in colour)
    if not plain or not all(0 <= part <= 255 for part in colour):
        raise ValueError(f"{where}: {colour} is no colour of three integers 0-255")


def look_up(rgb: np.ndarray, table: ColourTable, where: str = "") -> np.ndarray:
    """Returns the id of every pixel's colour.

    Args:
        rgb: (H, W, 3) uint8 colours.
        table: Colour -> id, 0 to 255.
        where: Words for the error message that say which table and file it is.

    Returns:
        (H, W) uint8 ids.

    Raises:
        ValueError: The array is no RGB image, or a colour is not in the table.
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
        raise ValueError(_unknown_colour(np.concatenate(unknown), where))
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


def _unknown_colour(keys: np.ndarray, where: str) -> str:
    unknown, counts = np.unique(keys, return_counts=True)
    key, count = int(unknown[counts.argmax()]), int(counts.max())
    others = f" (and {len(unknown) - 1} more colours)" if len(unknown) > 1 else ""
    return (
        f"{where}: colour {(key >> 16, key >> 8 & 255, key & 255)} on {count} pixels "
        f"is not in the table{others}; did you load a depth image, a resized label "
        f"image, or the encoding file of another variation?"
    )
