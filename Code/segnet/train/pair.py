"""The two networks of a training: the one that learns, and its judge.

They share layer names and weights. The trained one has the size of the crops, the
recipe's precision and, if the recipe wants them, auxiliary heads; the judge has the
size of the frames, float32 and one output, and is what `best.keras` holds.
"""

import inspect

import keras

from segnet.losses import LowResolution
from segnet.models import MODELS
from segnet.models.build import image_shape, precision
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
    with precision(recipe.precision):
        return MODELS[recipe.model](image_shape(size), num_classes, **heads)


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


def _has_heads(name: str) -> bool:
    return "auxiliary" in inspect.signature(MODELS[name]).parameters
