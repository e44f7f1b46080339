"""Losses by name, those of a user included, and the rules that these must keep."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from segnet.losses import LOSSES
from segnet.losses.base import ClassWeights
from segnet.system.own_parts import find_own


def find_loss(name: str) -> Callable[[ClassWeights, int], Any]:
    """Returns the function that makes a loss of class weights and the void id.

    Args:
        name: A key of `LOSSES`, or what `segnet.system.own_parts` takes; losses of a
            user are tried on a few pixels when they are made.

    Raises:
        FileNotFoundError: The user's file is missing.
        ValueError: There is no such loss.
    """
    if name in LOSSES:
        return LOSSES[name]
    part = find_own(name, "losses")
    if part is None:
        raise ValueError(
            f"no loss {name!r}; known are {', '.join(LOSSES)}; one of your own is "
            f"my_losses.py:function"
        )

    def make(weights: ClassWeights, void: int) -> Any:
        loss = part(weights, void)
        if not callable(loss):
            raise ValueError(
                f"{part.text}: it returned a {type(loss).__name__}, expected a loss "
                f"that is called with labels (B, h, w) and logits (B, h, w, K)"
            )
        labels = np.array([[[0, 1], [void, 0]]], np.uint8)  # (1, 2, 2)
        classes = 2 if weights is None else len(weights)
        logits = np.zeros((1, 2, 2, classes), np.float32)
        tried = type(part)(part.text, loss, part.path)
        value = keras.ops.convert_to_numpy(tried(labels, logits))
        if value.size != 1 or not np.isfinite(value).all():
            raise ValueError(
                f"{part.text}: of labels (B, h, w) with void {void} and logits all 0 "
                f"it gives {value.tolist()}, expected one finite number"
            )
        return loss

    return make
