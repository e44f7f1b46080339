"""Building a network again: in float32, at another size, with another's weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from segnet.models import MODELS
from segnet.recipe import Recipe


def build_inference_model(
    recipe: Recipe, size: tuple[int, int], num_classes: int
) -> keras.Model:
    """Returns the network that is scored and saved, in float32, with one output.

    Args:
        recipe: Names the network.
        size: (H, W) of the frames.
        num_classes: K.
    """
    with precision("float32"):
        return MODELS[recipe.model](image_shape(size), num_classes)


def at_size(model: keras.Model, size: tuple[int, int]) -> keras.Model:
    """Returns a network of this package with the same weights for another size.

    Args:
        model: Named as its builder in `segnet.models.MODELS`.
        size: (H, W); where the model takes it already, the model itself is returned.

    Raises:
        ValueError: The model is none of this package's, so it cannot be built anew.
    """
    own = model.input_shape[1:3]
    if all(a is None or a == b for a, b in zip(own, size, strict=True)):
        return model
    takes = f"{model.name} takes frames of {own[0]}x{own[1]}"
    if model.name not in MODELS:
        raise ValueError(f"{takes} and is no network of this package to be built anew")
    resized = MODELS[model.name](image_shape(size), model.output_shape[-1])
    if _weights_of(model) != _weights_of(resized):
        raise ValueError(
            f"{takes}, and its layers are not those MODELS[{model.name!r}] makes, so "
            f"it cannot be built anew"
        )
    # By name: the order of all weights may depend on the size.
    copy_matching(model, resized)
    return resized


def copy_matching(source: keras.Model, target: keras.Model) -> list[str]:
    """Copies the weights of equally named layers, where their shapes agree.

    Returns:
        The names of the layers that were left as they were.

    Raises:
        ValueError: Less than half of the target's layers that have weights agree:
            another network, of which a few layers would be no start.
    """
    found = {layer.name: layer.get_weights() for layer in source.layers}
    left = []
    for layer in target.layers:
        given = found.get(layer.name, [])
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if [array.shape for array in given] == shapes:
            layer.set_weights(given)
        else:
            left.append(layer.name)
    total = sum(bool(layer.weights) for layer in target.layers)
    if 2 * len(left) > total:
        raise ValueError(
            f"{source.name} and {target.name} have {total - len(left)} of {total} "
            f"layers in common, too few to begin with; take weights of the same network"
        )
    return left


def _weights_of(model: keras.Model) -> dict[str, list[tuple[int, ...]]]:
    """The shapes of the weights of each layer that has some."""
    return {
        layer.name: [tuple(weight.shape) for weight in layer.weights]
        for layer in model.layers
        if layer.weights
    }


def image_shape(size: tuple[int, int]) -> tuple[int, int, int]:
    height, width = (int(side) for side in size)
    return height, width, 3


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Gives layers made inside this dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
