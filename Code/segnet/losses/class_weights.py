"""The rules that weight classes by how often they occur."""

from collections.abc import Sequence

import numpy as np

Counts = Sequence[int] | np.ndarray


def median_frequency_weights(
    pixels: Counts, frames: Counts, cap: float | None = None
) -> np.ndarray:
    """Returns class weights by median frequency balancing, (K,) float64.

    The frequency of a class is its pixels divided by all pixels of the frames that
    hold it; the weight is the median of all frequencies divided by it. A class that
    does not occur has weight 0.

    Args:
        pixels: Pixels of each class, (K,).
        frames: Number of frames that hold each class, (K,); all frames of one size.
        cap: No weight above this.

    Raises:
        ValueError: The shapes differ, or no class occurs.

    Source: Eigen and Fergus, "Predicting Depth, Surface Normals and Semantic Labels
    with a Common Multi-Scale Convolutional Architecture", 2015, section 6.3.2.
    """
    counts, holding = np.asarray(pixels, np.float64), np.asarray(frames, np.float64)
    present = _present(counts, holding)
    frequencies = counts[present] / holding[present]
    return _spread(np.median(frequencies) / frequencies, present, cap)


def enet_weights(
    pixels: Counts, c: float = 1.02, cap: float | None = None
) -> np.ndarray:
    """Returns class weights 1 / ln(c + share of the class), (K,) float64.

    A class that does not occur has weight 0.

    Args:
        pixels: Pixels of each class, (K,).
        c: Above 1; with 1.02 no weight is above 50.5.
        cap: No weight above this.

    Raises:
        ValueError: `c` is not above 1, or no class occurs.

    Source: Paszke et al., "ENet: A Deep Neural Network Architecture for Real-Time
    Semantic Segmentation", 2016, section 5.2.
    """
    if c <= 1:
        raise ValueError(f"c must be above 1, got {c}")
    counts = np.asarray(pixels, np.float64)
    present = _present(counts, counts)
    return _spread(1 / np.log(c + counts[present] / counts.sum()), present, cap)


def _present(pixels: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Returns whether each class occurs, (K,) bool."""
    if pixels.shape != frames.shape or pixels.ndim != 1:
        raise ValueError(
            f"pixels {pixels.shape} and frames {frames.shape} must both be (K,)"
        )
    present = (pixels > 0) & (frames > 0)
    if not present.any():
        raise ValueError("no class occurs in these frames, so none can be weighted")
    return present


def _spread(weights: np.ndarray, present: np.ndarray, cap: float | None) -> np.ndarray:
    """Returns the weights of the present classes at their places, 0 elsewhere."""
    spread = np.zeros(present.shape)
    spread[present] = weights
    return spread if cap is None else np.minimum(spread, cap)
