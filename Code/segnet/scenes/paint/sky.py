"""The sky as a panorama: gradient, clouds and the glow around the sun."""

import numpy as np

from segnet.scenes.paint.camera import View
from segnet.scenes.surfaces.fractal import fractal
from segnet.scenes.variations import Look

_WIDE, _HIGH = 4096, 460
_LOWEST, _HIGHEST = -4.0, 36.4
_CLOUD_SEED = 77


def panorama(look: Look) -> np.ndarray:
    """Returns (_HIGH * _WIDE, 4) uint8: 360 degrees, from the zenith to the ground."""
    up = np.deg2rad(np.linspace(_HIGHEST, _LOWEST, _HIGH, dtype=np.float32))[:, None]
    turn = np.linspace(-np.pi, np.pi, _WIDE, endpoint=False, dtype=np.float32)[None]
    climb = np.clip(np.sin(up) * 1.9, 0, 1) ** 0.62
    horizon, zenith = np.array(look.horizon), np.array(look.zenith)
    colour = (horizon + (zenith - horizon) * climb[..., None]).astype(np.float32)
    sky = np.repeat(colour, _WIDE, 1)
    sun_turn, sun_up = np.deg2rad(look.azimuth), np.deg2rad(look.elevation)
    near = np.sin(up) * np.sin(sun_up)
    near = near + np.cos(up) * np.cos(sun_up) * np.cos(turn - sun_turn)
    near = np.clip(near, 0, 1)
    glow = (0.5 * near**9 + 0.7 * near**160)[..., None] * np.array(look.sun, np.float32)
    dense = _clouds(up, turn, look.cover)[..., None]
    lit = np.array(look.cloud, np.float32) * (1.0 - 0.1 * dense**2)
    sky += (lit - sky) * dense * 0.9
    if look.shadow:
        sky += glow * 0.8
    packed = np.zeros((_HIGH * _WIDE, 4), np.uint8)
    packed[:, :3] = (np.clip(sky, 0, 1) * 255).reshape(-1, 3)
    return packed


def _clouds(up, turn, cover: float) -> np.ndarray:
    """Returns the density of clouds in a flat layer seen from below."""
    side = 1024
    layer = fractal(np.random.default_rng(_CLOUD_SEED), side, 1.55)
    far = 1 / (np.sin(np.maximum(up, 0.002)) + 0.05)
    u = (far * np.cos(turn) * 44).astype(np.int32) % side
    v = (far * np.sin(turn) * 44).astype(np.int32) % side
    edge = np.quantile(layer, 1 - cover)
    dense = np.clip((layer - edge) * 1.3, 0, 1)
    return dense[u, v] * np.clip(np.rad2deg(up) / 5, 0, 1)


class Sky:
    """A lookup of the sky behind the pixels of a camera."""

    def __init__(self, view: View):
        (cx, cy), f = view.centre, view.focal
        x = (np.arange(view.width, dtype=np.float32) - cx)[None] / f
        y = (cy - np.arange(view.height, dtype=np.float32))[:, None] / f
        turn = np.rad2deg(np.arctan2(x, 1)) + np.zeros_like(y)
        self._turn = turn.ravel()
        self._up = np.rad2deg(np.arctan2(y, np.hypot(1, x))).ravel()

    def colours(self, scene: np.ndarray, view: View, pixels: np.ndarray) -> np.ndarray:
        """Returns (N, 4) uint8 for the given pixels; the fourth channel is unused.

        Args:
            scene: A `panorama`.
            view: The camera, of the same size as that given to the constructor.
            pixels: (N,) pixel numbers, row by row.
        """
        turn = self._turn.take(pixels) + np.float32(np.rad2deg(view.yaw) + 180)
        up = self._up.take(pixels) + np.float32(np.rad2deg(view.pitch))
        u = (turn * np.float32(_WIDE / 360)).astype(np.int32) & (_WIDE - 1)
        v = ((_HIGHEST - up) * (_HIGH / (_HIGHEST - _LOWEST))).astype(np.int32)
        index = np.clip(v, 0, _HIGH - 1) * _WIDE + u
        return scene.view(np.uint32).ravel().take(index).view(np.uint8).reshape(-1, 4)
