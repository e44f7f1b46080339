"""Test-time augmentation (TTA): the same frame seen mirrored and at several sizes.

It costs a pass of the network for each view, so scores with it are no scores of the
network and stand apart from them.
"""

from collections.abc import Sequence

import keras
from keras import ops

from segnet.models.blocks import MIN_SIZE
from segnet.models.build import at_size

# Below what a float32 softmax gives for a class that is out of the question.
SMALLEST = 1e-30
LARGEST = 8


def averaged(
    model: keras.Model, flip: bool = True, scales: Sequence[float] = (1.0,)
) -> keras.Model:
    """Returns a network whose logits average the class probabilities of several views.

    Args:
        model: From images (B, H, W, 3) uint8 to logits (B, H, W, K), H and W fixed.
        flip: Also look at the mirrored frame, at each scale.
        scales: Factors on H and W, above 0 and up to 8; no scaled side below 64.

    Returns:
        A network from images (B, H, W, 3) uint8 to the logarithm of the mean
        probabilities (B, H, W, K) float32.

    Raises:
        ValueError: There is no scale, one is out of range, or the model cannot be built
            for a scaled size or has none.
    """
    if not scales or not all(0 < scale <= LARGEST for scale in scales):
        raise ValueError(
            f"scales are {tuple(scales)}, expected numbers above 0, up to {LARGEST}"
        )
    size = model.input_shape[1:3]
    if None in size:
        raise ValueError(
            f"{model.name} takes frames of any size; averaging needs a fixed one"
        )
    inputs = keras.Input(model.input_shape[1:], dtype="uint8")
    views = []
    for number, scale in enumerate(scales):
        scaled = tuple(round(scale * side) for side in size)
        if min(scaled) < MIN_SIZE and scale != 1:
            raise ValueError(
                f"scale {scale:g} makes frames of {scaled[0]}x{scaled[1]}, expected at "
                f"least {MIN_SIZE} pixels a side: for these frames of "
                f"{size[0]}x{size[1]}, scales from {MIN_SIZE / min(size):.2f} to "
                f"{LARGEST}"
            )
        network, images = _at_scale(model, scaled, scale), inputs
        if scaled != size:
            # Networks inside a network need names of their own.
            name = f"{model.name}_{number}"
            network = keras.Model(network.inputs, network.outputs[0], name=name)
            images = ops.image.resize(ops.cast(inputs, "float32"), scaled)
            images = ops.cast(ops.round(images), "uint8")
        views.append(_probabilities(network, images, size))
        if flip:
            mirrored = _probabilities(network, ops.flip(images, axis=2), size)
            views.append(ops.flip(mirrored, axis=2))
    mean = sum(views) / len(views)
    outputs = ops.log(ops.maximum(mean, SMALLEST))
    return keras.Model(inputs, outputs, name=f"averaged_{model.name}")


def _at_scale(model: keras.Model, size: tuple[int, int], scale: float) -> keras.Model:
    try:
        return at_size(model, size)
    except ValueError as error:
        raise ValueError(f"scale {scale:g}: {error}") from error


def _probabilities(
    network: keras.Model, images: keras.KerasTensor, size: tuple[int, int]
) -> keras.KerasTensor:
    """Returns (B, H, W, K) float32 of a view, brought to the size of the frame."""
    # Said aloud: a network inside another one may be taken to be training.
    found = ops.softmax(network(images, training=False), axis=-1)
    return found if tuple(found.shape[1:3]) == size else ops.image.resize(found, size)
