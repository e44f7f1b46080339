"""What a class weighs in the loss, by how often the training frames show it."""

import math

import numpy as np

from segnet.data.store import Split, class_counts
from segnet.losses import enet_weights, median_frequency_weights


def class_weights(
    split: Split, rule: str, cap: float, extra: Split | None = None, share: float = 0.0
) -> np.ndarray | None:
    """Returns the loss weights (K,) that a rule gives for a split, None for "none".

    Args:
        split: Usually the training split.
        rule: "none", "median" or "enet".
        cap: No weight above this.
        extra: A second split in the same batches. It counts for the classes that the
            first has not, which would weigh nothing otherwise.
        share: Of each batch, what is of the second split.
    """
    if rule == "none":
        return None
    pixels, frames = _counts(split, extra, share) if extra else class_counts(split)
    if rule == "median":
        return median_frequency_weights(pixels, frames, cap)
    return enet_weights(pixels, cap=cap)


def _counts(split: Split, extra: Split, share: float) -> tuple[np.ndarray, np.ndarray]:
    """As `class_counts`, while all of the first split and its part of `extra` pass."""
    own = class_counts(split)
    lacking = own[0] == 0
    if not lacking.any():
        # Thousands of frames need not be read for nothing.
        return own
    other = class_counts(extra)
    times = share / (1 - share) * len(split) / len(extra)
    area = math.prod(split.size) / math.prod(extra.size)
    pixels = np.where(lacking, times * area * other[0], own[0])
    return pixels, np.where(lacking, times * other[1], own[1])
