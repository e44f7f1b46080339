"""Lorries, a cab and a closed body, and buses."""

import numpy as np

from segnet.scenes.surfaces.atlas import Atlas
from segnet.scenes.town.mesh import Builder, Faces
from segnet.scenes.town.vehicles import LAMP, RED, disc, patch


def truck(atlas: Atlas, colour, cargo, owner: int, texture: str) -> Faces:
    """Returns a lorry of two parts: a cab and a closed body behind it."""
    builder = Builder(atlas, owner)
    dark = np.multiply(colour, 0.9)
    for z in (-3.1, -1.9):
        builder.box((-1.1, 1.1), (0, 0.9), (z - 0.4, z + 0.4), "dark", sides="fb")
    builder.box((-1.1, 1.1), (0.55, 0.95), (-4.1, 2.2), "dark")
    builder.box((-1.24, 1.24), (0.95, 3.4), (-4.2, 1.9), texture, cargo, gloss=0.1)
    for side in (-1, 1):
        for z in (-3.1, -1.9):
            disc(builder, side * 1.2, 0.46, z, 0.46, "wheel", side)
        lamp = (side * 0.95 - 0.16, side * 0.95 + 0.16)
        builder.box(lamp, (0.62, 0.8), (-4.22, -4.1), "plain", RED, sides="b")
    builder.box((-0.3, 0.3), (0.6, 0.74), (-4.22, -4.1), "plate", sides="b")
    builder.part = 1
    builder.box((-1.15, 1.15), (0.45, 1.3), (2.1, 4.1), "paint", dark, gloss=0.5)
    builder.box((-1.15, 1.15), (1.3, 2.75), (2.1, 4.0), "paint", colour, gloss=0.5)
    builder.box((-1.02, 1.02), (1.5, 2.45), (3.9, 4.02), "glass", sides="f", gloss=0.7)
    builder.box((-1.0, 1.0), (0.55, 1.0), (4.0, 4.12), "grille", sides="f")
    for side in (-1, 1):
        patch(builder, side, 1.16, (2.7, 3.8), (1.55, 2.4), "glass", gloss=0.7)
        patch(builder, side, 1.16, (2.6, 2.63), (0.6, 2.5), "dark")
        disc(builder, side * 1.2, 0.48, 3.1, 0.48, "wheel", side)
        lamp = (side * 0.85 - 0.18, side * 0.85 + 0.18)
        builder.box(lamp, (0.62, 0.8), (4.0, 4.13), "plain", LAMP, sides="f")
        x = sorted((side * 1.2, side * 1.42))
        builder.box(x, (1.7, 2.3), (3.8, 3.9), "dark")
    return builder.faces()


def bus(atlas: Atlas, rng, colour, owner: int) -> Faces:
    """Returns a bus of one or two decks, 9.6 m long."""
    builder = Builder(atlas, owner)
    decks = int(rng.integers(1, 3))
    half, height = 4.8, 1.0 + 1.75 * decks
    for z in (-2.9, 3.0):
        builder.box((-1.1, 1.1), (0, 0.9), (z - 0.45, z + 0.45), "dark", sides="fb")
    body = (-1.24, 1.24), (0.35, height), (-half, half)
    builder.box(*body, "paint", colour, gloss=0.4)
    for deck in range(decks):
        y = (1.35 + 1.75 * deck, 2.3 + 1.75 * deck)
        for side in (-1, 1):
            for z in np.arange(-half + 0.2, half - 1.2, 1.3):
                patch(builder, side, 1.25, (z, z + 1.2), y, "glass", gloss=0.7)
        for sides in "fb":
            pane = (-1.1, 1.1), y, (-half - 0.01, half + 0.01)
            builder.box(*pane, "glass", sides=sides, gloss=0.7)
    for side in (-1, 1):
        for z in (-2.9, 3.0):
            disc(builder, side * 1.25, 0.46, z, 0.46, "wheel", side)
        for z, tint, sides in ((-half, RED, "b"), (half, LAMP, "f")):
            lamp = (side * 0.95 - 0.16, side * 0.95 + 0.16)
            where = lamp, (0.6, 0.85), (z - 0.02, z + 0.02)
            builder.box(*where, "plain", tint, sides=sides)
    builder.box((-0.3, 0.3), (0.45, 0.6), (-half - 0.02, half), "plate", sides="b")
    return builder.faces()
