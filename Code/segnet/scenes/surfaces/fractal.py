"""Seamless random patterns."""

from functools import lru_cache

import numpy as np

_SEED = 11
_STEP = 0.3


def fractal(rng: np.random.Generator, size: int, beta: float = 1.0, stretch=(1, 1)):
    """Returns cloud-like noise that repeats without a seam.

    Similar patterns are shifted and mirrored copies of one pattern: a Fourier transform
    for each would take half of the time that all textures take.

    Args:
        rng: Source of randomness.
        size: Side of the square in pixels.
        beta: Fall-off of the spectrum: 0 is white noise, 2 is smooth hills.
        stretch: Elongation of features down and across.

    Returns:
        (size, size) float32 with mean 0 and standard deviation 1.
    """
    field = _pattern(size, round(beta / _STEP), tuple(stretch))
    flips = tuple(slice(None, None, int(way)) for way in rng.choice((-1, 1), 2))
    return np.roll(field[flips], rng.integers(0, size, 2), (0, 1))


@lru_cache(maxsize=32)
def _pattern(size: int, steps: int, stretch: tuple) -> np.ndarray:
    rng = np.random.default_rng([_SEED, steps])
    white = np.fft.rfft2(rng.standard_normal((size, size), np.float32))
    down = np.fft.fftfreq(size)[:, None] * stretch[0]
    across = np.fft.rfftfreq(size) * stretch[1]
    radius = np.hypot(down, across).astype(np.float32)
    radius[0, 0] = 1.0
    gain = radius ** np.float32(-_STEP * steps)
    gain[0, 0] = 0.0
    field = np.fft.irfft2(white * gain, s=(size, size))
    return (field / field.std()).astype(np.float32)
