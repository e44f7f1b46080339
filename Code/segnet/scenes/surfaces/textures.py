"""Surfaces: ground, walls, roofs, metal, vehicles and signs."""

import numpy as np
from PIL import Image, ImageDraw

from segnet.scenes.surfaces import walls
from segnet.scenes.surfaces.atlas import PLAIN, SIDE, Atlas
from segnet.scenes.surfaces.fractal import fractal
from segnet.scenes.surfaces.walls import Canvas


def add_all(atlas: Atlas, rng: np.random.Generator) -> None:
    """Fills the atlas with every surface that is not foliage."""
    _ground(atlas, rng)
    walls.add_all(atlas, rng)
    _roofs(atlas, rng)
    _vehicle_parts(atlas, rng)
    _street_parts(atlas, rng)


def _mix(low, high, amount: np.ndarray) -> np.ndarray:
    amount = np.clip(amount, 0, 1)[..., None]
    return np.asarray(low) * (1 - amount) + np.asarray(high) * amount


def _ground(atlas: Atlas, rng: np.random.Generator) -> None:
    coarse, fine = fractal(rng, SIDE, 1.1), fractal(rng, SIDE, 0.25)
    asphalt = 196 + 7 * coarse + 9 * fine
    asphalt[fractal(rng, SIDE, 0.6) > 2.9] = 228
    cracks = np.abs(fractal(rng, SIDE, 1.6)) < 0.012
    asphalt[cracks & (coarse > 0.5)] -= 34
    atlas.add("asphalt", asphalt)
    blades = fractal(rng, SIDE, 0.45, (2.2, 1)) * 0.24 + 0.5
    grass = _mix((96, 108, 40), (196, 200, 92), blades + 0.14 * coarse)
    dry = np.clip(fractal(rng, SIDE, 1.3) - 0.5, 0, 1)[..., None]
    grass = grass * (1 - 0.5 * dry) + np.array((214, 200, 128)) * 0.5 * dry
    atlas.add("grass", grass)
    sand = _mix((176, 158, 112), (240, 226, 178), 0.5 + 0.16 * coarse + 0.13 * fine)
    stones = fractal(rng, SIDE, 0.35) > 2.5
    sand[stones] = (150, 142, 126)
    atlas.add("sand", sand)
    atlas.add("paving", _paving(rng))
    worn = 240 + 8 * fine
    worn[(fractal(rng, SIDE, 0.9) > 1.7)] = 196
    atlas.add("marking", worn)


def _paving(rng: np.random.Generator) -> np.ndarray:
    tone = np.repeat(np.repeat(rng.normal(186, 9, (16, 16)), 32, 0), 32, 1)
    tone = tone + 7 * fractal(rng, SIDE, 0.5)
    tone[(np.arange(SIDE) % 32) < 2] -= 44
    tone[:, (np.arange(SIDE) % 32) < 2] -= 44
    return tone[..., None] * np.array((1.0, 0.97, 0.92))


def _roofs(atlas: Atlas, rng: np.random.Generator) -> None:
    tone = rng.normal(190, 22, (16, 32))
    tiles = np.repeat(np.repeat(tone, 32, 0), 16, 1)
    ramp = np.arange(SIDE) % 32 / 32
    tiles = tiles * (0.62 + 0.45 * ramp[:, None])
    tiles *= 0.8 + 0.25 * np.abs(np.sin(np.arange(SIDE) * np.pi / 16))[None]
    atlas.add("tiles", tiles + 14 * fractal(rng, SIDE, 1.2))


def _vehicle_parts(atlas: Atlas, rng: np.random.Generator) -> None:
    height = np.linspace(1, 0, SIDE)[:, None] + np.zeros((1, SIDE))
    atlas.add("paint", 226 + 22 * height + 2 * fractal(rng, SIDE, 0.8))
    slant = (np.arange(SIDE)[None] + np.arange(SIDE)[:, None]) % SIDE / SIDE
    glass = 52 + 44 * height + 30 * (np.abs(slant - 0.45) < 0.09)
    glass[SIDE // 2 :] *= 0.8
    atlas.add("glass", _mix((30, 38, 46), (150, 170, 190), glass / 160), PLAIN)
    atlas.add("dark", 34 + 5 * fractal(rng, SIDE, 0.5), PLAIN)
    atlas.add("plain", 236 + 4 * fractal(rng, SIDE, 0.6))
    atlas.add("wheel", _wheel(), PLAIN)
    grille = np.where(np.arange(SIDE)[:, None] % 64 < 30, 70, 22) + np.zeros((1, SIDE))
    atlas.add("grille", grille, PLAIN)
    plate = np.full((SIDE, SIDE), 228.0)
    for x in range(40, 470, 62):
        plate[150:370, x : x + int(rng.integers(22, 46))] = 36
    atlas.add("plate", plate, PLAIN)
    wave = 200 + 34 * np.sin(np.arange(SIDE) * np.pi / 16)[None]
    rust = np.clip(fractal(rng, SIDE, 1.4, (1, 3)) - 0.9, 0, 1)
    atlas.add("container", (wave + 8 * fractal(rng, SIDE, 1)) * (1 - 0.35 * rust))
    canvas = Canvas(236 + 5 * fractal(rng, SIDE, 1.3))
    canvas.box(0, 300, SIDE, 350, (38, 72, 140))
    canvas.box(0, 356, SIDE, 368, (210, 60, 40))
    for x in range(120, 400, 52):
        canvas.box(x, 130, x + int(rng.integers(20, 40)), 220, (38, 72, 140))
    atlas.add("cargo", *canvas.finish())


def _wheel() -> np.ndarray:
    axis = (np.arange(SIDE) - SIDE / 2 + 0.5) / (SIDE / 2)
    radius = np.hypot(axis[:, None], axis[None])
    angle = np.arctan2(axis[:, None], axis[None])
    wheel = np.where(radius > 0.68, 30.0, 60.0)
    spokes = (np.cos(angle * 5) > 0.1 + 0.5 * radius) & (radius < 0.64)
    wheel[spokes] = 188
    wheel[(radius > 0.58) & (radius < 0.68)] = 176
    wheel[radius < 0.14] = 150
    return wheel


def _street_parts(atlas: Atlas, rng: np.random.Generator) -> None:
    atlas.add("metal", 206 + 6 * fractal(rng, SIDE, 1.0, (4, 1)))
    rail = 176 + 62 * np.cos(np.arange(SIDE)[:, None] * 4 * np.pi / SIDE)
    atlas.add("rail", rail + 6 * fractal(rng, SIDE, 1.0, (1, 4)))
    atlas.add("signs", _signs(), PLAIN)
    lamps = Image.new("RGB", (SIDE, SIDE), (26, 27, 28))
    draw = ImageDraw.Draw(lamps)
    for row, colour in enumerate(((255, 60, 40), (110, 78, 16), (16, 70, 40))):
        draw.ellipse((146, 26 + row * 160, 366, 156 + row * 160), colour)
    atlas.add("lamps", np.asarray(lamps), PLAIN)
    flag = np.zeros((SIDE, SIDE, 3))
    flag[:171], flag[171:342], flag[342:] = (
        (40, 80, 170),
        (240, 240, 238),
        (200, 40, 40),
    )
    fold = 0.85 + 0.18 * np.sin(np.arange(SIDE) * 5 * np.pi / SIDE)
    atlas.add("flag", flag * fold[None, :, None], PLAIN)


def _signs() -> np.ndarray:
    """Returns four by four signs; each fills its cell; the mesh cuts the outline."""
    cell = SIDE // 4
    sheet = Image.new("RGB", (SIDE, SIDE), (128, 130, 132))
    draw = ImageDraw.Draw(sheet)
    red, white, blue, black = (
        (206, 24, 30),
        (246, 246, 242),
        (24, 70, 170),
        (16, 16, 16),
    )

    def disc(x, y, radius, colour):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)

    for index in range(4):
        x, y = index * cell + 64, 64
        draw.rectangle((x - 64, 0, x + 63, 127), (red, blue, red, blue)[index])
        if index % 2 == 0:
            disc(x, y, 47, white)
    draw.rectangle((50, 40, 58, 90), black)
    draw.ellipse((66, 40, 88, 90), outline=black, width=8)
    draw.polygon(
        [(192, 24), (164, 66), (182, 66), (182, 104), (202, 104), (202, 66), (220, 66)],
        white,
    )
    draw.rectangle((276, 54, 364, 76), red)
    draw.polygon([(416, 90), (448, 30), (480, 90)], white)
    for index in range(4):
        x = index * cell
        draw.rectangle((x, 128, x + 127, 255), red)
        draw.polygon([(x + 64, 156), (x + 24, 240), (x + 104, 240)], white)
        draw.rectangle((x + 58, 186 + 6 * index, x + 70, 228), black)
    for index, ground in enumerate((blue, white, (24, 110, 70), (250, 200, 20))):
        x = index * cell
        ink = black if index in (1, 3) else white
        draw.rectangle((x, 256, x + 127, 383), ink)
        draw.rectangle((x + 6, 262, x + 121, 377), ground)
        for line in range(3):
            wide = 40 + 23 * ((line + index) % 3)
            draw.rectangle(
                (x + 18, 278 + 32 * line, x + 18 + wide, 294 + 32 * line), ink
            )
    return np.asarray(sheet)
