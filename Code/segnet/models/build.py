"""Building a network again: in float32, for another size, with given weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from segnet.models import check_network
from segnet.models.builders import MODELS
from segnet.models.own import find_builder
from segnet.recipe import Recipe


def build_inference_model(
    recipe: Recipe, size: tuple[int, int], num_classes: int
) -> keras.Model:
    """Returns the network that is scored and saved, in float32, with one output.

    Args:
        recipe: Names the network.
        size: (H, W) of the frames.
        num_classes: K.

    Raises:
        ValueError: The recipe names no network of this package.
    """
    check_network(recipe.model)
    with precision("float32"):
        return find_builder(recipe.model)(image_shape(size), num_classes)


def at_size(model: keras.Model, size: tuple[int, int]) -> keras.Model:
    """Returns a network of this package with the same weights for another size.

    Args:
        model: Named as its builder in `segnet.models.MODELS`.
        size: (H, W); where the model takes it already, the model itself is returned.

    Raises:
        ValueError: The model is not of this package, so it cannot be built again.
    """
    own = model.input_shape[1:3]
    if all(a is None or a == b for a, b in zip(own, size, strict=True)):
        return model
    takes = f"{model.name} takes frames of {own[0]}x{own[1]}"
    if model.name not in MODELS:
        raise ValueError(
            f"{takes} and is no network of this package, so it cannot be built again"
        )
    resized = MODELS[model.name](image_shape(size), model.output_shape[-1])
    if _weights_of(model) != _weights_of(resized):
        raise ValueError(
            f"{takes}, and its layers are not those MODELS[{model.name!r}] makes, so "
            f"it cannot be built again"
        )
    # By name: the order of all weights may depend on the size.
    copy_matching(model, resized)
    return resized


def copy_matching(source: keras.Model, target: keras.Model) -> list[str]:
    """Copies the weights of layers with the same name and the same shapes.

    Returns:
        The names of the target's other layers, which stay as they were.

    Raises:
        ValueError: Fewer than half of the target's layers with weights would get
            theirs, as from another network.
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
            f"layers in common, too few to start from; take weights of the same network"
        )
    return left


def _weights_of(model: keras.Model) -> dict[str, list[tuple[int, ...]]]:
    """The shapes of the weights of each layer that has any."""
    return {
        layer.name: [tuple(weight.shape) for weight in layer.weights]
        for layer in model.layers
        if layer.weights
    }


def image_shape(size: tuple[int, int]) -> tuple[int, int, int]:
    """Returns (H, W, 3) for a size (H, W)."""
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
