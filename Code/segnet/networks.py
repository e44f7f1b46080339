"""The two networks of a training: the one that learns, and its judge.

They share layer names and weights. The trained one has the size of the crops, the
recipe's precision and, if the recipe wants them, auxiliary heads; the judge has the
size of the frames, float32 and one output, and is what `best.keras` holds.
"""

import inspect
from contextlib import contextmanager

import keras

from segnet.losses import LowResolution
from segnet.models import MODELS
from segnet.recipe import Recipe


def build_trained(
    recipe: Recipe, size: tuple[int, int], num_classes: int
) -> keras.Model:
    """Returns the network that learns, not compiled.

    Args:
        recipe: Names the network, its precision and the weight of auxiliary losses.
        size: (H, W) of what it is trained on.
        num_classes: K.

    Raises:
        ValueError: Auxiliary losses are wanted of a network without such heads.
    """
    heads = {"auxiliary": True} if recipe.auxiliary else {}
    if heads and not _has_heads(recipe.model):
        able = ", ".join(filter(_has_heads, sorted(MODELS)))
        raise ValueError(
            f"recipe: auxiliary is {recipe.auxiliary}, but {recipe.model} has no "
            f"auxiliary heads; set it to 0, or take one of {able}"
        )
    with _precision(recipe.precision):
        return MODELS[recipe.model](_shape(size), num_classes, **heads)


def build_judge(recipe: Recipe, size: tuple[int, int], num_classes: int) -> keras.Model:
    """Returns the network that is scored and kept, always in float32.

    Args:
        recipe: Names the network.
        size: (H, W) of the frames.
        num_classes: K.
    """
    with _precision("float32"):
        return MODELS[recipe.model](_shape(size), num_classes)


def compile_trained(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: keras.losses.Loss,
    recipe: Recipe,
) -> None:
    """Compiles a network that learns; its optimizer has all its variables afterwards.

    Args:
        model: As from `build_trained`.
        optimizer: Built for the model.
        loss: For labels and logits of one size.
        recipe: Tells the weight of the auxiliary losses and the precision.
    """
    if recipe.precision == "mixed_float16":
        # Keras does this itself only where the outermost model has the policy.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(model.trainable_variables)
    others = len(model.outputs) - 1
    if others:
        losses = [loss] + [LowResolution(loss)] * others
        weights = [1.0] + [recipe.auxiliary] * others
        model.compile(optimizer, losses, loss_weights=weights)
    else:
        model.compile(optimizer, loss)


def for_outputs(model: keras.Model, labels):
    """Returns the labels once for each output of the model."""
    count = len(model.outputs)
    # A tuple: TensorFlow takes a list for one array.
    return (labels,) * count if count > 1 else labels


def hand_over(trained: keras.Model, judge: keras.Model) -> None:
    """Gives the judge the current weights: averaged, where there is an average.

    By the names of the layers: the order of all weights may depend on the size.
    """
    optimizer = getattr(trained.optimizer, "inner_optimizer", trained.optimizer)
    averages = getattr(optimizer, "averages", [])
    pairs = zip(trained.trainable_variables, averages, strict=bool(averages))
    average_of = {id(variable): average for variable, average in pairs}
    for layer in judge.layers:
        if not layer.weights:
            # Padding and cropping are there for some sizes only.
            continue
        sources = trained.get_layer(layer.name).weights
        for target, source in zip(layer.weights, sources, strict=True):
            # A copy: JAX deletes the arrays that a training step replaces.
            target.assign(average_of.get(id(source), source).numpy())


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
    resized = MODELS[model.name](_shape(size), model.output_shape[-1])
    if _weights_of(model) != _weights_of(resized):
        raise ValueError(
            f"{takes}, and its layers are not those MODELS[{model.name!r}] makes, so "
            f"it cannot be built anew"
        )
    # By name: the order of all weights may depend on the size.
    copy_matching(model, resized)
    return resized


def _weights_of(model: keras.Model) -> dict[str, list[tuple[int, ...]]]:
    """The shapes of the weights of each layer that has some."""
    return {
        layer.name: [tuple(weight.shape) for weight in layer.weights]
        for layer in model.layers
        if layer.weights
    }


def _has_heads(name: str) -> bool:
    return "auxiliary" in inspect.signature(MODELS[name]).parameters


def _shape(size: tuple[int, int]) -> tuple[int, int, int]:
    height, width = (int(side) for side in size)
    return height, width, 3


@contextmanager
def _precision(policy: str):
    """Layers that are made inside have this dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
