"""Dice and Tversky: the overlap of predicted and true areas, class by class."""

from typing import Any

import keras
import numpy as np
from keras import ops

from segnet.losses.base import PixelLoss, Tensor, softmax


@keras.saving.register_keras_serializable("segnet")
class Tversky(PixelLoss):
    """1 - the mean Tversky index of the classes in the batch.

    The index of a class is TP / (TP + alpha FP + beta FN). TP sums the probability of
    the class over its own pixels, FP over other pixels; FN sums 1 minus it over its
    own. Keras' own takes one-hot labels and no void, and releases up to 3.15 swap alpha
    and beta.

    All classes in the batch count the same; the loss takes no class weights.

    Args:
        alpha: Weight of false positives, at least 0.
        beta: Weight of false negatives, above 0.
        ignore_class: The void id, 0 to 255.
        name: The name in logs.

    Raises:
        ValueError: `alpha` or `beta` is out of range.

    Source: Salehi et al., "Tversky Loss Function for Image Segmentation Using 3D
    Fully Convolutional Deep Networks", 2017, with softmax over K classes.
    """

    def __init__(
        self,
        alpha: float = 0.3,
        beta: float = 0.7,
        ignore_class: int = 255,
        name: str = "tversky",
    ) -> None:
        super().__init__(ignore_class, name)
        if not (0 <= alpha < np.inf and 0 < beta < np.inf):
            raise ValueError(
                f"alpha must be 0 or more and beta above 0, got {alpha} and {beta}"
            )
        self.alpha, self.beta = float(alpha), float(beta)

    def measure(self, truth: Tensor, logits: Tensor, weights: Tensor) -> Tensor:
        pixels = (1, 2, 3)
        probabilities = weights * softmax(logits)  # (K, B, H, W), 0 where void
        hits = ops.sum(truth * probabilities, axis=pixels)  # (K,)
        true = ops.sum(truth, axis=pixels)
        extra = ops.sum(probabilities, axis=pixels) - hits
        present = ops.cast(true > 0, "float32")
        whole = hits + self.alpha * extra + self.beta * (true - hits)
        index = hits / ops.where(true > 0, whole, 1.0)
        return ops.sum(present * (1.0 - index)) / ops.maximum(ops.sum(present), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "beta": self.beta, **super().get_config()}


@keras.saving.register_keras_serializable("segnet")
class Dice(Tversky):
    """1 - the mean Dice coefficient 2 TP / (2 TP + FP + FN): Tversky with halves.

    Keras' own takes one-hot labels and no void; label maps broadcast silently in it.

    Args:
        ignore_class: The void id, 0 to 255.
        name: The name in logs.

    Source: Milletari et al., "V-Net", 2016, with plain sums in the denominator.
    """

    def __init__(self, ignore_class: int = 255, name: str = "dice") -> None:
        super().__init__(0.5, 0.5, ignore_class, name)

    def get_config(self) -> dict[str, Any]:
        return {"ignore_class": self.ignore_class, "name": self.name}
