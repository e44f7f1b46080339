"""People on foot and on bicycles for city streets."""

import numpy as np

from segnet.scenes.surfaces.atlas import Atlas
from segnet.scenes.town.mesh import Builder, Faces
from segnet.scenes.town.town import CYCLIST, WALKER
from segnet.scenes.town.vehicles import disc

_SKIN = ((0.86, 0.66, 0.54), (0.62, 0.44, 0.34), (0.36, 0.25, 0.2))
_HAIR = ((0.1, 0.08, 0.07), (0.32, 0.22, 0.14), (0.62, 0.5, 0.34), (0.5, 0.5, 0.5))
_PEDAL = 0.32


def walker(atlas: Atlas, rng, rounded: bool = False) -> Faces:
    """Returns a person walking ahead, 1.5 to 1.9 m tall.

    If `rounded` is set, limbs are six-sided prisms in more colours instead of boxes.
    """
    builder = _Body(atlas, WALKER, rounded=rounded)
    height = rng.uniform(1.5, 1.9)
    stride = rng.uniform(-0.22, 0.22)
    legs = builder.cloth(rng) * 0.6
    for side, step in ((-1, stride), (1, -stride)):
        x = sorted((side * 0.03, side * 0.17))
        _limb(builder, x, (0.0, 0.48 * height), step, legs)
    _upper_body(builder, rng, 0.46 * height, height, 0.0)
    return builder.faces()


def cyclist(atlas: Atlas, rng, rounded: bool = False) -> Faces:
    """Returns a person cycling ahead; `rounded` as in `walker`."""
    builder = _Body(atlas, CYCLIST, rounded=rounded)
    for z in (-0.52, 0.52):
        for side in (-1, 1):
            disc(builder, side * 0.02, 0.34, z, 0.34, "wheel", side)
    frame = rng.uniform(0.05, 0.7, 3)
    builder.box((-0.03, 0.03), (0.5, 0.62), (-0.4, 0.45), "plain", frame)
    builder.box((-0.25, 0.25), (0.95, 1.02), (0.4, 0.46), "dark")
    builder.box((-0.02, 0.02), (0.6, 1.0), (0.42, 0.46), "plain", frame)
    legs = builder.cloth(rng) * 0.6
    for side in (-1, 1):
        x = sorted((side * 0.05, side * 0.19))
        _limb(builder, x, (_PEDAL, 0.98), 0.12 * side, legs)
    _upper_body(builder, rng, 0.9, rng.uniform(1.62, 1.85), 0.3)
    return builder.faces()


class _Body(Builder):
    """A builder with box-shaped or rounded limbs."""

    def __init__(self, atlas: Atlas, owner: int, rounded: bool):
        super().__init__(atlas, owner)
        self.limb = self.tube if rounded else self.box
        self.spread = 0.28 if rounded else 0.1

    def cloth(self, rng) -> np.ndarray:
        """Draws a colour for clothes, mostly dark."""
        colour = rng.uniform(0.05, 0.95) ** 1.6 * np.ones(3)
        return np.clip(colour + rng.normal(0, self.spread, 3), 0.03, 0.95)


def _limb(builder: _Body, x, y, step: float, tint) -> None:
    """Adds a leg from the hip to a foot `step` metres ahead."""
    low, high = y
    middle = (low + high) / 2
    builder.limb(x, (middle, high), (step / 3 - 0.09, step / 3 + 0.09), "plain", tint)
    builder.limb(x, (low, middle), (step - 0.08, step + 0.08), "plain", tint)
    builder.box(x, (low, low + 0.07), (step - 0.08, step + 0.18), "dark")


def _upper_body(builder: _Body, rng, low, height, lean: float) -> None:
    """Adds coat, arms and head; the shoulders lean `lean` metres forward."""
    shoulder, coat = height - 0.3, builder.cloth(rng)
    wide = rng.uniform(0.19, 0.25)
    middle = (low + shoulder) / 2
    for y, ahead in (((low, middle), lean * 0.35), ((middle, shoulder), lean * 0.8)):
        body = (ahead - 0.12, ahead + 0.12)
        builder.limb((-wide, wide), y, body, "plain", coat, gloss=0.02)
    swing = rng.uniform(-0.15, 0.15)
    for side in (-1, 1):
        x = sorted((side * wide, side * (wide + 0.1)))
        ahead = lean + swing * side
        hand = low if not lean else low + 0.15
        arm = (ahead - 0.06, ahead + 0.06)
        builder.limb(x, (hand, shoulder), arm, "plain", coat * 0.85)
    skin = np.array(_SKIN[rng.integers(len(_SKIN))])
    hair = np.array(_HAIR[rng.integers(len(_HAIR))])
    face = (lean - 0.1, lean + 0.11)
    builder.box((-0.06, 0.06), (shoulder, shoulder + 0.06), face, "plain", skin)
    builder.limb((-0.09, 0.09), (shoulder + 0.05, height - 0.06), face, "plain", skin)
    back = (lean - 0.13, lean + 0.06)
    builder.limb((-0.1, 0.1), (height - 0.16, height), back, "plain", hair)
    if rng.random() < 0.35:
        bag = (lean - 0.28, lean - 0.12)
        where = (-0.16, 0.16), (middle - 0.05, shoulder), bag
        builder.box(*where, "plain", builder.cloth(rng))
