"""The networks, their shipped weights by name, and what they cost.

`MODELS[name](input_shape, num_classes) -> keras.Model` builds one, `load(name)` returns
one with its shipped weights.

Every model takes uint8 RGB images (B, H, W, 3) with values 0-255 and returns float32
logits (B, H, W, K) at the same size.
"""

from collections.abc import Callable
from pathlib import Path

import keras

from segnet.models.edgesegnet import edgesegnet
from segnet.models.fast_scnn import fast_scnn
from segnet.models.reference_edgesegnet import reference_edgesegnet
from segnet.models.reference_multibranch import reference_multibranch
from segnet.models.shipped import build_shipped
from segnet.models.slim import slim

# Builders by name, called as `MODELS[name](input_shape, num_classes)`.
MODELS: dict[str, Callable[..., keras.Model]] = {
    "reference_multibranch": reference_multibranch,
    "reference_edgesegnet": reference_edgesegnet,
    "slim": slim,
    "edgesegnet": edgesegnet,
    "fast_scnn": fast_scnn,
}


def load(
    name: str,
    input_shape: tuple[int, int, int] | None = None,
    folder: str | Path | None = None,
) -> keras.Model:
    """Returns a network with shipped weights, of stock layers only.

    Args:
        name: A name that `segnet models` lists, for example "slim_camvid11".
        input_shape: (H, W, 3), H and W at least 64; by default the size of the frames
            that the weights were trained on.
        folder: A folder that `segnet pack --folder` wrote; by default the weights of
            this package.

    Returns:
        A model from images (B, H, W, 3) uint8 0-255 to logits (B, H, W, K) float32.

    Raises:
        FileNotFoundError: The file of the weights is missing.
        ValueError: No weights have this name, the file is not the one in the index, or
            the network cannot have this size.
    """
    return build_shipped(name, MODELS, input_shape, folder)
