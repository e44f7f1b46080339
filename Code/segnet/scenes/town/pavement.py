"""The pavements of a city: people, bollards, railings, signs and advertisements."""

import numpy as np

from segnet.scenes.town import furniture, people, shops
from segnet.scenes.town.town import Layout


def fill(layout: Layout) -> None:
    """Adds people along both kerbs, in winter also bollards, railings and signs."""
    _people(layout)
    if layout.world.bare:
        _furnish(layout)
    if layout.world.shops:
        _advertise(layout)


def _places(layout: Layout, metres: float):
    """Yields places along the street, on average `metres` apart."""
    at = layout.start
    while at < layout.stop:
        at += layout.rng.exponential(metres)
        yield at


def _people(layout: Layout) -> None:
    """Adds walkers, alone and in pairs, and cyclists on the pavements and at kerbs."""
    rng, edge, atlas = layout.rng, layout.edge, layout.atlas
    rounded = layout.world.shops > 0
    for side in (-1, 1):
        for at in _places(layout, 9.0):
            turned = float(rng.choice((0.0, np.pi))) + rng.normal(0, 0.2)
            spot = side * (edge + rng.uniform(0.4, 1.9))
            for aside in range(int(rng.choice((1, 1, 2)))):
                faces = people.walker(atlas, rng, rounded)
                layout.solid(faces, at, spot + 0.6 * aside, turned)
        for at in _places(layout, 28.0):
            faces = people.cyclist(atlas, rng, rounded)
            turned = 0.0 if side > 0 else np.pi
            layout.solid(faces, at, side * (edge - rng.uniform(0.3, 1.6)), turned)


def _furnish(layout: Layout) -> None:
    """Adds runs of bollards, railings and fences along the kerb, and more signs."""
    rng, edge, atlas = layout.rng, layout.edge, layout.atlas
    for side in (-1, 1):
        at = layout.start
        while at < layout.stop:
            at += rng.exponential(24.0)
            kind, run = rng.integers(3), rng.uniform(6, 20)
            step = (1.8, 3.0, 3.0)[kind]
            spot = side * (edge + (0.3, 0.3, rng.uniform(2.0, 3.2))[kind])
            for place in np.arange(at, at + run, step):
                if not layout.clear(place, 5):
                    continue
                if kind == 0:
                    layout.solid(furniture.bollard(atlas, rng), place, spot)
                elif kind == 1 or place == at:  # before a house only one piece
                    faces = furniture.fence(atlas, rng, step, layout.world.shops > 0)
                    layout.solid(faces, place, spot)
            at += run
        for at in _places(layout, 30.0):
            turned = float(rng.choice((0.0, np.pi)))
            faces = furniture.sign(atlas, rng, layout.post)
            layout.solid(faces, at, side * (edge + rng.uniform(0.3, 1.2)), turned)


def _advertise(layout: Layout) -> None:
    """Adds banners, boards, railings at the kerb and the lit bollards of islands."""
    rng, edge, atlas = layout.rng, layout.edge, layout.atlas
    for side in (-1, 1):
        for at in _places(layout, 60.0):
            turned = rng.normal(0, 0.25)
            if rng.random() < 0.5:
                faces = shops.totem(atlas, rng)
            else:
                faces = shops.banner(atlas, rng, layout.post)
            layout.solid(faces, at, side * (edge + rng.uniform(0.6, 2.4)), turned)
        for at in _places(layout, 90.0):
            for place in np.arange(at, at + rng.uniform(9, 36), 3.0):
                if layout.clear(place, 5):
                    faces = furniture.railing(atlas, rng, 3.0)
                    layout.solid(faces, place, side * (edge + 0.35))
    for at in layout.crossings:
        for way in (-1, 1):
            faces = shops.bollard_light(atlas, rng)
            layout.solid(faces, at + way * 9.5, 0.0)
