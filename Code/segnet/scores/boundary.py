"""Scores near the borders of classes: boundary IoU and the trimap curve."""

import numpy as np

# Share of the image's diagonal that the band of boundary IoU is wide (Cheng et al.,
# "Boundary IoU", arXiv 2103.16562, section 4).
BAND = 0.02
WIDTHS = (1, 2, 4, 8, 16, 32)


def band_width(size: tuple[int, int]) -> int:
    """Returns the width in pixels of the band of boundary IoU, at least 1."""
    height, width = size
    return max(1, round(BAND * float(np.hypot(height, width))))


def near_border(ids: np.ndarray, width: int, edge: bool = True) -> np.ndarray:
    """Returns which pixels have another id within a square of `width` around them.

    Args:
        ids: (H, W) uint8.
        width: Pixels to each side, at least 1.
        edge: Whether the edge of the image counts as a border.

    Returns:
        (H, W) bool.
    """
    low = high = np.pad(ids, width, mode="edge")  # (H + 2 width, W + 2 width)
    for axis in (0, 1):
        low, high = (
            _running(low, width, axis, np.minimum),
            _running(high, width, axis, np.maximum),
        )
    found = low != high  # (H, W)
    if edge:
        for side in (slice(None, width), slice(-width, None)):
            found[side] = True
            found[:, side] = True
    return found


def _running(values: np.ndarray, width: int, axis: int, least: np.ufunc) -> np.ndarray:
    """Returns the least (or largest) of 2 * width + 1 neighbours along an axis."""
    window, reach = 2 * width + 1, 1
    values = np.moveaxis(values, axis, 0)
    length = len(values) - window + 1
    while 2 * reach <= window:
        values = least(values[:-reach], values[reach:])
        reach *= 2
    rest = window - reach
    values = least(values[:length], values[rest : rest + length])
    return np.moveaxis(values, 0, axis)


def boundary_counts(
    labels: np.ndarray, predictions: np.ndarray, num_classes: int, void: int = 255
) -> np.ndarray:
    """Returns the intersection and the union of each class's inner boundary band.

    The band of a class are its pixels within `band_width` of another class, of void or
    of the edge of the image, in the ground truth and in the prediction each by itself.
    Pixels that are void in the ground truth are not counted.

    Args:
        labels: (H, W) uint8 class ids or void.
        predictions: (H, W) uint8 class ids.
        num_classes: K.
        void: The void id.

    Returns:
        (2, K) int64: pixels of the intersection and of the union.

    Raises:
        ValueError: The shapes differ.
    """
    if labels.shape != predictions.shape:
        raise ValueError(
            f"labels {labels.shape} and predictions {predictions.shape} must have one "
            f"shape"
        )
    width = band_width(labels.shape)
    valid = labels != void
    truth = valid & near_border(labels, width)
    guess = valid & near_border(predictions, width)
    counts = np.zeros((2, num_classes), np.int64)
    both = truth & guess & (labels == predictions)
    counts[0] = np.bincount(labels[both], minlength=num_classes)[:num_classes]
    counts[1] = (
        np.bincount(labels[truth], minlength=num_classes)[:num_classes]
        + np.bincount(predictions[guess], minlength=num_classes)[:num_classes]
        - counts[0]
    )
    return counts


def trimap_counts(
    labels: np.ndarray,
    predictions: np.ndarray,
    void: int = 255,
    widths: tuple[int, ...] = WIDTHS,
) -> np.ndarray:
    """Returns how many pixels near a border are right, for each width of the band.

    Kohli, Ladicky and Torr, "Robust Higher Order Potentials", 2009, section 5. A border
    is where two classes of the ground truth meet; the edge of the image is none.

    Args:
        labels: (H, W) uint8 class ids or void.
        predictions: (H, W) uint8 class ids.
        void: The void id.
        widths: Pixels to each side of the border.

    Returns:
        (len(widths), 2) int64: pixels that are right, and all pixels.
    """
    valid, right = labels != void, labels == predictions
    rows = []
    for width in widths:
        band = valid & near_border(labels, width, edge=False)
        rows.append((np.count_nonzero(band & right), np.count_nonzero(band)))
    return np.array(rows, np.int64)
