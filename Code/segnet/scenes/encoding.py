"""The colour of each class and vehicle in the label images of a variation."""

import colorsys
import zlib

import numpy as np

from segnet.classes import VKITTI1
from segnet.scenes.town.town import CYCLIST, VEHICLE, WALKER, Town
from segnet.scenes.variations import TURNS

# Cityscapes' colours; no vehicle has one of them, since vehicles take values of _STEPS.
_PEOPLE = {
    "Misc:walker": (WALKER, (220, 20, 60)),
    "Misc:cyclist": (CYCLIST, (119, 11, 32)),
}
_STEPS = (30, 62, 94, 126, 158, 190, 222, 246)


def colours(town: Town, world: str, variation: str, seed: int) -> np.ndarray:
    """Returns (N, 3) uint8: the colour of each owner; unused owners are black.

    Variations with the view of clone share its colours. Each turned camera has its own
    table, in which a colour may belong to another kind of vehicle.
    """
    view = variation if variation in TURNS else "clone"
    rng = np.random.default_rng([seed, zlib.crc32(f"{world}/{view}".encode())])
    grid = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), -1).reshape(-1, 3)
    static = np.array([*VKITTI1.colours])
    free = grid[~(grid[:, None] == static[None]).all(-1).any(1)]
    vivid = [colorsys.rgb_to_hsv(*c)[1] > 0.12 for c in (free / 255).tolist()]
    free = free[np.array(vivid)]
    if len(town.vehicles) > len(free):
        raise ValueError(
            f"{len(town.vehicles)} vehicles, but only {len(free)} colours for them"
        )
    table = np.zeros((VEHICLE + len(town.vehicles), 3), np.uint8)
    table[: len(static)] = static
    for owner, colour in _PEOPLE.values():
        table[owner] = colour
    drawn = rng.permutation(len(free))[: len(town.vehicles)]
    table[VEHICLE:] = free[drawn]
    for number, vehicle in enumerate(town.vehicles):
        if vehicle.kind == "Truck":
            table[VEHICLE + number] = static[VKITTI1.id("Truck")]
    return table


def text(town: Town, table: np.ndarray) -> str:
    """Returns the content of a `..._scenegt_rgb_encoding.txt`."""
    rows = ["Category(:id) r g b"]
    instanced = ("Car", "Van")
    for name, colour in zip(VKITTI1.names, VKITTI1.colours, strict=True):
        if name not in instanced:
            rows.append(f"{name} {colour[0]} {colour[1]} {colour[2]}")
    if town.world.terraced:
        for name, (_, (r, g, b)) in _PEOPLE.items():
            rows.append(f"{name} {r} {g} {b}")
    for number, vehicle in enumerate(town.vehicles):
        if vehicle.kind in instanced:
            r, g, b = table[VEHICLE + number].tolist()
            rows.append(f"{vehicle.kind}:{number} {r} {g} {b}")
    return "\n".join(rows) + "\n"
