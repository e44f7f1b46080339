"""Networks by name, those of a user included, and the rules that these must keep."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from segnet.models.builders import MODELS
from segnet.system.own_parts import OwnPart, find_own


def find_builder(name: str) -> Callable[..., keras.Model]:
    """Returns the function that builds a network.

    Args:
        name: A key of `MODELS`, or what `segnet.system.own_parts` takes; networks of a
            user are checked when they are built.

    Raises:
        FileNotFoundError: The user's file is missing.
        ValueError: There is no such network.
    """
    if name in MODELS:
        return MODELS[name]
    part = find_own(name, "models")
    if part is None:
        raise ValueError(
            f"no network {name!r}; known are {', '.join(sorted(MODELS))}; one of your "
            f"own is my_nets.py:function"
        )
    return _Checked(part)


class _Checked:
    """Calls a user's builder and checks the network."""

    def __init__(self, part: OwnPart):
        self.part = part
        # `inspect.signature` then shows the arguments of the user's function.
        self.__wrapped__ = part.function

    def __call__(
        self, input_shape: Sequence[int], num_classes: int, **options: Any
    ) -> keras.Model:
        model = self.part(tuple(input_shape), num_classes, **options)
        fault = _fault(model, tuple(input_shape), num_classes)
        if not fault:
            again = self.part(tuple(input_shape), num_classes, **options)
            fault = _names_that_change(model, again)
        if fault:
            raise ValueError(f"{self.part.text}: {fault}")
        return model


def _fault(model: Any, shape: tuple[int, ...], num_classes: int) -> str:
    """Returns the rule that a network breaks, "" where it keeps all."""
    if not isinstance(model, keras.Model):
        return f"it returned a {type(model).__name__}, expected a keras.Model"
    if not getattr(model, "inputs", None) or len(model.inputs) != 1:
        return "its network has no single input; build it by keras.Model(input, output)"
    found = tuple(model.inputs[0].shape)
    if found not in ((None, *shape), (None, None, None, 3)):
        return f"its input is {found}, expected {(None, *shape)}"
    if model.inputs[0].dtype != "uint8":
        return (
            f"its input is {model.inputs[0].dtype}, expected uint8, values 0 to 255: "
            f'keras.Input(input_shape, dtype="uint8"), then keras.layers.Rescaling'
        )
    output = model.outputs[0]
    height, width, channels = output.shape[1:] if len(output.shape) == 4 else (0, 0, 0)
    if channels != num_classes:
        return (
            f"its output is {tuple(output.shape)}, expected logits "
            f"{(None, *shape[:2], num_classes)}: a channel a class, no argmax"
        )
    if (height, width) not in (tuple(shape[:2]), (None, None)):
        return (
            f"its output is {height}x{width}, its input {shape[0]}x{shape[1]}: enlarge "
            f"the logits to the size of the input, by keras.layers.Resizing or "
            f"UpSampling2D"
        )
    return ""


def _names_that_change(model: keras.Model, again: keras.Model) -> str:
    """Says which layers have other names in a second network of the same builder.

    One network is trained and another one scored, and names tell which weights are
    the same.
    """
    own, other = (
        [layer.name for layer in network.layers if layer.weights]
        for network in (model, again)
    )
    changed = [name for name in own if name not in other]
    if not changed:
        return ""
    return (
        f"layers without a name of their own, such as {', '.join(changed[:3])}: give "
        f'each layer with weights one, as in Conv2D(..., name="stem")'
    )
