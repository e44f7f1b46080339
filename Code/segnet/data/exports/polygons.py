"""Fills polygons and decodes run lengths, into masks of a frame's size.

Coordinates are continuous: x from 0 at the left edge of a frame to W at its right
edge, y from 0 to H. A pixel belongs to a polygon if its centre lies inside, by the
even-odd rule, so holes are rings inside a ring.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

# Farther out than any image; products of such numbers are still exact enough.
FARTHEST = 1e7
# Crossings of edges and rows: in memory at a time, and of a polygon at most. An
# outline drawn pixel by pixel around all of a large photograph has a few 100,000.
CROSSINGS = 1 << 20
MOST_CROSSINGS = 1 << 24


class Patch(NamedTuple):
    """A mask of a part of a frame.

    Args:
        top: First row in the frame.
        left: First column in the frame.
        mask: (h, w) bool.
    """

    top: int
    left: int
    mask: np.ndarray


def ring(points: Any) -> np.ndarray:
    """Returns the corners (N, 2) float64 of a polygon, x and y.

    Args:
        points: Pairs [x, y], or one flat list x, y, x, y ...

    Raises:
        ValueError: These are no finite numbers, or fewer than three corners.
    """
    try:
        corners = np.asarray(points, np.float64)
    except (TypeError, ValueError, OverflowError):
        corners = np.zeros(1)
    if not (corners.shape[1:] == (2,) or corners.ndim == 1 and corners.size % 2 == 0):
        raise ValueError("its points are no pairs of numbers")
    corners = corners.reshape(-1, 2)
    if len(corners) < 3:
        raise ValueError(f"it has {len(corners)} corners, a polygon has 3 or more")
    if not np.isfinite(corners).all():
        raise ValueError("a coordinate is not finite")
    if np.abs(corners).max() > FARTHEST:
        raise ValueError(f"a coordinate is {np.abs(corners).max():.3g}, far outside")
    return corners


def fill(rings: Sequence[np.ndarray], size: tuple[int, int]) -> Patch:
    """Returns the pixels inside an odd number of rings.

    Args:
        rings: (N, 2) corners each, from `ring`; a polygon and its holes.
        size: (H, W) of the frame; what lies outside is cut off.

    Raises:
        ValueError: No part of the polygon is in the frame, or it has far too many
            edges.
    """
    height, width = size
    corners = np.concatenate(rings)
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    if right < 0 or bottom < 0 or left > width or top > height:
        raise ValueError(
            f"it lies outside the image: x from {left:.6g} to {right:.6g}, y from "
            f"{top:.6g} to {bottom:.6g}, in {width}x{height} pixels (width x height)"
        )
    # Centres of pixels are at halves.
    rows = _clipped(top, bottom, height)
    columns = _clipped(left, right, width)
    shape = rows.stop - rows.start, columns.stop - columns.start
    toggled = np.zeros((shape[0], shape[1] + 1), np.uint8)
    starts = np.concatenate(rings)
    ends = np.concatenate([np.roll(corners, -1, 0) for corners in rings])
    for part in _parts(starts, ends, rows):
        _toggle(toggled, starts[part], ends[part], rows.start, columns)
    inside = np.bitwise_xor.accumulate(toggled, axis=1)[:, :-1].astype(bool)
    return Patch(rows.start, columns.start, inside)


def _clipped(least: float, most: float, length: int) -> range:
    start = min(max(int(np.ceil(least - 0.5)), 0), length)
    stop = min(max(int(np.ceil(most - 0.5)), start), length)
    return range(start, stop)


def _crossed(
    starts: np.ndarray, ends: np.ndarray, rows: range
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first row that each edge crosses, and how many follow."""
    low = np.minimum(starts[:, 1], ends[:, 1])
    high = np.maximum(starts[:, 1], ends[:, 1])
    first, stop = (
        np.clip(np.ceil(y - 0.5), rows.start, rows.stop).astype(np.int64)
        for y in (low, high)
    )
    return first, stop - first


def _parts(starts: np.ndarray, ends: np.ndarray, rows: range) -> list[slice]:
    """Returns slices of the edges that cross about `CROSSINGS` rows together."""
    _, counts = _crossed(starts, ends, rows)
    if counts.sum() > MOST_CROSSINGS:
        raise ValueError(
            f"it has {len(starts)} corners and its edges cross rows of pixels "
            f"{counts.sum()} times, as no drawn polygon does"
        )
    shares = np.cumsum(counts) // CROSSINGS
    cuts = [0, *(np.flatnonzero(np.diff(shares)) + 1).tolist(), len(counts)]
    return [slice(a, b) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]


def _toggle(
    toggled: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    top: int,
    columns: range,
) -> None:
    """Flips, in each row that an edge crosses, the first pixel right of the edge."""
    bottom = top + len(toggled)
    first, counts = _crossed(starts, ends, range(top, bottom))
    edge = np.repeat(np.arange(len(starts)), counts)
    begin = np.repeat(np.cumsum(counts) - counts, counts)
    row = first[edge] + np.arange(len(edge)) - begin
    (x0, y0), (x1, y1) = starts[edge].T, ends[edge].T
    x = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
    column = np.ceil(x - 0.5) - columns.start
    column = np.clip(column, 0, len(columns)).astype(np.int64)
    np.bitwise_xor.at(toggled, (row - top, column), 1)


def run_lengths(counts: Any, size: tuple[int, int]) -> Patch:
    """Returns the mask of COCO's run lengths: background first, column by column.

    pycocotools is not used here: its version 2.0.11 leaves pixels undefined where the
    runs are too short, and sizes of hostile files end the process.

    Args:
        counts: A list of lengths, or its compressed text.
        size: (H, W) of the frame.

    Raises:
        ValueError: The lengths do not add up to the frame.

    Source: `rleFrString` and `rleDecode` of maskApi.c, COCO API 2.0.
    """
    lengths = _uncompressed(counts) if isinstance(counts, str) else _lengths(counts)
    total = size[0] * size[1]
    if sum(lengths) != total or min(lengths, default=0) < 0:
        raise ValueError(
            f"its run lengths add up to {sum(lengths)} pixels, {size[0]}x{size[1]} "
            f"(height x width) are {total}"
        )
    values = np.arange(len(lengths)) % 2 == 1
    mask = np.repeat(values, lengths).reshape(size[1], size[0]).T
    return Patch(0, 0, mask)


def _lengths(counts: Any) -> list[int]:
    if not isinstance(counts, list) or not all(type(n) is int for n in counts):
        raise ValueError("its run lengths are no whole numbers")
    return counts


def _uncompressed(text: str) -> list[int]:
    """Five bits a character from '0' on, the sixth says that more follow."""
    lengths: list[int] = []
    value, shift = 0, 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or shift > 60:
            raise ValueError("its run lengths are no compressed text of COCO")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        # From the fourth on, the difference to the one before the last.
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
        value, shift = 0, 0
    if shift:
        raise ValueError("its compressed run lengths are cut off")
    return lengths
