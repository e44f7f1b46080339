"""Lighting: turns a painted frame into a photograph with one of the looks."""

import numpy as np
from PIL import Image, ImageFilter

from segnet.scenes.paint.camera import View
from segnet.scenes.paint.raster import Painted
from segnet.scenes.paint.shadows import sun_direction
from segnet.scenes.paint.sky import Sky, panorama
from segnet.scenes.surfaces.atlas import LEAF, NUM_CODES, PLAIN, leaf_directions
from segnet.scenes.surfaces.fractal import fractal
from segnet.scenes.variations import Look

_GROUND_SEED = 5
_GROUND_METRES = 51.2
_GROUND_SIDE = 512


def ground_noise() -> np.ndarray:
    """Returns (2, S, S) float32: brightness of the ground, and gaps in leaves."""
    rng = np.random.default_rng(_GROUND_SEED)
    broad = 1 + 0.045 * fractal(rng, _GROUND_SIDE, 1.5)
    gaps = np.clip(0.75 + 0.8 * fractal(rng, _GROUND_SIDE, 0.85), 0.12, 1)
    return np.stack([broad, gaps]).astype(np.float32)


class Ground:
    """Stains and leaf gaps on the ground, shared by all looks."""

    def __init__(self, noise: np.ndarray, view: View):
        step = _GROUND_METRES / _GROUND_SIDE
        frame = np.zeros((1, 3, 3))
        frame[0, 0, [0, 2]] = np.floor(view.place[[0, 2]] / _GROUND_METRES)
        frame[0, 0] *= _GROUND_METRES
        frame[0, 1, 0], frame[0, 2, 2] = step, step
        rows = view.inverse(frame)[0].astype(np.float32)
        self.top = int(view.centre[1] + view.focal * np.tan(view.pitch)) + 2
        self.top = min(self.top, view.height - 1)
        x = np.arange(view.width, dtype=np.float32)[None]
        y = np.arange(self.top, view.height, dtype=np.float32)[:, None]
        u, v, w = (r[0] * x + r[1] * y + r[2] for r in rows)
        w = np.maximum(w, 1e-4)
        last = _GROUND_SIDE - 1
        index = ((v / w).astype(np.int32) & last) * _GROUND_SIDE
        index += (u / w).astype(np.int32) & last
        self.broad = noise[0].ravel().take(index)
        self.gaps = noise[1].ravel().take(index)


class Light:
    """One look, prepared for many frames of a drive."""

    def __init__(self, look: Look):
        self.look = look
        self.sun = sun_direction(look.azimuth, look.elevation)
        self.panorama = panorama(look)
        self.curve = _curve(look)

    def table(self, painted: Painted, view: View) -> np.ndarray:
        """Returns (N * NUM_CODES, 4) float32: light on each face's texels, by code."""
        directions = leaf_directions() * (1, 1, -1) @ view.turn.T
        leaf = self._falling(directions.astype(np.float32))
        face = self._falling(painted.normal)
        shine = self._mirrored(painted, view)
        table = np.zeros((len(face), NUM_CODES, 4), np.float32)
        table[:, LEAF:, :3] = leaf[None] * painted.tint[:, None]
        table[:, 0, :3] = face * painted.tint + shine
        table[:, PLAIN, :3] = face + shine
        return table.reshape(-1, 4)

    def _falling(self, normal: np.ndarray) -> np.ndarray:
        look = self.look
        up = (0.5 + 0.5 * normal[:, 1:2]) ** 0.8
        ambient = up * np.array(look.sky) + (1 - up) * np.array(look.bounce)
        sun = np.maximum(normal @ self.sun, 0)[:, None] * np.array(look.sun)
        return (ambient + sun).astype(np.float32)

    def _mirrored(self, painted: Painted, view: View) -> np.ndarray:
        """Returns the mirrored sky and sun; one view direction serves all pixels."""
        look, gloss = self.look, painted.gloss[:, None]
        ahead = view.turn @ np.array((0, 0, 1.0))
        normal = painted.normal
        bounce = ahead - 2 * (normal @ ahead)[:, None] * normal
        up = np.clip(bounce[:, 1:2] * 1.4 + 0.25, 0, 1)
        sky = up * np.array(look.horizon) * 0.26 + 0.02
        flash = np.clip(bounce @ self.sun, 0, 1)[:, None] ** 14 * np.array(look.sun)
        return (gloss * (sky + 0.45 * flash)).astype(np.float32)

    def photograph(
        self,
        painted: Painted,
        view: View,
        sky: Sky,
        ground: Ground,
        shade,
        dark,
        frame: int,
    ) -> Image.Image:
        """Returns the picture of a frame.

        Args:
            painted: The painted frame.
            view: The camera.
            sky: The sky lookup for this size of picture.
            ground: The ground lookup for this view.
            shade: (H, W) float32, sunlight kept from the ground; None without sun.
            dark: (H, W) float32, darkness under objects.
            frame: Frame number; it varies the rain.
        """
        look = self.look
        index = painted.faces * NUM_CODES
        index += painted.texels[..., 3]
        lit = self.table(painted, view).take(index, axis=0, mode="clip")
        lit *= painted.texels
        self._shade_ground(lit, ground, shade, dark, painted)
        fade = np.exp((-1 / look.sight) / painted.inverse)[..., None]
        lit *= fade
        haze = np.array((*look.haze, 0), np.float32) * 255
        lit += haze - fade * haze
        if look.rain:
            _streaks(lit, frame)
        np.clip(lit, 0, 255, out=lit)
        picture = lit.astype(np.uint8)
        behind = np.flatnonzero(painted.faces.ravel() == 0)
        colours = sky.colours(self.panorama, view, behind)
        picture.view(np.uint32).ravel()[behind] = colours.view(np.uint32).ravel()
        image = Image.fromarray(np.ascontiguousarray(picture[..., :3]))
        return _smooth(image, painted.faces).point(self.curve)

    def _shade_ground(self, lit, ground: Ground, shade, dark, painted) -> None:
        top, look = ground.top, self.look
        low = lit[top:, :, :3]
        flat = painted.faces[top:] <= painted.ground
        low *= np.where(flat, ground.broad, np.float32(1))[..., None]
        if look.rain:
            _wet(low, painted, top, np.array(look.horizon) * 255)
        if shade is not None and look.shadow:
            full = self._falling(np.array([[0, 1.0, 0]], np.float32))[0]
            kept = np.array(look.sky) / full * (1.0, 1.0, 1.06)
            cast = shade[top:]
            cast = np.where(cast < 0.75, cast * 1.65 * ground.gaps, cast)
            share = (np.clip(cast, 0, 1) * look.shadow)[..., None]
            low *= 1 - share * (1 - kept).astype(np.float32)
        low *= (1 - 0.72 * dark[top:])[..., None]


def _wet(low, painted: Painted, top: int, sky: np.ndarray) -> None:
    """Darkens the road and lets it mirror the sky at flat viewing angles."""
    far = np.clip(0.05 / painted.inverse[top:] / 10 + 0.06, 0, 0.42)
    flat = painted.faces[top:] <= painted.ground
    share = np.where(flat, far, 0).astype(np.float32)[..., None]
    low *= np.where(flat, np.float32(0.72), np.float32(1))[..., None] * (1 - share)
    low += share * sky.astype(np.float32)


def _streaks(lit: np.ndarray, frame: int) -> None:
    height, width = lit.shape[:2]
    rng = np.random.default_rng([frame, 31])
    count = int(700 * width / 1242)
    x, y = rng.integers(0, width, count), rng.integers(0, height, count)
    long = rng.integers(height // 40 + 1, height // 12 + 2, count)
    for step in range(height // 12 + 2):
        going = long > step
        row = y[going] + step
        inside = row < height
        column = (x[going] + step // 6) % width
        lit[row[inside], column[inside]] += 15


def _curve(look: Look) -> list[int]:
    """Returns the tone curve of three channels, which raises contrast a little."""
    level = np.arange(256) / 255
    curved = level + 0.035 * np.sin((level - 0.5) * 2 * np.pi) * (
        0.4 if look.rain else 1
    )
    return np.clip(curved * 255, 0, 255).round().astype(int).tolist() * 3


def _smooth(image: Image.Image, faces: np.ndarray) -> Image.Image:
    """Returns the picture with softened outlines and unchanged interiors."""
    edge = np.zeros(faces.shape, bool)
    across = faces[:, 1:] != faces[:, :-1]
    down = faces[1:] != faces[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    kernel = ImageFilter.Kernel((3, 3), (1, 2, 1, 2, 6, 2, 1, 2, 1))
    return Image.composite(image.filter(kernel), image, Image.fromarray(edge))
