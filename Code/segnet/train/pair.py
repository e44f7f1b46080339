"""The two networks of a run: one is trained, the other is scored and saved.

Their layers have the same names and, after `update_inference_model`, the same weights.

| | training model | inference model |
| --- | --- | --- |
| input | (B, h, w, 3), crops or whole frames | (B, H, W, 3), whole frames |
| outputs | logits, with auxiliary losses those of more heads too | logits |
| precision | the recipe's | float32 |
| weights | those of the last step | averaged, if the recipe averages |
"""

import inspect

import keras

from segnet.losses import LowResolution
from segnet.losses.base import Tensor
from segnet.models import MODELS
from segnet.models.build import image_shape, precision
from segnet.models.own import find_builder
from segnet.models.weight_file import name_variables
from segnet.recipe import Recipe
from segnet.runs.state import AVERAGE, OPTIMIZER
from segnet.train.optimizer import AveragedAdamW


def build_training_model(
    recipe: Recipe, size: tuple[int, int], num_classes: int
) -> keras.Model:
    """Returns the network that is trained, not compiled.

    Args:
        recipe: Names the network, its precision and the weight of auxiliary losses.
        size: (h, w) of the crops, or of the frames where whole ones are trained on.
        num_classes: K.

    Raises:
        ValueError: The recipe has auxiliary losses, and the network no heads for them.
    """
    heads = {"auxiliary": True} if recipe.auxiliary else {}
    if heads and not _has_heads(recipe.model):
        able = ", ".join(filter(_has_heads, sorted(MODELS)))
        raise ValueError(
            f"recipe: auxiliary is {recipe.auxiliary}, but {recipe.model} has no "
            f"auxiliary heads; set it to 0, or take one of {able}"
        )
    with precision(recipe.precision):
        build = find_builder(recipe.model)
        return build(image_shape(size), num_classes, **heads)


def compile_training_model(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: keras.losses.Loss,
    recipe: Recipe,
) -> None:
    """Compiles a training model; its optimizer has all its variables afterwards.

    Args:
        model: As from `build_training_model`.
        optimizer: Built for the model.
        loss: Of labels (B, h, w) and logits (B, h, w, K).
        recipe: Gives the weight of the auxiliary losses and the precision.
    """
    if recipe.precision == "mixed_float16":
        # Keras does this itself only where the outermost model has the policy.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(model.trainable_variables)
    others = len(model.outputs) - 1
    if others:
        # The heads give logits (B, h/s, w/s, K), which see every s-th label.
        losses = [loss] + [LowResolution(loss)] * others
        weights = [1.0] + [recipe.auxiliary] * others
        model.compile(optimizer, losses, loss_weights=weights)
    else:
        model.compile(optimizer, loss)


def for_outputs(model: keras.Model, labels: Tensor) -> Tensor | tuple[Tensor, ...]:
    """Returns the labels once for each output of the model."""
    count = len(model.outputs)
    # A tuple: TensorFlow takes a list for one array.
    return (labels,) * count if count > 1 else labels


def name_state(model: keras.Model) -> dict[str, keras.Variable]:
    """Returns everything that training changes, by the names in `segnet.runs.state`.

    Args:
        model: A compiled training model.

    Raises:
        ValueError: Two variables have one name.
    """
    optimizer = plain_optimizer(model)
    averages = _averages(model)
    named = [
        # The wrapper that augments on the device has no variables of its own.
        *name_variables(getattr(model, "network", model), random_states=True).items(),
        *((f"{AVERAGE}/{name}", average) for name, average in averages.items()),
    ]
    known = {id(average) for average in averages.values()}
    named += [
        (f"{OPTIMIZER}/{variable.name}", variable)
        for variable in optimizer.variables
        if id(variable) not in known
    ]
    if optimizer is not model.optimizer:
        known |= {id(variable) for variable in optimizer.variables}
        named += [
            (f"{OPTIMIZER}/loss_scale/{variable.name}", variable)
            for variable in model.optimizer.variables
            if id(variable) not in known
        ]
    found = dict(named)
    if len(found) != len(model.variables) + len(model.optimizer.variables):
        raise ValueError(
            f"two variables of {model.name} and its optimizer have the same name; give "
            f"its layers names of their own"
        )
    return found


def plain_optimizer(model: keras.Model) -> keras.optimizers.Optimizer:
    """Returns the optimizer of a model without the loss scaling around it."""
    return getattr(model.optimizer, "inner_optimizer", model.optimizer)


def update_inference_model(trained: keras.Model, inference: keras.Model) -> None:
    """Sets the inference model to the current weights, averaged if the run averages.

    Args:
        trained: A compiled training model.
        inference: Has layers of the same names; those that pad or crop, for one of
            the two sizes only, have no weights.
    """
    # By name: the order of all weights may depend on the size.
    sources = name_variables(getattr(trained, "network", trained))
    sources |= _averages(trained)
    for name, target in name_variables(inference).items():
        # A copy: JAX deletes the arrays that a training step replaces.
        target.assign(sources[name].numpy())


def _averages(model: keras.Model) -> dict[str, keras.Variable]:
    """Returns the averaged weights by variable name; none without averages."""
    optimizer = plain_optimizer(model)
    pairs = optimizer.pairs() if isinstance(optimizer, AveragedAdamW) else ()
    average_of = {id(variable): average for variable, average in pairs}
    variables = name_variables(getattr(model, "network", model))
    return {
        name: average_of[id(variable)]
        for name, variable in variables.items()
        if id(variable) in average_of
    }


def _has_heads(name: str) -> bool:
    return "auxiliary" in inspect.signature(find_builder(name)).parameters
