"""Cut-mix: a rectangle of another frame of the batch, at its own place.

The place is kept because a road scene has an above and a below: sky stays at the top,
road at the bottom.

Source: Yun et al., CutMix (2019), sections 3.1 and 3.2. Deviations: the area is at
most half of the frame, and labels are cut as the image is, nothing is blended.
"""

import numpy as np

LARGEST = 0.5


def draw_patches(
    count: int, size: tuple[int, int], share: float, rng: np.random.Generator
) -> np.ndarray:
    """Returns which rectangle of each frame of a batch is replaced.

    Args:
        count: B.
        size: (H, W) of the frames.
        share: How many of the frames get a rectangle, 0 to 1.
        rng: Decides; it is left as it was where `share` is 0.

    Returns:
        (B, 4) int32: top, left, bottom, right; all 0 where nothing is replaced.
        The area is uniform up to half of the frame, the shape that of the frame.
    """
    patches = np.zeros((count, 4), np.int32)
    if not share:
        return patches
    for patch in patches:
        if rng.random() >= share:
            continue
        side = np.sqrt(rng.uniform(0, LARGEST))
        extent = np.maximum(1, np.round(np.multiply(size, side))).astype(int)
        corner = rng.integers(np.subtract(size, extent) + 1)
        patch[:] = *corner, *(corner + extent)
    return patches


def paste(images: np.ndarray, labels: np.ndarray, patches: np.ndarray) -> None:
    """Replaces the rectangle of each frame by that of the next one, in place.

    Args:
        images: (B, H, W, 3).
        labels: (B, H, W).
        patches: (B, 4) as `draw_patches` gives them; the last frame takes from the
            first.
    """
    for batch in (images, labels):
        pieces = [
            batch[(frame + 1) % len(batch), top:bottom, left:right].copy()
            for frame, (top, left, bottom, right) in enumerate(patches)
        ]
        for frame, (top, left, bottom, right) in enumerate(patches):
            batch[frame, top:bottom, left:right] = pieces[frame]
