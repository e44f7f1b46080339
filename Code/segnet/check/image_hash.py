"""Perceptual hashes: the hashes of similar pictures differ in few bits.

The hash is the difference hash: shrink the grey picture to a small grid and note for
each cell whether it is brighter than its left and than its upper neighbour. Size,
JPEG and brightness hardly change it; unrelated pictures agree on half of the bits.
Source: N. Krawetz, Kind of Like That, The Hacker Factor Blog, 2013.
"""

import numpy as np
from PIL import Image

GRID = 16
BITS = 2 * GRID * GRID

# Chosen on videos, see docs/data.md: pictures of other places differ in more bits,
# neighbouring frames in fewer. Label maps have few edges, hence fewer bits.
IMAGE_DISTANCE = BITS // 4
LABEL_DISTANCE = BITS // 16

PAIRS_AT_A_TIME = 1 << 22


def difference_hash(picture: np.ndarray | Image.Image) -> np.ndarray:
    """Returns the hash of a picture, (BITS / 8,) uint8.

    Args:
        picture: (H, W, 3) RGB or (H, W) grey uint8, or such a Pillow image.
    """
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    grey = picture.convert("L")
    along = _cells(grey, GRID + 1, GRID)
    down = _cells(grey, GRID, GRID + 1)
    brighter = (along[:, 1:] > along[:, :-1], down[1:] > down[:-1])
    return np.packbits(np.concatenate([part.ravel() for part in brighter]))


def distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns the numbers of bits in which hashes differ, (N, M) uint16.

    Args:
        left: (N, BITS / 8) uint8.
        right: (M, BITS / 8) uint8.
    """
    left, right = _words(left), _words(right)
    total = np.zeros((len(left), len(right)), np.uint16)
    for word in range(left.shape[1]):
        total += np.bitwise_count(left[:, word, None] ^ right[None, :, word])
    return total


def nearest(
    queries: np.ndarray, references: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the reference nearest to each query, and its distance in bits.

    Args:
        queries: (N, BITS / 8) uint8.
        references: (M, BITS / 8) uint8, M at least 1.

    Returns:
        (N,) indices into the references, the first of equally near ones, and (N,)
        distances.
    """
    rows = max(1, PAIRS_AT_A_TIME // len(references))
    found = np.zeros(len(queries), np.int64)
    bits = np.zeros(len(queries), np.int64)
    for start in range(0, len(queries), rows):
        block = distances(queries[start : start + rows], references)
        best = block.argmin(1)
        found[start : start + rows] = best
        bits[start : start + rows] = block[np.arange(len(block)), best]
    return found, bits


def has_structure(hashes: np.ndarray, distance: int) -> np.ndarray:
    """Returns whether pictures have enough edges for a small distance to mean much.

    A label map of one class has no edges and would look like every other such map.

    Args:
        hashes: (N, BITS / 8) uint8.
        distance: The distance up to which two pictures count as alike.
    """
    return np.bitwise_count(_words(hashes)).sum(1, dtype=np.int64) > 2 * distance


def _cells(grey: Image.Image, width: int, height: int) -> np.ndarray:
    return np.asarray(grey.resize((width, height), Image.Resampling.BOX))


def _words(hashes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(hashes, np.uint8).reshape(-1, BITS // 8).view(np.uint64)
