"""Losses for label maps with void pixels, and the rules that weight classes.

Each takes labels (B, H, W) 0-255 and logits (B, H, W, K), leaves out the pixels of
`ignore_class`, and works in float32 under any precision policy. Losses add up:
`0.8 * WeightedCrossEntropy() + 0.2 * Lovasz()` is a loss.

`LOSSES[name](class_weights, void)` are those a recipe can name.
"""

from segnet.losses.base import PixelLoss, Sum
from segnet.losses.class_weights import enet_weights, median_frequency_weights
from segnet.losses.cross_entropy import Focal, OhemCrossEntropy, WeightedCrossEntropy
from segnet.losses.lovasz import Lovasz
from segnet.losses.low_resolution import LowResolution
from segnet.losses.overlap import Dice, Tversky

__all__ = [
    "LOSSES",
    "Dice",
    "Focal",
    "OhemCrossEntropy",
    "Lovasz",
    "LowResolution",
    "PixelLoss",
    "Sum",
    "Tversky",
    "WeightedCrossEntropy",
    "enet_weights",
    "median_frequency_weights",
]


def _focal(weights, void: int) -> Focal:
    return Focal(class_weights=weights, ignore_class=void)


def _ohem(weights, void: int) -> OhemCrossEntropy:
    return OhemCrossEntropy(class_weights=weights, ignore_class=void)


def _with_lovasz(weights, void: int) -> Sum:
    # Alone it does not train from scratch. A sixteenth of the pixels costs a sixteenth,
    # and touches every cell of logits that were computed at 1/4.
    return 0.8 * WeightedCrossEntropy(weights, void) + 0.2 * Lovasz(void, stride=4)


def _with_dice(weights, void: int) -> Sum:
    # Equal shares, as in nnU-Net (Isensee et al., 2021).
    return WeightedCrossEntropy(weights, void) + Dice(void)


LOSSES = {
    "cross_entropy": WeightedCrossEntropy,
    "focal": _focal,
    "ohem": _ohem,
    "lovasz": _with_lovasz,
    "dice": _with_dice,
}
