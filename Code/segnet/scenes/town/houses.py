"""Houses with pitched roofs and blocks of flats."""

import numpy as np

from segnet.classes import VKITTI1
from segnet.scenes.surfaces.atlas import SIDE, Atlas
from segnet.scenes.town import shops
from segnet.scenes.town.mesh import Builder, Faces


def house(
    atlas: Atlas, rng, length: float, depth: float, floors: int, shopping: float = 0.0
) -> Faces:
    """Returns a building whose front looks left; its origin is the middle of the front.

    Args:
        atlas: The textures.
        rng: Chooses walls, roof and colours.
        length: Length along the street, metres.
        depth: Depth away from the street, metres.
        floors: At least 1; up to 2 with a pitched roof.
        shopping: Chance of a shop on the ground floor. Above 0, the street front has
            signs, and some walls are glass or stone.
    """
    builder = Builder(atlas, VKITTI1.id("Building"))
    style = int(rng.integers(6))
    wall = ("plaster", "brick", "plaster", "boards", "brick", "plaster")[style]
    tint = _wall_colour(rng, wall)
    facade = f"facade{style}"
    if shopping and rng.random() < 0.4:
        other = shops.OFFICES + shops.STONES
        facade = other[rng.integers(len(other))]
    half = length / 2
    height = 3.2 * floors + 0.4
    sides = dict(_wall_lines(half, depth))
    for (x0, z0), (x1, z1) in sides.values():
        wide = np.hypot(x1 - x0, z1 - z0)
        bays = max(1, round(wide / 3.5)) * SIDE / 2
        ground = [(x0, 3.4, z0), (x1, 3.4, z1), (x1, 0, z1), (x0, 0, z0)]
        shop = f"ground{int(rng.integers(4))}"
        region = (0, 0, max(1, round(wide / 7)) * SIDE, SIDE)
        if shopping and rng.random() < shopping:
            shop = shops.FRONTS[rng.integers(len(shops.FRONTS))]
        builder.quad(ground, shop, tint, region)
        if floors > 1:
            upper = [(x0, height, z0), (x1, height, z1), (x1, 3.4, z1), (x0, 3.4, z0)]
            region = (0, 0, bays, (floors - 1) * SIDE / 2)
            builder.quad(upper, facade, tint, region)
    if floors <= 2:
        _gable(builder, rng, half, depth, height, wall, tint)
    else:
        shade = np.multiply(tint, 0.7)
        where = (
            (-0.25, depth + 0.25),
            (height, height + 0.5),
            (-half - 0.25, half + 0.25),
        )
        builder.box(*where, "plaster", shade, 8.0)
    if shopping:
        shops.put_signs(builder, rng, half, height)
    return builder.faces()


def _wall_colour(rng, wall: str) -> np.ndarray:
    if wall == "brick":
        choice = ((0.66, 0.36, 0.28), (0.56, 0.4, 0.34), (0.76, 0.6, 0.46))
    else:
        choice = ((0.96, 0.9, 0.74), (0.92, 0.92, 0.9), (0.86, 0.74, 0.6))
        choice += ((0.74, 0.8, 0.82), (0.84, 0.66, 0.52), (0.68, 0.7, 0.66))
    colour = np.array(choice[rng.integers(len(choice))])
    return colour * rng.uniform(0.82, 1.04) * rng.uniform(0.96, 1.04, 3)


def _wall_lines(half: float, depth: float):
    yield "street", ((0, half), (0, -half))
    yield "back", ((depth, -half), (depth, half))
    yield "near", ((0, -half), (depth, -half))
    yield "far", ((depth, half), (0, half))


def _gable(builder: Builder, rng, half, depth, height, wall, tint) -> None:
    ridge = height + depth * rng.uniform(0.3, 0.45)
    roofs = (
        (0.62, 0.27, 0.2),
        (0.5, 0.3, 0.24),
        (0.36, 0.36, 0.38),
        (0.48, 0.36, 0.28),
    )
    roof = np.array(roofs[rng.integers(4)]) * rng.uniform(0.85, 1.2)
    middle, eave, over = depth / 2, height - 0.15, 0.35
    for z, order in ((-half, 1), (half, -1)):
        points = [(middle, ridge, z), (depth, height, z), (0, height, z)]
        builder.outline(
            points[::order] if order > 0 else [points[0], points[2], points[1]],
            wall,
            tint,
            box=(6, 6),
        )
    z0, z1 = -half - over, half + over
    region = (0, 0, (z1 - z0) / 5 * SIDE, depth * 0.6 / 5 * SIDE)
    street = [
        (middle, ridge, z1),
        (middle, ridge, z0),
        (-over, eave, z0),
        (-over, eave, z1),
    ]
    back = [(middle, ridge, z0), (middle, ridge, z1)]
    back += [(depth + over, eave, z1), (depth + over, eave, z0)]
    for points in (street, back):
        builder.quad(points, "tiles", roof, region)
    z = rng.uniform(-half * 0.6, half * 0.6)
    chimney = (
        (middle - 0.4, middle + 0.4),
        (ridge - 0.8, ridge + 0.9),
        (z - 0.35, z + 0.35),
    )
    builder.box(*chimney, "brick", (0.6, 0.36, 0.3), 4.0)
