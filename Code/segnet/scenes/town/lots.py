"""The lots beside the street: houses, terraces, woods, meadows, hedges, avenues."""

import numpy as np

from segnet.scenes.surfaces import bare, foliage
from segnet.scenes.town import furniture, houses
from segnet.scenes.town.town import Layout

_LOT, _TERRACE = 22.0, 11.0


def leaf_tint(rng: np.random.Generator, bush: bool = False) -> np.ndarray:
    """Draws the green of one plant: three factors around 1."""
    greens = ((0.78, 1.0, 0.6), (0.95, 1.02, 0.55), (0.62, 0.84, 0.6))
    greens += ((0.84, 0.92, 0.72), (0.98, 0.98, 0.5), (0.7, 0.96, 0.5))
    tint = np.array(greens[rng.integers(6)]) * rng.uniform(0.8, 1.1)
    if bush:
        tint = tint * (0.9, 0.98, 0.9)
    return tint * rng.uniform(0.95, 1.05, 3)


def tree(layout: Layout, along, side, size=None) -> None:
    """Plants a tree, `size` metres high."""
    rng = layout.rng
    size = size or rng.uniform(7.5, 12)
    # Towns in leaf draw no further number, so their random sequence stays the same.
    if layout.world.bare and rng.random() < layout.world.bare:
        picture = bare.TREES[rng.integers(len(bare.TREES))]
        tint = np.array((1.0, 0.93, 0.86)) * rng.uniform(0.6, 1.3)
        layout.plant("Tree", along, side, size, picture, tint, rng.uniform(0.7, 1.1))
        return
    pictures = foliage.TREES if rng.random() < 0.88 else foliage.CONIFERS
    picture = pictures[rng.integers(len(pictures))]
    squeeze = rng.uniform(0.85, 1.2)
    layout.plant("Tree", along, side, size, picture, leaf_tint(rng), squeeze)


def bush(layout: Layout, along, side, size=None) -> None:
    """Plants a bush, `size` metres high."""
    rng = layout.rng
    picture = foliage.BUSHES[rng.integers(4)]
    size = size or rng.uniform(0.7, 2.0)
    tint = leaf_tint(rng, bush=True)
    layout.plant("Vegetation", along, side, size, picture, tint, rng.uniform(1.1, 1.7))


def build(layout: Layout, side: int) -> None:
    """Fills one side of the road with houses, gardens, woods and meadows."""
    rng, edge, world = layout.rng, layout.edge, layout.world
    lot = _TERRACE if world.terraced else _LOT
    front = edge + rng.uniform(2.0, 4.4) if world.terraced else 0.0
    if world.shops:  # on a wider pavement
        front = edge + rng.uniform(3.0, 6.5)
    at = layout.start
    while at < layout.stop:
        wide = rng.uniform(0.7, 1.3) * lot
        if layout.clear(at + wide / 2, wide / 2 + 5):
            _fill(layout, side, at, wide, front)
        at += wide


def _fill(layout: Layout, side: int, at, wide, front) -> None:
    """Fills one lot, `wide` metres from `at`."""
    rng, world, middle = layout.rng, layout.world, at + wide / 2
    # Worlds without shops or terraces draw no further number, so that their random
    # sequence stays the same.
    if world.shops and rng.random() < 0.08:
        _garden(layout, at, wide, side, front)
    elif world.terraced and rng.random() < world.terraced:
        floors = int(rng.choice((2, 2, 3, 3, 4, 5)))
        depth = rng.uniform(8, 12)
        faces = houses.house(layout.atlas, rng, wide, depth, floors, world.shops)
        layout.solid(faces, middle, side * front, 0.0 if side > 0 else np.pi)
    elif rng.random() < world.built:
        _building(layout, middle, side, wide)
    elif rng.random() < world.wood:
        _wood(layout, at, wide, side)
    else:
        _meadow(layout, at, wide, side)


def _wood(layout: Layout, at, wide, side) -> None:
    for _ in range(int(wide * 0.62)):
        spot = layout.edge + 7 + 34 * layout.rng.random() ** 1.3
        tree(layout, at + wide * layout.rng.random(), side * spot)


def _meadow(layout: Layout, at, wide, side) -> None:
    rng = layout.rng
    for _ in range(3):
        spot = side * (layout.edge + rng.uniform(4, 24))
        tree(layout, at + wide * rng.random(), spot)
    for _ in range(7):
        spot = side * (layout.edge + rng.uniform(3.5, 20))
        bush(layout, at + wide * rng.random(), spot)


def _garden(layout: Layout, at, wide, side, front) -> None:
    """Adds trees and bushes behind a low wall or railing in line with the fronts."""
    rng, atlas = layout.rng, layout.atlas
    if rng.random() < 0.5:
        faces = furniture.garden_wall(atlas, rng, wide)
    else:
        faces = furniture.fence(atlas, rng, wide, whole=True)
    layout.solid(faces, at + wide / 2, side * front)
    for _ in range(4):
        spot = side * (front + rng.uniform(2, 16))
        tree(layout, at + wide * rng.random(), spot, rng.uniform(5, 10))
        spot = side * (front + rng.uniform(0.8, 6))
        bush(layout, at + wide * rng.random(), spot)


def _building(layout: Layout, middle, side, wide) -> None:
    rng = layout.rng
    back = layout.edge + rng.uniform(6.5, 12.0)
    floors = int(rng.choice((1, 2, 2, 3, 4)))
    length, depth = wide * rng.uniform(0.5, 0.86), rng.uniform(7, 11)
    faces = houses.house(layout.atlas, rng, length, depth, floors)
    layout.solid(faces, middle, side * back, 0.0 if side > 0 else np.pi)
    for _ in range(5):
        tree(
            layout,
            middle + wide * rng.uniform(-0.6, 0.6),
            side * (back + depth + rng.uniform(4, 22)),
        )
    if rng.random() < 0.6:
        for at in np.arange(middle - length / 2, middle + length / 2, 1.5):
            bush(
                layout, at, side * (back - rng.uniform(1.2, 1.8)), rng.uniform(0.8, 1.5)
            )
    if back > layout.edge + 6:
        tree(
            layout,
            middle + rng.uniform(-8, 8),
            side * (layout.edge + 3.6),
            rng.uniform(5, 8),
        )


def avenue(layout: Layout, side: int) -> None:
    """Adds rows beside the street: trees, lamps and hedges."""
    rng, edge, terraced = layout.rng, layout.edge, layout.world.terraced
    low, high = (4.5, 7.0) if terraced else (7.5, 11.5)
    if layout.world.bare:
        low, high = 5.0, 9.5
    for at in np.arange(layout.start, layout.stop, 8.5):
        if layout.clear(at, 7) and rng.random() < layout.world.avenue:
            tree(
                layout,
                at + rng.uniform(-1.5, 1.5),
                side * (edge + (1.0 if terraced else rng.uniform(3.4, 5.0))),
                rng.uniform(low, high),
            )
    offset = 22 if side > 0 else 0
    for at in np.arange(layout.start + offset, layout.stop, 44.0):
        if layout.clear(at, 6):
            double = layout.world.lanes > 1
            post = furniture.lamp_post(layout.atlas, rng, double)
            layout.solid(post, at, side * (edge + 1.0), 0.0 if side > 0 else np.pi)
    left = 0
    for at in np.arange(layout.start, layout.stop, 1.25):
        if left <= 0:
            hedge = rng.random() < (0.0 if terraced else 0.2)
            left = int(rng.integers(8, 22))
            high, tint = rng.uniform(0.8, 1.7), leaf_tint(rng, bush=True)
        left -= 1
        if hedge and layout.clear(at, 6):
            picture = foliage.BUSHES[1 + 2 * int(rng.integers(2))]
            size = high * rng.uniform(0.92, 1.08)
            layout.plant(
                "Vegetation", at, side * (edge + 3.1), size, picture, tint, 2.0 / size
            )


def belt(layout: Layout, side: int) -> None:
    """Adds distant woods, so that the horizon is never bare."""
    rng = layout.rng
    for at in np.arange(layout.start, layout.stop + 60, 4.6):
        spot = side * (layout.edge + rng.uniform(48, 100))
        if layout.clear(at, 6):
            tree(layout, at + rng.uniform(-3, 3), spot, rng.uniform(8, 14))
    for at in np.linspace(-45, 45, 26):
        tree(
            layout,
            layout.stop + 60,
            side * abs(at) * 2 + rng.uniform(-2, 2),
            rng.uniform(9, 14),
        )
