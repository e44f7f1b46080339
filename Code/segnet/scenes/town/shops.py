"""A high street: shop fronts, mirroring glass, stone walls, and signs on walls."""

import numpy as np

from segnet.classes import VKITTI1
from segnet.scenes.surfaces.atlas import PLAIN, SIDE, Atlas
from segnet.scenes.surfaces.fractal import fractal
from segnet.scenes.surfaces.walls import Canvas
from segnet.scenes.town.mesh import Builder, Faces

FRONTS = tuple(f"front{i}" for i in range(4))
OFFICES = ("office0", "office1")
STONES = ("stone0", "stone1")

_SIGN = VKITTI1.id("TrafficSign")
_CELL = SIDE // 4
_METAL = (0.3, 0.31, 0.32)


def add_all(atlas: Atlas, rng: np.random.Generator) -> None:
    """Adds fronts, offices, stone walls and posters to the atlas."""
    for name in FRONTS:
        atlas.add(name, *_front(rng))
    for name in OFFICES:
        atlas.add(name, *_office(rng))
    for name in STONES:
        atlas.add(name, *_stone(rng))
    atlas.add("posters", _posters(rng), PLAIN)


def _vivid(rng) -> tuple[int, int, int]:
    """Draws a colour for shops: dark, light or strong."""
    hue = rng.uniform(0.1, 1.0, 3) ** 2
    return tuple((255 * np.clip(hue * rng.uniform(0.3, 1.4), 0.04, 0.97)).astype(int))


def _mirrored(rng, wide: int, high: int) -> np.ndarray:
    """Returns the reflection in glass, (H, W, 3): sky, roofs, cars, a dark room."""
    sky = np.array((168, 184, 200)) * rng.uniform(0.5, 1.15)
    room = np.array((46, 48, 50)) * rng.uniform(0.5, 1.5)
    roofs = (0.1 + 0.4 * rng.random()) * high * (1 + 0.5 * fractal(rng, SIDE, 1.4)[0])
    rows = np.arange(high)[:, None]
    scene = np.where((rows < roofs[None, :wide])[..., None], sky, room)
    for _ in range(rng.integers(3, 9)):
        x, y = rng.integers(0, wide), int(high * rng.uniform(0.45, 0.95))
        across, down = rng.integers(8, wide // 3 + 9), rng.integers(6, high // 4 + 7)
        thing = np.array(_vivid(rng)) * rng.uniform(0.25, 0.8)
        scene[y : y + down, x : x + across] = thing
    broad = 1 + 0.16 * fractal(rng, SIDE, 1.2)[:high, :wide, None]
    return scene * broad


def _glaze(canvas: Canvas, box, rng) -> None:
    x0, y0, x1, y1 = box
    scene = np.clip(_mirrored(rng, x1 - x0, y1 - y0), 0, 255).astype(np.uint8)
    canvas.paste(x0, y0, scene)


def _letters(canvas: Canvas, box, colour, rng) -> None:
    """Draws strokes about the size of letters between x0 and x1."""
    x0, y0, x1, y1 = box
    x, stroke = x0, max(2, (y1 - y0) // 6)
    while x < x1 - 4 * stroke:
        wide = int(rng.integers(2, 6)) * stroke
        canvas.box(x, y0, x + stroke, y1, colour)
        y = (y0, (y0 + y1) // 2, y1 - stroke)[rng.integers(3)]
        canvas.box(x, y, x + wide, y + stroke, colour)
        x += wide + stroke


def _front(rng):
    """Returns a tile of one shop, 7 m by 3.4 m: fascia, panes over a sill, a door."""
    canvas = Canvas(np.full((SIDE, SIDE), 150.0))
    frame, fascia, ink = _vivid(rng), _vivid(rng), _vivid(rng)
    if abs(sum(ink) - sum(fascia)) < 200:
        ink = (240, 238, 230) if sum(fascia) < 380 else (24, 24, 26)
    canvas.box(0, 0, SIDE, SIDE, frame)
    top = int(rng.integers(84, 124))
    canvas.box(6, 8, SIDE - 6, top, fascia)
    start = int(rng.integers(20, 160))
    stop = start + int(rng.integers(140, 320))
    _letters(canvas, (start, 26, stop, top - 18), ink, rng)
    sill = int(rng.integers(430, 492))
    door = int(rng.integers(0, 3)) * 190 + 20
    x = 12
    while x < SIDE - 40:
        wide = 86 if x <= door < x + 86 else int(rng.integers(70, 200))
        stop = min(x + wide, SIDE - 12)
        low = 504 if x <= door < x + 86 else sill
        _glaze(canvas, (x, top + 10, stop, low), rng)
        x = stop + int(rng.integers(6, 14))
    return canvas.finish()


def _office(rng):
    """Returns a tile of glass and steel, 7 m by 6 m."""
    canvas = Canvas(np.full((SIDE, SIDE), 120.0))
    frame = int(rng.uniform(40, 230))
    canvas.box(0, 0, SIDE, SIDE, (frame, frame, frame))
    across, down = int(rng.integers(3, 7)), int(rng.integers(2, 5))
    for row in range(down):
        for column in range(across):
            x, y = column * SIDE // across, row * SIDE // down
            right = (column + 1) * SIDE // across - 6
            _glaze(canvas, (x + 6, y + 6, right, (row + 1) * SIDE // down - 10), rng)
    return canvas.finish()


def _stone(rng):
    """Returns a tile of rough stone with tall dark windows, 7 m by 6 m."""
    wall = 170 + 30 * fractal(rng, SIDE, 0.5) + 16 * fractal(rng, SIDE, 1.3)
    rows = int(rng.integers(10, 22))
    for row in range(rows):
        y = row * SIDE // rows
        wall[y : y + 3] -= 40
        for x in rng.integers(0, SIDE, 9):
            wall[y : y + SIDE // rows, x : x + 3] -= 40
    canvas = Canvas(wall)
    half = SIDE // 2
    for row in range(2):
        for column in range(2):
            x, y = column * half + 70, row * half + 50
            wide, high = int(rng.integers(40, 110)), int(rng.integers(120, 180))
            canvas.box(x - 8, y - 8, x + wide + 8, y + high + 8, (196, 190, 176))
            _glaze(canvas, (x, y, x + wide, y + high), rng)
            canvas.box(
                x + wide // 2 - 2, y, x + wide // 2 + 2, y + high, (210, 206, 198)
            )
    return canvas.finish()


def _posters(rng) -> np.ndarray:
    """Returns four by four coloured boards with words and marks."""
    canvas = Canvas(np.full((SIDE, SIDE), 128.0))
    for number in range(16):
        x, y = number % 4 * _CELL, number // 4 * _CELL
        ground, ink = _vivid(rng), _vivid(rng)
        if abs(sum(ink) - sum(ground)) < 220:
            ink = (244, 242, 236) if sum(ground) < 380 else (20, 20, 22)
        canvas.box(x, y, x + _CELL, y + _CELL, ink if number % 3 else ground)
        canvas.box(x + 5, y + 5, x + _CELL - 5, y + _CELL - 5, ground)
        for line in range(int(rng.integers(1, 5))):
            stop = x + int(rng.integers(60, 116))
            top = y + 16 + 26 * line
            _letters(canvas, (x + 12, top, stop, top + 16), ink, rng)
        if number % 4 == 1:
            spot = (x + 30, y + 70, x + 98, y + 120)
            canvas.draw.ellipse(spot, _vivid(rng))
    return np.asarray(canvas.image)


def _board(builder: Builder, rng, x, y, z, sides: str) -> None:
    """Adds a box whose two large `sides` show one of the posters."""
    u, v = rng.integers(0, 4, 2) * _CELL
    region = (u, v, u + _CELL, v + _CELL)
    for side in sides:
        builder.box(x, y, z, "posters", sides=side, owner=_SIGN, region=region)
    rest = [side for side in "fblrt" if side not in sides]
    builder.box(x, y, z, "metal", _METAL, sides=rest, owner=_SIGN)


def put_signs(builder: Builder, rng, half: float, height: float) -> None:
    """Adds signs to a front that looks left: some stick out, some lie flat on it.

    Args:
        builder: The builder of the house; its origin is the middle of the front.
        rng: Chooses the signs.
        half: Half the length of the front, metres.
        height: Height of the front, metres.
    """
    for _ in range(int(rng.choice((0, 0, 1, 1, 2)))):
        builder.part += 1
        z, y = rng.uniform(-half, half), rng.uniform(2.6, min(5.5, height - 1))
        if rng.random() < 0.65:
            reach, high = rng.uniform(0.45, 1.0), rng.uniform(0.4, 1.3)
            x = (-0.15 - reach, -0.15)
            _board(builder, rng, x, (y, y + high), (z - 0.05, z + 0.05), "fb")
        else:
            wide, high = rng.uniform(0.5, 1.6), rng.uniform(0.4, 1.0)
            _board(builder, rng, (-0.1, -0.02), (y, y + high), (z, z + wide), "l")


def banner(atlas: Atlas, rng, post: int) -> Faces:
    """Returns a mast of 5 to 7 m with a cloth flag; `post` is the owner of the mast."""
    builder = Builder(atlas, _SIGN)
    height, side = rng.uniform(5, 7), int(rng.choice((-1, 1)))
    where = (-0.05, 0.05), (0, height), (-0.05, 0.05)
    builder.box(*where, "metal", 0.6, sides="fblr", owner=post)
    x = sorted((side * 0.08, side * rng.uniform(0.5, 0.9)))
    _board(
        builder, rng, x, (height - rng.uniform(1.2, 2.4), height), (-0.02, 0.02), "fb"
    )
    return builder.faces()


def totem(atlas: Atlas, rng) -> Faces:
    """Returns a board standing on the ground, 1.2 to 2.6 m high, as in car parks."""
    builder = Builder(atlas, _SIGN)
    half = rng.uniform(0.3, 0.65)
    height = rng.uniform(1.2, 2.6)
    _board(builder, rng, (-half, half), (0.05, height), (-0.08, 0.08), "fb")
    return builder.faces()


def bollard_light(atlas: Atlas, rng) -> Faces:
    """Returns a lit "keep left" bollard about 1 m high."""
    builder = Builder(atlas, _SIGN)
    builder.box((-0.2, 0.2), (0, 1.1), (-0.12, 0.12), "plain", (0.95, 0.94, 0.86))
    cell = (_CELL, 0, 2 * _CELL, _CELL)
    for side in "fb":
        where = (-0.16, 0.16), (0.6, 0.98), (-0.125, 0.125)
        builder.box(*where, "signs", sides=side, region=cell)
    return builder.faces()
