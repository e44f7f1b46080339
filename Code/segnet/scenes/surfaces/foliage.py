"""Tree crowns and bushes as pictures with ragged outlines."""

import numpy as np
from PIL import Image, ImageDraw

from segnet.scenes.surfaces.atlas import (
    LEAF,
    PLAIN,
    SIDE,
    Atlas,
    leaf_directions,
    smaller,
)
from segnet.scenes.surfaces.fractal import fractal

TREES = tuple(f"tree{i}" for i in range(7))
CONIFERS = ("conifer0", "conifer1")
BUSHES = tuple(f"bush{i}" for i in range(4))

_BARK, _BETWEEN = (92, 76, 60), (84, 100, 56)


def add_all(atlas: Atlas, rng: np.random.Generator) -> None:
    """Adds all crowns and bushes to the atlas, with their masks in `atlas.masks`."""
    for index, name in enumerate(TREES):
        slim = (1.0, 0.9, 1.05, 0.72, 0.95, 0.62, 1.1)[index]
        low = (0.3, 0.24, 0.22, 0.16, 0.32, 0.12, 0.26)[index]
        painter = _Crown(rng)
        painter.trunk(1 - low)
        painter.fill(_round_clusters(rng, slim, 0.0, 1 - low, 74), 120, (5, 11))
        _finish(atlas, name, painter, rng)
    for name in CONIFERS:
        painter = _Crown(rng)
        painter.trunk(0.9)
        painter.fill(_cone_clusters(rng), 100, (4, 9))
        _finish(atlas, name, painter, rng)
    for index, name in enumerate(BUSHES):
        painter = _Crown(rng)
        square = index % 2
        clusters = _hedge_clusters(rng) if square else None
        if clusters is None:
            clusters = _round_clusters(rng, 1.0, 0.05, 1.08, 60)
        painter.fill(clusters, 110, (6, 12), ground=True)
        _finish(atlas, name, painter, rng)


def _round_clusters(rng, slim: float, top: float, bottom: float, count: int):
    """Returns rows of x, y, depth, radius on and in an egg; 0-1 across and down."""
    direction = rng.standard_normal((count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    reach = rng.uniform(0.35, 1, (count, 1)) ** 0.5
    spot = direction * reach
    radius = rng.uniform(0.07, 0.13, count)
    half = (bottom - top) / 2 - 0.08
    egg = 1 - 0.16 * spot[:, 1]
    x = 0.5 + spot[:, 0] * 0.38 * slim * egg
    y = (top + bottom) / 2 + spot[:, 1] * half
    return np.stack([x, y, spot[:, 2] * 0.4, radius], 1)


def _cone_clusters(rng):
    t = rng.uniform(0, 1, 95) ** 0.7
    angle = rng.uniform(0, 2 * np.pi, 95)
    tier = 0.75 + 0.25 * np.abs(np.sin(t * 7 * np.pi))
    reach = 0.34 * t * tier * rng.uniform(0.5, 1, 95)
    x, depth = 0.5 + reach * np.sin(angle), reach * np.cos(angle)
    return np.stack([x, 0.05 + t * 0.83, depth, 0.03 + 0.05 * t], 1)


def _hedge_clusters(rng):
    x = rng.uniform(0.06, 0.94, 90)
    y = rng.uniform(0.16, 0.98, 90)
    return np.stack([x, y, rng.uniform(-0.2, 0.4, 90), rng.uniform(0.06, 0.1, 90)], 1)


class _Crown:
    """A crown drawn leaf by leaf, back to front; opacity holds the direction code."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.image = Image.new("RGBA", (SIDE, SIDE))
        self.draw = ImageDraw.Draw(self.image)
        self.directions = leaf_directions()

    def trunk(self, crown_bottom: float) -> None:
        middle = SIDE * (0.5 + self.rng.uniform(-0.02, 0.02))
        top = SIDE * (crown_bottom - 0.25)
        for y in range(int(top), SIDE):
            t = (y - top) / (SIDE - top)
            half = 5 + 7 * t + 6 * max(0.0, t - 0.93) * 14
            x0, x1 = middle - half, middle + half
            for step in range(6):
                a, b = x0 + (x1 - x0) * step / 6, x0 + (x1 - x0) * (step + 1) / 6
                shade = 0.55 + 0.13 * step + self.rng.uniform(-0.14, 0.14)
                tone = tuple(int(c * shade) for c in _BARK)
                self.draw.line((a, y, b, y), (*tone, PLAIN))
        for _ in range(7):
            y = self.rng.uniform(top + 20, SIDE * (crown_bottom + 0.02))
            x = middle + self.rng.uniform(-120, 120)
            ends = (middle, y, x, y - self.rng.uniform(50, 110))
            self.draw.line(ends, (60, 50, 40, PLAIN), width=5)

    def fill(self, clusters, leaves: int, sizes, ground: bool = False) -> None:
        """Paints the leaves of each cluster; the inside and underside are darker."""
        rng = self.rng
        for x, y, depth, radius in clusters[np.argsort(clusters[:, 2])]:
            way = rng.standard_normal((leaves, 3))
            way /= np.linalg.norm(way, axis=1, keepdims=True)
            way[:, 2] = np.abs(way[:, 2]) * 0.9
            order = np.argsort(way[:, 2])
            way = way[order] * rng.uniform(0.55, 1.0, (leaves, 1)) ** 0.5
            crown = np.array([(x - 0.5) * 1.6, (0.5 - y) * 0.9, 0.35 + depth])
            facing = way * (1, -1, 1) * 0.8 + crown * 0.7
            code = LEAF + np.argmax(facing @ self.directions.T, 1)
            inner = 0.5 + 0.34 * way[:, 2] - 0.24 * way[:, 1] + 0.35 * depth
            inner -= 0.28 * max(0.0, y - 0.62) if not ground else 0.3 * (y - 0.5)
            tone = np.clip(inner + rng.normal(0, 0.1, leaves), 0.14, 1.15)
            self._leaves(x, y, radius, way, tone, code, sizes)

    def _leaves(self, x, y, radius, way, tone, code, sizes) -> None:
        rng, count = self.rng, len(way)
        cx = (x + way[:, 0] * radius) * SIDE
        cy = (y + way[:, 1] * radius) * SIDE
        size = rng.uniform(*sizes, count)
        angle = rng.uniform(0, 2 * np.pi, count)
        turn = angle[:, None] + np.array([0, 0.5, 1.0, 1.5]) * np.pi
        reach = size[:, None] * np.array([1.0, 0.5, 0.9, 0.45])
        px = np.clip(cx[:, None] + reach * np.cos(turn), 1, SIDE - 2)
        py = np.clip(cy[:, None] + reach * np.sin(turn), 1, SIDE + 20)
        corners = np.stack([px, py], 2).reshape(count, 8).tolist()
        yellow = rng.normal(0, 10, count)
        red = np.clip(tone * 196 + yellow, 0, 255).astype(int).tolist()
        green = np.clip(tone * 214, 0, 255).astype(int).tolist()
        blue = np.clip(tone * 120 - yellow * 0.7, 0, 255).astype(int).tolist()
        colours = zip(red, green, blue, code.tolist(), strict=True)
        for leaf, colour in zip(corners, colours, strict=True):
            self.draw.polygon(leaf, colour)


def _finish(atlas: Atlas, name: str, painter: _Crown, rng) -> None:
    texels = np.array(painter.image)
    mask = texels[..., 3] > 0
    texels[~mask] = (*_BETWEEN, LEAF)
    index = atlas.add(name, texels[..., :3], texels[..., 3])
    mask &= fractal(rng, SIDE, 0.75) > -2.35
    atlas.masks[index] = smaller(mask)
