"""The losses that a recipe can name: a function for each of `segnet.recipe.LOSSES`.

Each takes the class weights, (K,) or None for all equal, and the void id.
"""

from segnet.losses.base import ClassWeights, PixelLoss, Sum
from segnet.losses.cross_entropy import Focal, OhemCrossEntropy, WeightedCrossEntropy
from segnet.losses.lovasz import Lovasz
from segnet.losses.overlap import Dice


def cross_entropy(class_weights: ClassWeights, void: int) -> PixelLoss:
    """Returns the weighted cross-entropy."""
    return WeightedCrossEntropy(class_weights, void)


def focal(class_weights: ClassWeights, void: int) -> PixelLoss:
    """Returns the focal loss with gamma 2."""
    return Focal(class_weights=class_weights, ignore_class=void)


def ohem(class_weights: ClassWeights, void: int) -> PixelLoss:
    """Returns the cross-entropy of the hard pixels."""
    return OhemCrossEntropy(class_weights=class_weights, ignore_class=void)


def lovasz(class_weights: ClassWeights, void: int) -> PixelLoss:
    """Returns 0.8 cross-entropy + 0.2 Lovász-softmax.

    Lovász alone does not train from scratch. It looks at one pixel in sixteen, at a
    sixteenth of the cost; that still touches every cell of logits computed at 1/4.
    """
    pixelwise = WeightedCrossEntropy(class_weights, void)
    return Sum([(0.8, pixelwise), (0.2, Lovasz(void, stride=4))])


def dice(class_weights: ClassWeights, void: int) -> PixelLoss:
    """Returns cross-entropy + Dice in equal shares, as nnU-Net (Isensee et al., 2021).

    The class weights are those of the cross-entropy only.
    """
    return WeightedCrossEntropy(class_weights, void) + Dice(void)
