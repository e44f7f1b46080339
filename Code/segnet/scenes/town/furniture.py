"""Street furniture: posts, signs, signals, rails, fences, walls and shelters."""

import numpy as np

from segnet.classes import VKITTI1
from segnet.scenes.surfaces.atlas import SIDE, VEIL, Atlas
from segnet.scenes.town.mesh import Builder, Faces

_GREY, _DARK = (0.62, 0.63, 0.64), (0.2, 0.21, 0.22)
_RAILINGS = (_DARK, _GREY, (0.16, 0.24, 0.2))


def _post(
    builder: Builder, x, z, height: float, thick: float, tint, low=0.0, owner=None
) -> None:
    half = thick / 2
    where = (x - half, x + half), (low, height), (z - half, z + half)
    builder.box(*where, "metal", tint, gloss=0.1, sides="fblr", owner=owner)


def _disc_points(x, y, z, radius: float, corners: int = 8):
    turn = np.arange(corners) * 2 * np.pi / corners + np.pi / corners
    return [(x + radius * np.sin(t), y + radius * np.cos(t), z) for t in turn]


def lamp_post(atlas: Atlas, rng, double: bool) -> Faces:
    """Returns a street lamp 7 to 9 m high with its arm to the left."""
    builder = Builder(atlas, VKITTI1.id("Pole"))
    height = rng.uniform(7, 9)
    tint = (_GREY, (0.36, 0.4, 0.38), (0.48, 0.44, 0.4))[rng.integers(3)]
    _post(builder, 0, 0, 1.1, 0.15, tint)
    _post(builder, 0, 0, height, 0.085, tint, 1.1)
    for side in (-1, 1) if double else (-1,):
        x = sorted((0, side * 1.9))
        builder.box(x, (height, height + 0.09), (-0.05, 0.05), "metal", tint)
        tip = sorted((side * 1.5, side * 2.2))
        builder.box(tip, (height - 0.06, height + 0.1), (-0.14, 0.14), "plain", 0.8)
    return builder.faces()


def wooden_pole(atlas: Atlas, rng) -> Faces:
    """Returns a telegraph pole with a cross-bar."""
    builder = Builder(atlas, VKITTI1.id("Pole"))
    height, brown = rng.uniform(6, 8), (0.46, 0.36, 0.28)
    _post(builder, 0, 0, height, 0.17, brown)
    bar = (height - 0.6, height - 0.46)
    builder.box((-1, 1), bar, (-0.06, 0.06), "metal", brown)
    return builder.faces()


def sign(atlas: Atlas, rng, post=None) -> Faces:
    """Returns a traffic sign that faces drivers travelling ahead.

    `post` is the owner of its post, by default the sign.
    """
    builder = Builder(atlas, VKITTI1.id("TrafficSign"))
    kind = int(rng.choice((0, 1, 2, 0, 1, 2, 3)))
    column = int(rng.integers(4))
    height = rng.uniform(2.3, 2.8)
    z = -0.06
    _post(builder, 0, 0, height + 0.3, 0.08, _GREY, owner=post)
    cell = SIDE // 4
    u, v = column * cell, (0, 1, 2, 2)[kind] * cell
    size = 0.46
    if kind == 0:
        front = _disc_points(0, height, z, size)
    elif kind == 1:
        front = [
            (0, height + 0.5, z),
            (0.56, height - 0.42, z),
            (-0.56, height - 0.42, z),
        ]
        size = 0.62
    else:
        size = (0.5, 1.25)[kind - 2]
        height += (0, 0.9)[kind - 2]
        wide, high = size, size * (1.1, 0.62)[kind - 2]
        front = [(-wide, height + high, z), (wide, height + high, z)]
        front += [(wide, height - high, z), (-wide, height - high, z)]
        if kind == 3:
            for x in (-0.8, 0.8):
                _post(builder, x, 0, height, 0.1, _GREY, owner=post)
    _sign_plate(builder, front, size, (u, v), z)
    return builder.faces()


def _sign_plate(builder: Builder, front, size, corner, z) -> None:
    cell = SIDE // 4
    back = [(x, y, z + 0.03) for x, y, _ in reversed(front)]
    builder.outline(back, "metal", 0.34)
    first = len(builder.rows)
    builder.outline(front, "signs")
    row = list(builder.rows[first])
    across = np.array((2 * size / cell, 0, 0), np.float32)
    down = np.array((0, -2 * size / cell, 0), np.float32)
    extent = np.ptp([p[1] for p in front])
    down *= extent / (2 * size)
    top = max(p[1] for p in front)
    origin = np.array((-size, top, z), np.float32)
    row[1] = np.stack((origin - corner[0] * across - corner[1] * down, across, down))
    builder.rows[first] = tuple(row)


def traffic_light(atlas: Atlas, rng, arm: bool, post=None) -> Faces:
    """Returns a traffic light on its mast or, if `arm` is set, on an arm over the road.

    `post` is the owner of the mast, by default the signal.
    """
    builder = Builder(atlas, VKITTI1.id("TrafficLight"))
    tint = (_GREY, _DARK)[rng.integers(2)]
    height = 5.6 if arm else 3.2
    _post(builder, 0, 0, height, 0.13, tint, owner=post)
    _head(builder, 0, 2.5)
    if arm:
        builder.box((-4.2, 0), (5.4, 5.56), (-0.07, 0.07), "metal", tint, owner=post)
        for x in (-3.9, -1.8):
            _head(builder, x, 4.85)
    return builder.faces()


def _head(builder: Builder, x: float, y: float) -> None:
    wide, high = (x - 0.15, x + 0.15), (y - 0.05, y + 0.85)
    builder.box(
        (x - 0.22, x + 0.22), (y - 0.12, y + 0.92), (-0.14, -0.12), "dark", sides="fb"
    )
    builder.box(wide, high, (-0.28, -0.14), "dark")
    builder.box(wide, high, (-0.3, -0.28), "lamps", sides="b")
    builder.box(wide, high, (0.1, 0.25), "dark")


def guard_rail(atlas: Atlas, length: float) -> Faces:
    """Returns a stretch of steel guard rail in the direction ahead."""
    builder = Builder(atlas, VKITTI1.id("GuardRail"))
    half = length / 2
    for z in (-half + 0.2, 0.0):
        _post(builder, 0, z, 0.72, 0.12, (0.55, 0.56, 0.57))
    region = (0, 0, 2 * SIDE, SIDE)
    for y0, y1 in ((0.44, 0.8),):
        right = [
            (0.07, y1, -half),
            (0.07, y1, half),
            (0.07, y0, half),
            (0.07, y0, -half),
        ]
        left = [(-0.07, y, -z) for _, y, z in right]
        for points in (right, left):
            builder.quad(points, "rail", (0.86, 0.88, 0.9), region, gloss=0.25)
    builder.box((-0.07, 0.07), (0.7, 0.8), (-half, half), "metal", 0.9, sides="tfb")
    return builder.faces()


def bollard(atlas: Atlas, rng) -> Faces:
    """Returns a post of 0.9 to 1.1 m that keeps cars off a pavement."""
    builder = Builder(atlas, VKITTI1.id("Pole"))
    height, tint = rng.uniform(0.9, 1.1), (_GREY, _DARK)[rng.integers(2)]
    _post(builder, 0, 0, height, 0.13, tint)
    builder.box((-0.09, 0.09), (height, height + 0.05), (-0.09, 0.09), "metal", tint)
    return builder.faces()


def fence(atlas: Atlas, rng, length: float, whole: bool = False) -> Faces:
    """Returns a railing or a board fence in the direction ahead.

    If `whole` is set, the label of a railing has no gaps between the bars, as in labels
    drawn by hand around the outline.
    """
    if rng.random() < 0.4:
        builder = Builder(atlas, VKITTI1.id("GuardRail"))
        half = length / 2
        brown = np.array((0.62, 0.5, 0.38)) * rng.uniform(0.7, 1.2)
        where = (-0.03, 0.03), (0.05, rng.uniform(1.4, 1.9)), (-half, half)
        builder.box(*where, "boards", brown, 2.0)
        return builder.faces()
    return railing(atlas, rng, length, whole)


def railing(atlas: Atlas, rng, length: float, whole: bool = True) -> Faces:
    """Returns a railing in the direction ahead; `whole` as in `fence`."""
    builder = Builder(atlas, VKITTI1.id("GuardRail"))
    tint = _RAILINGS[rng.integers(3)]
    _bars(builder, tint, length, (0.0, rng.uniform(0.9, 1.2)), whole)
    return builder.faces()


def _bars(builder: Builder, tint, length, y, whole: bool, owner=None) -> None:
    """Adds bars between two heights; `whole` as in `fence`."""
    half, (foot, height) = length / 2, y
    for low in (foot + 0.12, height - 0.05):
        where = (-0.025, 0.025), (low, low + 0.05), (-half, half)
        builder.box(*where, "metal", tint, owner=owner)
    for z in np.arange(-half, half + 0.01, 0.2):
        _post(builder, 0, z, height, 0.03, tint, foot, owner)
    if whole:
        where = (-0.01, 0.01), (foot + 0.05, height), (-half, half)
        builder.box(*where, VEIL, sides="lr", owner=owner)


def garden_wall(atlas: Atlas, rng, length: float) -> Faces:
    """Returns a low brick wall of class Building in the direction ahead.

    Half of them carry a railing, whose label has no gaps.
    """
    builder = Builder(atlas, VKITTI1.id("Building"))
    half, height = length / 2, rng.uniform(0.5, 1.6)
    brick = np.array((0.62, 0.42, 0.34)) * rng.uniform(0.7, 1.2)
    where = (-0.13, 0.13), (0, height), (-half, half)
    builder.box(*where, "brick", brick, 4.0)
    if rng.random() < 0.5:
        builder.part = 1
        top = height + rng.uniform(0.7, 1.2)
        owner = VKITTI1.id("GuardRail")
        tint = _RAILINGS[rng.integers(3)]
        _bars(builder, tint, length, (height, top), whole=True, owner=owner)
    return builder.faces()


def misc(atlas: Atlas, rng, kind: int) -> Faces:
    """Returns a container, a bus shelter, a flag or a bin."""
    builder = Builder(atlas, VKITTI1.id("Misc"))
    tint = rng.uniform(0.15, 0.8, 3)
    if kind == 0:
        builder.box((-1.2, 1.2), (0.1, 2.6), (-2.4, 2.4), "container", tint, 3.0)
    elif kind == 1:
        builder.box(
            (0.7, 0.76), (0.3, 2.3), (-1.9, 1.9), "glass", gloss=0.5, sides="lr"
        )
        for z in (-1.9, 1.9):
            builder.box(
                (-0.6, 0.76), (0.3, 2.2), (z - 0.03, z + 0.03), "glass", sides="fb"
            )
            _post(builder, -0.6, z, 2.4, 0.1, _DARK)
        builder.box((-0.9, 0.9), (2.35, 2.5), (-2.1, 2.1), "metal", tint)
        builder.box((0.2, 0.6), (0.42, 0.5), (-1.5, 1.5), "boards", (0.6, 0.4, 0.25))
    elif kind == 2:
        _post(builder, 0, 0, 6.5, 0.09, (0.9, 0.9, 0.9))
        flag = [(0, 6.4, 0), (1.9, 6.3, 0.3), (1.9, 5.1, 0.3), (0, 5.2, 0)]
        builder.quad(flag, "flag")
        builder.quad([flag[1], flag[0], flag[3], flag[2]], "flag")
    else:
        for x in (-0.9, 0.0, 0.9):
            shade = rng.uniform(0.12, 0.6, 3)
            where = (x - 0.36, x + 0.36), (0.1, 1.25), (-0.4, 0.4)
            builder.box(*where, "container", shade, 2.0)
    return builder.faces()
