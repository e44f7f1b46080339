"""Losses for label maps with void pixels, and the rules that weight classes.

Each takes labels (B, H, W) 0-255 and logits (B, H, W, K), leaves out the pixels of
`ignore_class`, and works in float32 under any precision policy. Losses add up:
`0.8 * WeightedCrossEntropy() + 0.2 * Lovasz()` is a loss.

`LOSSES[name](class_weights, void)` are those a recipe can name.
"""

from collections.abc import Callable

from segnet import recipe
from segnet.losses import named
from segnet.losses.base import ClassWeights, PixelLoss, Sum
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

# A recipe names losses without importing Keras, so the names stand there.
LOSSES: dict[str, Callable[[ClassWeights, int], PixelLoss]] = {
    name: getattr(named, name) for name in recipe.LOSSES
}
