"""Cut-mix: a rectangle of another frame of the batch, at its own place.

The place is kept because a road scene has an above and a below: sky stays at the top,
road at the bottom.

Source: Yun et al., CutMix (2019), sections 3.1 and 3.2. Deviations: the area is at
most half of the frame, and labels are cut as the image is, nothing is blended.
"""

import math
from collections.abc import Sequence

import numpy as np

LARGEST_AREA = 0.5

# Top, left, bottom, right; all 0 where nothing is replaced.
Patch = tuple[int, int, int, int]
NO_PATCH: Patch = (0, 0, 0, 0)


def draw_patch(size: tuple[int, int], share: float, rng: np.random.Generator) -> Patch:
    """Returns which rectangle of a frame is replaced.

    Args:
        size: (H, W) of the frame.
        share: How many of the frames get a rectangle, 0 to 1.
        rng: Decides; it is left as it was where `share` is 0.

    Returns:
        The area is uniform up to half of the frame, the shape that of the frame.
    """
    if not share or rng.random() >= share:
        return NO_PATCH
    side = math.sqrt(rng.uniform(0, LARGEST_AREA))
    height, width = (max(1, round(length * side)) for length in size)
    top = int(rng.integers(size[0] - height + 1))
    left = int(rng.integers(size[1] - width + 1))
    return top, left, top + height, left + width


def paste(images: np.ndarray, labels: np.ndarray, patches: Sequence[Patch]) -> None:
    """Replaces the rectangle of each frame by that of the next one, in place.

    The last frame takes from the first.

    Args:
        images: (B, H, W, 3).
        labels: (B, H, W).
        patches: B of them.
    """
    for batch in (images, labels):
        pieces = [
            batch[(frame + 1) % len(batch), top:bottom, left:right].copy()
            for frame, (top, left, bottom, right) in enumerate(patches)
        ]
        for frame, (top, left, bottom, right) in enumerate(patches):
            batch[frame, top:bottom, left:right] = pieces[frame]  # (h, w[, 3])
