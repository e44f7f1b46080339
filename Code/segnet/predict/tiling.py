"""Images that are too large for a network at once, seen in overlapping tiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from segnet.predict import sizes
from segnet.predict.engine import Engine
from segnet.predict.enlarging import Answer, Axis, axis, enlarge

TILE, OVERLAP, ALIGNED = 1024, 128, 32


@dataclass(frozen=True)
class Span:
    """A tile along one axis.

    Args:
        start, stop: What the network sees.
        first, last: What it answers for, from `first` to before `last`.
    """

    start: int
    stop: int
    first: int
    last: int


def spans(side: int) -> Iterator[Span]:
    """Yields the tiles along an axis.

    All have one length, so that the network is built once. Their cores cover the axis
    without overlap; around a core the network sees at least 128 pixels more, or the
    border. They start at multiples of 32, so that a network's strides fall as in the
    whole image, but for the last, which ends at the border.
    """
    length, first = min(side, TILE), 0
    while first < side:
        start = max(0, first - OVERLAP) // ALIGNED * ALIGNED
        if start + length >= side:
            start, last = side - length, side
        else:
            last = start + length - OVERLAP
        yield Span(start, start + length, first, last)
        first = last


def too_large(size: tuple[int, int]) -> bool:
    """Returns whether an image of (h, w) `size` is seen in tiles."""
    return size[0] * size[1] > sizes.MOST_PIXELS


def seen_size(size: tuple[int, int]) -> tuple[int, int]:
    """Returns the (h, w) of a tile of an image of (h, w) `size`."""
    return min(size[0], TILE), min(size[1], TILE)


def answer_in_tiles(
    engine: Engine, pixels: np.ndarray, size: tuple[int, int], confidence: bool
) -> Answer:
    """Returns the ids, and the confidence if wanted, at (H, W) `size`.

    Where a pixel's receptive field lies within its tile, the answer is that of the
    whole image. A context over the whole image becomes one over the tile.

    Args:
        engine: The network.
        pixels: (h, w, 3) uint8, as the network is to see it.
        size: (H, W) of the photograph.
        confidence: Whether that is wanted.
    """
    ids = np.empty(size, np.uint8)
    sure = np.empty(size, np.uint8) if confidence else None
    for rows, columns in product(*map(spans, pixels.shape[:2])):
        seen = pixels[rows.start : rows.stop, columns.start : columns.stop]
        answer = engine(seen[None]).frame(0)
        height, width = answer.size
        down, lines = _core(rows, pixels.shape[0], size[0], height)
        across, places = _core(columns, pixels.shape[1], size[1], width)
        ids[lines, places], found = enlarge(answer, down, across, confidence)
        if found is None:
            sure = None
        else:
            sure[lines, places] = found
    return Answer(ids=ids, confidence=sure)


def _core(span: Span, side: int, own: int, count: int) -> tuple[Axis, slice]:
    """Returns the photograph's positions in a tile's core, and which they are.

    Args:
        span: The tile along an axis.
        side: The axis as the network sees it.
        own: The axis of the photograph.
        count: Values that the network gives for the tile.
    """
    centres = (np.arange(own) + 0.5) * (side / own)
    first, last = np.searchsorted(centres, (span.first, span.last))
    inside = (centres[first:last] - span.start) * (count / (span.stop - span.start))
    return axis(count, inside), slice(int(first), int(last))
