"""The loss of logits that are smaller than the labels."""

from typing import Any, Self

import keras
import numpy as np
from keras import ops

from segnet.losses.base import Tensor


@keras.saving.register_keras_serializable("segnet")
class LowResolution(keras.losses.Loss):
    """A loss of logits (B, h, w, K) for labels (B, H, W), for auxiliary heads.

    A cell of logits stands for a square of 2, 4, 8, ... pixels, the last ones of a row
    or column for fewer, and is compared with the label in the middle of it. Enlarging
    the logits instead would cost as much as a second classifier at full size.

    Args:
        loss: A loss for labels and logits of one size.
        name: The name in logs.
    """

    def __init__(self, loss: keras.losses.Loss, name: str = "low_resolution") -> None:
        super().__init__(name=name, reduction=None)
        self.loss = loss

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        for axis in (1, 2):
            middles = _middles(y_true.shape[axis], y_pred.shape[axis])
            y_true = ops.take(y_true, middles, axis=axis)
        # (B, h, w) and (B, h, w, K)
        return self.loss(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {
            "loss": keras.saving.serialize_keras_object(self.loss),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        loss = keras.saving.deserialize_keras_object(config["loss"])
        return cls(loss, config["name"])


def _middles(pixels: int, cells: int) -> np.ndarray:
    """Returns the pixel in the middle of each cell, (cells,) int, at most the last."""
    side = 2 ** int(np.ceil(np.log2(pixels / cells)))
    return np.minimum(np.arange(cells) * side + side // 2, pixels - 1)
