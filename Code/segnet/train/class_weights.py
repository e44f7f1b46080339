"""The weight of each class in the loss, from its frequency in the training frames."""

import math

import numpy as np

from segnet.data.store import LabelledFrames, class_counts
from segnet.losses import enet_weights, median_frequency_weights


def class_weights(
    split: LabelledFrames,
    rule: str,
    cap: float,
    extra: LabelledFrames | None = None,
    share: float = 0.0,
) -> np.ndarray | None:
    """Returns the loss weights (K,) that a rule gives for a split, None for "none".

    Args:
        split: Usually the training split.
        rule: "none", "median" or "enet".
        cap: No weight above this.
        extra: A second split in the same batches. It counts for the classes that are
            missing in the first, which would have no weight otherwise.
        share: Share of each batch that comes from the second split, 0 to 1.
    """
    if rule == "none":
        return None
    pixels, frames = _counts(split, extra, share) if extra else class_counts(split)
    if rule == "median":
        return median_frequency_weights(pixels, frames, cap)
    return enet_weights(pixels, cap=cap)


def _counts(
    split: LabelledFrames, extra: LabelledFrames, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """As `class_counts`, over all of the first split and its share of `extra`."""
    own = class_counts(split)
    lacking = own[0] == 0  # (K,)
    if not lacking.any():
        return own
    other = class_counts(extra)
    times = share / (1 - share) * len(split) / len(extra)
    area = math.prod(split.size) / math.prod(extra.size)
    pixels = np.where(lacking, times * area * other[0], own[0])
    return pixels, np.where(lacking, times * other[1], own[1])
