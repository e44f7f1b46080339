"""The loss of logits that are smaller than the labels."""

import keras
import numpy as np
from keras import ops


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

    def __init__(self, loss: keras.losses.Loss, name="low_resolution"):
        super().__init__(name=name, reduction=None)
        self.loss = loss

    def call(self, y_true, y_pred):
        for axis in (1, 2):
            rows = _middles(y_true.shape[axis], y_pred.shape[axis])
            y_true = ops.take(y_true, rows, axis=axis)
        return self.loss(y_true, y_pred)

    def get_config(self):
        return {
            "loss": keras.saving.serialize_keras_object(self.loss),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        loss = keras.saving.deserialize_keras_object(config["loss"])
        return cls(loss, config["name"])


def _middles(pixels: int, cells: int) -> np.ndarray:
    """The pixel in the middle of each cell, (cells,) int; the last pixel at most."""
    side = 2 ** int(np.ceil(np.log2(pixels / cells)))
    return np.minimum(np.arange(cells) * side + side // 2, pixels - 1)
