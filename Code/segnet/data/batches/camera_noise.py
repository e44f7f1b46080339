"""Camera noise: Gaussian noise on every value, from one table.

The table is the same everywhere, and a frame only has a random place in it where its
noise begins, so a batch is the same function of seed, epoch and index on the CPU as on
an accelerator (`segnet.train.device_warp`).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

SIDE = 512


@dataclass(frozen=True)
class Noise:
    """The noise of one frame.

    Args:
        deviation: Standard deviation, in the units of uint8 values.
        row: Row of the table where the frame begins, 0 to `SIDE` - 1.
        column: Column of the table, likewise.
    """

    deviation: float
    row: int
    column: int


def draw_noise(rng: np.random.Generator, largest: float) -> Noise | None:
    """Returns the noise of a frame: None for half of them.

    Args:
        rng: Decides.
        largest: The deviation is uniform from 0 to this.
    """
    if rng.random() < 0.5:
        return None
    row, column = rng.integers(SIDE, size=2).tolist()
    return Noise(rng.uniform(0, largest), row, column)


@cache
def noise_table() -> np.ndarray:
    """Returns (SIDE, SIDE, 3) float32 of deviation 1, read-only; its edges meet."""
    rng = np.random.default_rng(0)
    table = rng.standard_normal((SIDE, SIDE, 3), np.float32)
    table.setflags(write=False)
    return table


def add_noise(image: np.ndarray, noise: Noise) -> np.ndarray:
    """Returns the noisy image.

    Args:
        image: (H, W, 3) uint8.
        noise: Its deviation, and its place in the table.

    Returns:
        (H, W, 3) uint8, rounded and clipped.
    """
    height, width = image.shape[:2]
    rows = (noise.row + np.arange(height)) % SIDE
    columns = (noise.column + np.arange(width)) % SIDE
    values = noise_table()[rows[:, None], columns]  # (H, W, 3)
    values = np.float32(noise.deviation) * values + image
    return np.rint(values).clip(0, 255).astype(np.uint8)
