"""Walls with windows, doors and shops."""

import numpy as np
from PIL import Image, ImageDraw

from segnet.scenes.surfaces.atlas import PLAIN, SIDE, TINTED, Atlas
from segnet.scenes.surfaces.fractal import fractal


def _plaster(rng: np.random.Generator) -> np.ndarray:
    stains = fractal(rng, SIDE, 1.5, (1, 3))
    return 218 + 6 * fractal(rng, SIDE, 0.4) + 7 * stains


def _bricks(rng: np.random.Generator) -> np.ndarray:
    rows, columns = 64, 32
    tone = rng.normal(196, 20, (rows, columns))
    wall = np.repeat(np.repeat(tone, SIDE // rows, 0), SIDE // columns, 1)
    wall[1::2] = wall[1::2]
    for row in range(1, rows, 2):
        band = slice(row * 8, row * 8 + 8)
        wall[band] = np.roll(wall[band], 8, 1)
    wall[np.arange(SIDE) % 8 == 0] = 226
    for row in range(rows):
        shift = 8 if row % 2 else 0
        wall[row * 8 : row * 8 + 8, (np.arange(SIDE) + shift) % 16 == 0] = 226
    return wall + 6 * fractal(rng, SIDE, 0.5)


def _boards(rng: np.random.Generator) -> np.ndarray:
    wall = np.repeat(rng.normal(212, 7, (16, 1)), 32, 0) + np.zeros((SIDE, SIDE))
    wall[np.arange(SIDE) % 32 < 3] -= 46
    return wall + 6 * fractal(rng, SIDE, 0.6, (1, 4))


def add_all(atlas: Atlas, rng: np.random.Generator) -> None:
    """Adds plain walls, upper floors and ground floors to the atlas."""
    makers = (_plaster, _bricks, _boards)
    for index, name in enumerate(("plaster", "brick", "boards")):
        atlas.add(name, makers[index](rng))
    for index in range(6):
        wall = makers[(0, 1, 0, 2, 1, 0)[index]](rng)
        atlas.add(f"facade{index}", *_windows(wall, index, rng))
    for index in range(4):
        wall = makers[(0, 1, 2, 0)[index]](rng)
        atlas.add(f"ground{index}", *_ground_floor(wall, index, rng))


def _windows(wall, style: int, rng):
    """Returns a tile of two bays by two floors, 7 m by 6 m."""
    canvas = Canvas(wall)
    half = SIDE // 2
    wide = (62, 92, 44, 70, 118, 54)[style]
    high = (96, 104, 112, 84, 92, 118)[style]
    for row in range(2):
        for column in range(2):
            x = column * half + half // 2
            y = row * half + 130 - high // 2 - 6
            canvas.window(x, y, wide, high, style, rng)
    if style in (2, 4):
        for row in range(2):
            canvas.box(0, row * half + 246, SIDE, row * half + 255, (206, 203, 196))
    return canvas.finish()


def _ground_floor(wall, style: int, rng):
    """Returns a tile of a door or a shop and two windows, 7 m by 3 m."""
    canvas = Canvas(wall)
    if style in (1, 3):
        awning = ((150, 40, 36), (36, 78, 60))[style // 2]
        canvas.box(14, 34, 498, 96, awning)
        canvas.box(14, 92, 498, 104, tuple(c // 2 for c in awning))
        for x in range(40, 480, 26):
            canvas.box(x, 52, x + 15, 76, (226, 214, 190))
        canvas.box(22, 118, 330, 470, (40, 40, 42))
        canvas.glass(28, 126, 172, 462, rng)
        canvas.glass(180, 126, 324, 462, rng)
    else:
        canvas.window(120, 120, 86, 250, style, rng)
        canvas.window(270, 120, 86, 250, style, rng)
    door = ((92, 58, 36), (58, 62, 70), (110, 34, 30), (52, 74, 58))[style]
    canvas.box(376, 116, 476, 506, (222, 220, 212))
    canvas.box(384, 126, 468, 506, door)
    canvas.glass(396, 140, 456, 250, rng)
    canvas.box(390, 330, 398, 346, (220, 200, 120))
    canvas.box(0, 492, SIDE, SIDE, (122, 116, 108))
    canvas.box(376, 480, 476, 512, door)
    return canvas.finish()


class Canvas:
    """A wall texture on which windows and doors are drawn in untinted colours."""

    def __init__(self, wall: np.ndarray):
        rgb = np.repeat(np.clip(wall, 0, 255).astype(np.uint8)[..., None], 3, 2)
        self.image = Image.fromarray(rgb)
        self.code = Image.new("L", (SIDE, SIDE), TINTED)
        self.draw = ImageDraw.Draw(self.image)
        self.draw_code = ImageDraw.Draw(self.code)

    def box(self, x0, y0, x1, y1, colour) -> None:
        self.draw.rectangle((x0, y0, x1 - 1, y1 - 1), colour)
        self.draw_code.rectangle((x0, y0, x1 - 1, y1 - 1), PLAIN)

    def paste(self, x, y, rgb: np.ndarray) -> None:
        """Pastes (H, W, 3) uint8, untinted, with its corner at (x, y)."""
        self.image.paste(Image.fromarray(rgb), (x, y))
        self.code.paste(PLAIN, (x, y, x + rgb.shape[1], y + rgb.shape[0]))

    def glass(self, x0, y0, x1, y1, rng) -> None:
        base = np.array((46, 58, 72)) + rng.integers(-14, 22)
        for y in range(y0, y1):
            glow = 1.25 - 0.6 * (y - y0) / (y1 - y0)
            self.box(x0, y, x1, y + 1, tuple((base * glow).astype(int).tolist()))
        slant = (x1 - x0) // 2
        shine = tuple((base * 1.55).astype(int).tolist())
        cut = [
            (x0 + slant // 2, y1 - 1),
            (x0 + slant, y1 - 1),
            (x1 - 2, y0),
            (x1 - 2, y0),
        ]
        self.draw.polygon(cut, shine)

    def window(self, x, y, wide, high, style: int, rng) -> None:
        x0, x1 = x - wide // 2, x + wide // 2
        frame = ((236, 234, 228), (90, 62, 44), (228, 228, 230))[style % 3]
        self.box(x0 - 9, y - 9, x1 + 9, y + high + 9, (198, 192, 182))
        self.box(x0 - 6, y - 6, x1 + 6, y + high + 6, frame)
        middle = (x0 + x1) // 2
        self.glass(x0, y, middle - 2, y + high, rng)
        self.glass(middle + 2, y, x1, y + high, rng)
        if rng.random() < 0.55:
            curtain = (206, 198, 184)
            self.box(x0, y, x0 + wide // 5, y + high, curtain)
            self.box(x1 - wide // 5, y, x1, y + high, curtain)
        if style in (0, 3):
            shutter = ((70, 104, 84), (112, 64, 48))[style // 3]
            for left in (x0 - 9 - wide // 2, x1 + 9):
                self.box(left, y - 6, left + wide // 2, y + high + 6, shutter)
                for slat in range(y, y + high, 8):
                    dark = tuple(int(c * 0.7) for c in shutter)
                    self.box(left + 4, slat, left + wide // 2 - 4, slat + 3, dark)
        self.box(x0 - 14, y + high + 9, x1 + 14, y + high + 17, (176, 170, 160))

    def finish(self):
        return np.asarray(self.image), np.asarray(self.code)
