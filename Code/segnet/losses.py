"""Cross-entropy for label maps with void pixels, and the rules that weight classes."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

IDS = 256


@keras.saving.register_keras_serializable("segnet")
class WeightedCrossEntropy(keras.losses.Loss):
    """Weighted mean of the cross-entropy over all pixels that are not void.

    The sum over the batch is divided by the sum of the weights of its pixels, so the
    loss keeps its size whatever the weights are. A batch without a valid pixel gives
    0. A label that is neither a class nor void gives nan. It takes labels (B, H, W)
    0-255 and logits (B, H, W, K), and works in float32 under any precision policy.

    Args:
        class_weights: K weights, at least 0, one of them above; None for all equal.
        ignore_class: The void id, 0 to 255.
        name: The name in logs.

    Raises:
        ValueError: A weight is out of range, or K differs from the logits.
    """

    def __init__(
        self, class_weights=None, ignore_class=255, name="weighted_cross_entropy"
    ):
        super().__init__(name=name, reduction=None)
        if class_weights is not None:
            class_weights = [float(weight) for weight in class_weights]
            if not all(0 <= weight < np.inf for weight in class_weights):
                raise ValueError(f"class weights must be 0 or more: {class_weights}")
            if not any(class_weights):
                raise ValueError("all class weights are 0, nothing is left to learn")
        self.class_weights = class_weights
        self.ignore_class = ignore_class

    def call(self, y_true, y_pred):
        labels = ops.cast(y_true, "int32")
        logits = ops.cast(y_pred, "float32")
        num_classes = logits.shape[-1]
        weights = ops.take(self._weight_of_each_id(num_classes), labels)  # (B, H, W)
        # One-hot and a sum take half the time of a gather, forward and backward.
        # PyTorch accepts -1 for "no class", but no id beyond the classes.
        known = ops.where(labels < num_classes, labels, -1)
        truth = ops.one_hot(known, num_classes, dtype="float32")
        pixel_losses = ops.logsumexp(logits, axis=-1) - ops.sum(truth * logits, axis=-1)
        total = ops.sum(weights)
        safe = ops.where(ops.equal(total, 0.0), 1.0, total)
        return ops.sum(weights * pixel_losses) / safe

    def _weight_of_each_id(self, num_classes: int) -> np.ndarray:
        weights = self.class_weights or [1.0] * num_classes
        if len(weights) != num_classes:
            raise ValueError(
                f"{len(weights)} class weights for logits of {num_classes} classes"
            )
        table = np.full(IDS, np.nan, np.float32)
        table[:num_classes] = weights
        table[self.ignore_class] = 0.0
        return table

    def get_config(self):
        return {
            "class_weights": self.class_weights,
            "ignore_class": self.ignore_class,
            "name": self.name,
        }


def median_frequency_weights(
    pixels: Sequence[int], frames: Sequence[int], cap: float | None = None
) -> np.ndarray:
    """Returns class weights by median frequency balancing, (K,) float64.

    The frequency of a class is its pixels divided by all pixels of the frames that
    hold it; the weight is the median of all frequencies divided by it. A class that
    does not occur has weight 0.

    Args:
        pixels: Pixels of each class, (K,).
        frames: Number of frames that hold each class, (K,); all frames of one size.
        cap: No weight above this.

    Raises:
        ValueError: The shapes differ, or no class occurs.

    Source: Eigen and Fergus, "Predicting Depth, Surface Normals and Semantic Labels
    with a Common Multi-Scale Convolutional Architecture", 2015, section 6.3.2.
    """
    pixels, frames = np.asarray(pixels, np.float64), np.asarray(frames, np.float64)
    present = _present(pixels, frames)
    frequencies = pixels[present] / frames[present]
    return _spread(np.median(frequencies) / frequencies, present, cap)


def enet_weights(
    pixels: Sequence[int], c: float = 1.02, cap: float | None = None
) -> np.ndarray:
    """Returns class weights 1 / ln(c + share of the class), (K,) float64.

    A class that does not occur has weight 0.

    Args:
        pixels: Pixels of each class, (K,).
        c: Above 1; with 1.02 no weight is above 50.5.
        cap: No weight above this.

    Raises:
        ValueError: `c` is not above 1, or no class occurs.

    Source: Paszke et al., "ENet: A Deep Neural Network Architecture for Real-Time
    Semantic Segmentation", 2016, section 5.2.
    """
    if c <= 1:
        raise ValueError(f"c must be above 1, got {c}")
    pixels = np.asarray(pixels, np.float64)
    present = _present(pixels, pixels)
    return _spread(1 / np.log(c + pixels[present] / pixels.sum()), present, cap)


def _present(pixels: np.ndarray, frames: np.ndarray) -> np.ndarray:
    if pixels.shape != frames.shape or pixels.ndim != 1:
        raise ValueError(
            f"pixels {pixels.shape} and frames {frames.shape} must both be (K,)"
        )
    present = (pixels > 0) & (frames > 0)
    if not present.any():
        raise ValueError("no class occurs in these frames, so nothing can be weighted")
    return present


def _spread(weights, present: np.ndarray, cap: float | None) -> np.ndarray:
    """The weights of the present classes at their places, 0 elsewhere."""
    spread = np.zeros(present.shape)
    spread[present] = weights
    return spread if cap is None else np.minimum(spread, cap)
