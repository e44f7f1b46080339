"""Lovász-softmax: a convex stand-in for the IoU of each class."""

from typing import Any

import keras
from keras import ops

from segnet.losses.base import PixelLoss, Tensor, softmax

BINS = 1024


@keras.saving.register_keras_serializable("segnet")
class Lovasz(PixelLoss):
    """Mean over the classes in the batch of the Lovász extension of 1 - IoU.

    The published algorithm sorts the errors of all pixels for each class. Here they
    are counted in 1024 bins, which takes a fraction of the time: only the order of a
    class's errors within a bin is lost. The loss differs from the sorted one by less
    than 1 / 1024, and not at all if no two errors share a bin.

    All classes in the batch count the same; the loss takes no class weights.

    Args:
        ignore_class: The void id, 0 to 255.
        stride: Use each `stride`-th pixel of each `stride`-th row; 1 for all.
        name: The name in logs.

    Raises:
        ValueError: `stride` is below 1.

    Source: Berman et al., "The Lovász-Softmax Loss", 2018, algorithm 1; over the
    batch, classes "present".
    """

    def __init__(
        self, ignore_class: int = 255, stride: int = 1, name: str = "lovasz"
    ) -> None:
        super().__init__(ignore_class, name)
        if stride < 1:
            raise ValueError(f"stride must be 1 or more, got {stride}")
        self.stride = stride

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        step = slice(self.stride // 2, None, self.stride)
        return super().call(y_true[:, step, step], y_pred[:, step, step])

    def measure(self, truth: Tensor, logits: Tensor, weights: Tensor) -> Tensor:
        num_classes = truth.shape[0]
        probabilities = softmax(logits)
        errors = ops.where(truth > 0, 1.0 - probabilities, probabilities)
        # Two histograms for each class: of other pixels, then of its own.
        rows = 2 * ops.arange(num_classes, dtype="int32")[:, None, None, None]
        rows = rows + ops.cast(truth, "int32")  # (K, B, H, W)
        bins = ops.cast(ops.stop_gradient(errors) * BINS, "int32")
        places = rows * BINS + ops.clip(bins, 0, BINS - 1)  # (K, B, H, W)
        counted = ops.broadcast_to(ops.cast(weights > 0, "int32"), ops.shape(places))
        counts = ops.segment_sum(
            ops.reshape(counted, (-1,)),
            ops.reshape(places, (-1,)),
            num_segments=2 * num_classes * BINS,
        )
        counts = ops.cast(ops.reshape(counts, (num_classes, 2, BINS)), "float32")
        # The loss is linear in the errors as long as their order stays.
        slopes = ops.reshape(ops.stop_gradient(_slopes(counts)), (-1,))
        return ops.sum(weights * errors * ops.take(slopes, places))

    def get_config(self) -> dict[str, Any]:
        return {"stride": self.stride, **super().get_config()}


def _slopes(counts: Tensor) -> Tensor:
    """Returns how much the loss rises with the error of one pixel, (K, 2, BINS).

    With P pixels of the class, the set of the largest errors, F of the class and G of
    others, costs (F + G) / (P + G), which is 1 - IoU if all of them are wrong. A pixel
    raises the loss by what it adds to the set of those with larger errors; within a
    bin, pixels of the class come first.

    Args:
        counts: (K, 2, BINS) float32, pixels of other classes and of the class by
            their error.
    """
    above = ops.sum(counts, axis=-1, keepdims=True) - ops.cumsum(counts, axis=-1)
    others, own = above[:, 0], above[:, 1]  # (K, BINS)
    own_here = own + counts[:, 1]
    others_here = others + counts[:, 0]
    total = ops.sum(counts[:, 1], axis=-1, keepdims=True)  # (K, 1)
    present = ops.cast(total > 0, "float32")
    share = present / ops.maximum(ops.sum(present), 1.0)
    union = ops.maximum(total + others, 1.0)
    of_own = share / union
    of_others = of_own * (total - own_here) / ops.maximum(total + others_here, 1.0)
    return ops.stack([of_others, of_own], axis=1)  # (K, 2, BINS)
