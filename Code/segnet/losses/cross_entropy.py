"""Cross-entropy, and two losses that look harder at the pixels that are wrong."""

from typing import Any

import keras
import numpy as np
from keras import ops

from segnet.losses.base import ClassWeights, PixelLoss, Tensor, weighted_mean

# The spacing of float32 from 0.5 to 1.
RESOLUTION = 2.0**-24
HALVINGS = 24


class _ClassWeighted(PixelLoss):
    """A loss whose pixels weigh as much as their class."""

    def __init__(
        self,
        class_weights: ClassWeights = None,
        ignore_class: int = 255,
        name: str | None = None,
    ) -> None:
        super().__init__(ignore_class, name)
        if class_weights is not None:
            class_weights = [float(weight) for weight in class_weights]
            if not all(0 <= weight < np.inf for weight in class_weights):
                raise ValueError(f"class weights must be 0 or more: {class_weights}")
            if not any(class_weights):
                raise ValueError("all class weights are 0, so nothing could be learned")
        self.class_weights = class_weights

    def class_table(self, num_classes: int) -> list[float]:
        weights = self.class_weights or super().class_table(num_classes)
        if len(weights) != num_classes:
            raise ValueError(
                f"{len(weights)} class weights for logits of {num_classes} classes"
            )
        return weights

    def get_config(self) -> dict[str, Any]:
        return {"class_weights": self.class_weights, **super().get_config()}


@keras.saving.register_keras_serializable("segnet")
class WeightedCrossEntropy(_ClassWeighted):
    """Weighted mean of the cross-entropy over all pixels that are not void.

    The sum over the batch is divided by the sum of the weights of its pixels, so the
    loss keeps its size whatever the weights are. A batch without a valid pixel gives
    0. A label that is neither a class nor void gives nan. It takes labels (B, H, W)
    0-255 and logits (B, H, W, K), and works in float32 under any precision policy.
    Keras' own has no class weights for label maps.

    Args:
        class_weights: K weights, at least 0, one of them above; None for all equal.
        ignore_class: The void id, 0 to 255.
        name: The name in logs.

    Raises:
        ValueError: A weight is out of range, or K differs from the logits.
    """

    def __init__(
        self,
        class_weights: ClassWeights = None,
        ignore_class: int = 255,
        name: str = "weighted_cross_entropy",
    ) -> None:
        super().__init__(class_weights, ignore_class, name)

    def measure(self, truth: Tensor, logits: Tensor, weights: Tensor) -> Tensor:
        return weighted_mean(_cross_entropies(truth, logits), weights)


@keras.saving.register_keras_serializable("segnet")
class Focal(_ClassWeighted):
    """Cross-entropy times (1 - p) ** gamma, p the probability of the true class.

    Averaged like `WeightedCrossEntropy`, which it is for gamma 0. Keras' own takes
    one-hot labels and no void.

    Args:
        gamma: At least 0; the higher, the less pixels count that are already right.
        class_weights: K weights, the paper's alpha; None for all equal.
        ignore_class: The void id, 0 to 255.
        name: The name in logs.

    Raises:
        ValueError: `gamma` or a weight is out of range.

    Source: Lin et al., "Focal Loss for Dense Object Detection", 2017, equation 5,
    with softmax for the sigmoid.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        class_weights: ClassWeights = None,
        ignore_class: int = 255,
        name: str = "focal",
    ) -> None:
        super().__init__(class_weights, ignore_class, name)
        if not 0 <= gamma < np.inf:
            raise ValueError(f"gamma must be 0 or more, got {gamma}")
        self.gamma = float(gamma)

    def measure(self, truth: Tensor, logits: Tensor, weights: Tensor) -> Tensor:
        losses = _cross_entropies(truth, logits)  # (B, H, W)
        # Rounding can put p above 1, and a power has no slope at 0.
        missing = ops.maximum(-ops.expm1(-losses), RESOLUTION)
        return weighted_mean(missing**self.gamma * losses, weights)

    def get_config(self) -> dict[str, Any]:
        return {"gamma": self.gamma, **super().get_config()}


@keras.saving.register_keras_serializable("segnet")
class OhemCrossEntropy(_ClassWeighted):
    """Cross-entropy of the hard pixels only (OHEM).

    Hard pixels are those whose true class has a probability below `threshold`, and at
    least the hardest `min_kept` of all valid ones; ties with the last of these are
    kept too. The other pixels count neither in the sum nor in the sum of weights that
    divides it.

    Args:
        threshold: Probability, above 0 and up to 1.
        min_kept: Share of the valid pixels, 0 to 1.
        class_weights: K weights; None for all equal. They do not change which pixels
            are hard.
        ignore_class: The void id, 0 to 255.
        name: The name in logs.

    Raises:
        ValueError: `threshold`, `min_kept` or a weight is out of range.

    Source: Shrivastava et al., "Training Region-based Object Detectors with Online
    Hard Example Mining", 2016; threshold and share as in the public code of BiSeNet.
    """

    def __init__(
        self,
        threshold: float = 0.7,
        min_kept: float = 1 / 16,
        class_weights: ClassWeights = None,
        ignore_class: int = 255,
        name: str = "ohem_cross_entropy",
    ) -> None:
        super().__init__(class_weights, ignore_class, name)
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold must be above 0, up to 1, got {threshold}")
        if not 0 <= min_kept <= 1:
            raise ValueError(f"min_kept must be 0 to 1, got {min_kept}")
        self.threshold = float(threshold)
        self.min_kept = float(min_kept)

    def measure(self, truth: Tensor, logits: Tensor, weights: Tensor) -> Tensor:
        losses = _cross_entropies(truth, logits)  # (B, H, W)
        valid = ops.sum(truth, axis=0) > 0
        # The probability of the true class; 2 puts void behind every pixel.
        sure = ops.where(valid, ops.minimum(ops.exp(-losses), 1.0), 2.0)
        sure = ops.stop_gradient(sure)
        wanted = ops.ceil(self.min_kept * _count(valid))
        below = sure < self.threshold
        limit = ops.cond(
            _count(below) >= wanted,
            lambda: ops.zeros(()),
            lambda: _limit_of(sure, wanted, self.threshold),
        )
        kept = ops.cast(ops.logical_or(below, sure <= limit), "float32")
        return weighted_mean(losses, weights * kept)

    def get_config(self) -> dict[str, Any]:
        own = {"threshold": self.threshold, "min_kept": self.min_kept}
        return {**own, **super().get_config()}


def _cross_entropies(truth: Tensor, logits: Tensor) -> Tensor:
    """Returns the negative logarithm of the true class's probability, (B, H, W)."""
    # A product and a sum take half the time of a gather, forward and backward.
    return ops.logsumexp(logits, axis=0) - ops.sum(truth * logits, axis=0)


def _limit_of(values: Tensor, wanted: Tensor, low: float) -> Tensor:
    """Returns the smallest number from `low` to 1 that `wanted` values do not exceed.

    By bisection: a sort of all pixels takes several times as long as the loss itself.
    It is exact where float32 has its spacing of `RESOLUTION`, from 0.5 to 1.
    """

    def halve(_: Tensor, ends: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        low, high = ends
        middle = (low + high) / 2
        enough = _count(values <= middle) >= wanted
        return ops.where(enough, low, middle), ops.where(enough, middle, high)

    ends = (ops.convert_to_tensor(low, "float32"), ops.ones(()))
    return ops.fori_loop(0, HALVINGS, halve, ends)[1]


def _count(condition: Tensor) -> Tensor:
    """Returns how many are true, exact in float32 up to 2**24."""
    return ops.cast(ops.sum(ops.cast(condition, "int32")), "float32")
