"""Rare classes: in which frames they occur, and where.

A pole or a bicyclist fills one pixel in a hundred and occurs in few frames. Frames that
hold rare classes can be drawn more often, and windows placed so that they hold them.
"""

import numpy as np


def class_probabilities(counts: np.ndarray) -> np.ndarray:
    """Returns how likely a window is placed on each class, frame by frame.

    Among the classes of a frame the probability is inverse to the pixels of the class
    in all frames.

    Args:
        counts: Pixels of each class in each frame, (N, K).

    Returns:
        (N, K) float64; each row sums to 1, or to 0 where a frame is all void.
    """
    weights = (counts > 0) / np.maximum(counts.sum(0), 1)  # (N, K)
    return weights / np.maximum(weights.sum(1, keepdims=True), np.finfo(float).tiny)


def frame_probabilities(counts: np.ndarray, balance: float) -> np.ndarray:
    """Returns how often each frame is drawn beside the others.

    The probability of a frame follows its rarest class: 1 / f ** balance, where f is
    the share of the frames that hold the class.

    Source: repeat factors of Gupta et al., LVIS (2019), section 5, with every class
    below the threshold; `balance` 0.5 is their square root.

    Args:
        counts: Pixels of each class in each frame, (N, K).
        balance: 0 (all frames equally often) to 1 (the strongest preference).

    Returns:
        (N,) float64 that sums to 1.
    """
    held = counts > 0  # (N, K)
    share = np.maximum(held.mean(0), 1 / len(counts))  # (K,)
    weights = np.where(held, share**-balance, 1.0).max(1)  # (N,)
    return weights / weights.sum()


def sample_pixel(
    labels: np.ndarray, probabilities: np.ndarray, rng: np.random.Generator
) -> tuple[int, int] | None:
    """Returns row and column of a random pixel of a random class.

    Args:
        labels: (H, W) uint8 class ids.
        probabilities: (K,) of the classes, as `class_probabilities` gives them.
        rng: Decides.

    Returns:
        None where the frame holds no class, or not the drawn one.
    """
    if not probabilities.any():
        return None
    drawn = rng.choice(len(probabilities), p=probabilities)
    pixels = np.flatnonzero(labels == drawn)
    if not pixels.size:
        return None
    row, column = divmod(int(rng.choice(pixels)), labels.shape[1])
    return row, column
