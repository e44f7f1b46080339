"""Lookup of the texel and distance of every pixel in a map of faces."""

import numpy as np

from segnet.scenes.paint.stage import Stage
from segnet.scenes.surfaces.atlas import LEVELS, SIDE

_FAR = 1 / 2500.0
_OUTERMOST = 2.0**30


def look_up(stage: Stage, faces, coefficients, texture):
    """Returns 1 / distance (H, W) and the texels (H, W, 4) uint8.

    Args:
        stage: Holds the textures.
        faces: (H, W) intp, rows of `coefficients` and `texture`.
        coefficients: (N, 3, 3) float32, as returned by `View.inverse`.
        texture: (N,) int, texture numbers in the atlas.
    """
    height, width = faces.shape
    x = np.arange(width, dtype=np.float32)[None]
    y = np.arange(height, dtype=np.float32)[:, None]
    planes = []
    for row in range(3):
        a, b, c = (np.ascontiguousarray(coefficients[:, row, k]) for k in range(3))
        plane = a.take(faces, mode="clip")
        plane *= x
        across = b.take(faces, mode="clip")
        across *= y
        plane += across
        plane += c.take(faces, mode="clip")
        planes.append(plane)
    u, v, inverse = planes
    np.clip(inverse, _FAR, 2.0, out=inverse)
    level = _levels(inverse, coefficients, faces)
    start = stage.starts[texture]
    index = start.ravel().take(faces * LEVELS + level, mode="clip")
    np.divide(u, inverse, out=u)
    np.divide(v, inverse, out=v)
    u += _jitter(height, width)
    v += _jitter(height, width)[::-1, ::-1]
    # A face seen edge-on has very large texel coordinates, which integers must hold.
    np.clip(u, -_OUTERMOST, _OUTERMOST, out=u)
    np.clip(v, -_OUTERMOST, _OUTERMOST, out=v)
    last = (SIDE - 1) >> level
    down = (v.astype(np.int32) >> level) & last
    index += down << (LEVELS - 1 - level)
    index += (u.astype(np.int32) >> level) & last
    texels = stage.texels.take(index, mode="clip")
    return inverse, texels.view(np.uint8).reshape(height, width, 4)


def _levels(inverse: np.ndarray, coefficients, faces) -> np.ndarray:
    """Returns the level whose texels are about as large as the pixels."""
    scale = np.abs(np.linalg.det(coefficients.astype(np.float64)))
    # log2 of a positive float32, good to a tenth: its bits, read as an integer.
    bits = inverse.view(np.int32).astype(np.float32)
    bits *= -1.5 / (1 << 23)
    base = 0.5 * np.log2(np.maximum(scale, 1e-30)) + 1.5 * 127 - 0.1
    bits += base.astype(np.float32).take(faces, mode="clip")
    np.clip(bits, 0, LEVELS - 1, out=bits)
    return bits.astype(np.int32)


_JITTERS: dict[tuple[int, int], np.ndarray] = {}


def _jitter(height: int, width: int) -> np.ndarray:
    """Returns fixed offsets of at most a quarter texel, which hide texel borders."""
    key = (height, width)
    if key not in _JITTERS:
        rng = np.random.default_rng(height * width)
        _JITTERS[key] = rng.uniform(0.25, 0.75, key).astype(np.float32)
    return _JITTERS[key]
