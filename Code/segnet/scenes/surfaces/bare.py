"""Trees without leaves as pictures.

The background shows between the twigs, yet the label covers the whole crown, as in
labels drawn by hand around the outline: the label has a wider mask.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from segnet.scenes.surfaces.atlas import SIDE, TINTED, Atlas, smaller

# Spread of the branches of each tree, radians.
_SPREADS = (0.55, 0.75, 0.45, 0.65, 0.5)
TREES = tuple(f"bare{i}" for i in range(len(_SPREADS)))


def add_all(atlas: Atlas, rng: np.random.Generator) -> None:
    """Adds all bare trees, with their masks in `atlas.masks` and `atlas.hulls`."""
    for name, spread in zip(TREES, _SPREADS, strict=True):
        _add(atlas, name, rng, spread)


def _add(atlas: Atlas, name: str, rng, spread: float) -> None:
    image = Image.new("LA", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    for line, width in _twigs(rng, spread):
        shade = int(np.clip(rng.normal(100, 20), 50, 160))
        draw.line(line, (shade, 255), width=max(1, round(width)))
    grey, mask = (np.array(band) for band in image.split())
    grey[mask == 0] = 110
    number = atlas.add(name, np.stack([grey] * 3, -1), TINTED)
    atlas.masks[number] = smaller(mask > 0)
    atlas.hulls[number] = smaller(_closed(Image.fromarray(mask)) > 0)


def _closed(mask: Image.Image) -> np.ndarray:
    """Returns a mask grown by 12 texels all around, then shrunk by 9."""
    # Equals one MaxFilter(25) and one MinFilter(19), at four times the speed.
    for step, times in ((ImageFilter.MaxFilter(3), 12), (ImageFilter.MinFilter(3), 9)):
        for _ in range(times):
            mask = mask.filter(step)
    return np.array(mask)


def _twigs(rng, spread: float) -> list:
    """Returns (x0, y0, x1, y1) and width of each branch of a bare tree, in texels."""
    pieces, widths = [], []
    branches = [(np.zeros(2), 0.0, 1.0, 14.0)]
    while branches:
        foot, lean, length, width = branches.pop()
        for _ in range(3):
            lean += rng.normal(0, 0.12)
            tip = foot + length / 3 * np.array((np.sin(lean), -np.cos(lean)))
            pieces.append((foot, tip))
            widths.append(width)
            foot = tip
        if length < 0.13:
            continue
        branches.append(
            (foot, lean * 0.7, length * rng.uniform(0.7, 0.85), width * 0.7)
        )
        for way in (-1, 1):
            turned = lean + way * spread * rng.uniform(0.7, 1.4)
            reach = length * rng.uniform(0.55, 0.8)
            branches.append((foot, turned, reach, width * 0.55))
    ends = np.array(pieces)
    low, high = ends.min((0, 1)), ends.max((0, 1))
    # The trunk stands in the middle of the lower edge.
    wide = max(high[0], -low[0])
    scale = np.array((0.47 / wide, 0.97 / -low[1])) * SIDE
    ends = ends * scale + (SIDE / 2, SIDE)
    return list(zip(ends.reshape(-1, 4).tolist(), widths, strict=True))
