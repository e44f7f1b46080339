"""Camera noise: a Gaussian on every value, from one table.

The table is the same everywhere and a frame only says where in it its noise begins, so
a batch is the same function of seed, epoch and number on the workers as on an
accelerator (`segnet.train.device_warp`).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

SIDE = 512


@dataclass(frozen=True)
class Noise:
    """The noise of one frame.

    Args:
        deviation: Of the Gaussian, in the units of uint8 values.
        row: Where the frame begins in the table, 0 to `SIDE` - 1.
        column: The same.
    """

    deviation: float
    row: int
    column: int


def draw_noise(rng: np.random.Generator, most: float) -> Noise | None:
    """Returns the noise of a frame: none for half of them, else up to `most`."""
    if rng.random() < 0.5:
        return None
    row, column = rng.integers(SIDE, size=2).tolist()
    return Noise(rng.uniform(0, most), row, column)


@cache
def noise_table() -> np.ndarray:
    """(SIDE, SIDE, 3) float32 of deviation 1; its edges meet."""
    rng = np.random.default_rng(0)
    table = rng.standard_normal((SIDE, SIDE, 3), np.float32)
    table.setflags(write=False)
    return table


def add_noise(image: np.ndarray, noise: Noise) -> np.ndarray:
    """Returns the noisy image.

    Args:
        image: (H, W, 3) uint8.
        noise: How much, and which.

    Returns:
        (H, W, 3) uint8, rounded and clipped.
    """
    height, width = image.shape[:2]
    rows = (noise.row + np.arange(height)) % SIDE
    columns = (noise.column + np.arange(width)) % SIDE
    values = noise_table()[rows[:, None], columns]
    values = np.float32(noise.deviation) * values + image
    return np.rint(values).clip(0, 255).astype(np.uint8)
