"""AdamW with averaged weights, and the learning rate over a run."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import ops

from segnet.losses.base import Tensor

POLY_POWER = 0.9
# Steps after which half of the momentum is reached.
AVERAGE_RAMP = 10


@keras.saving.register_keras_serializable("segnet")
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each step; that of the last step is above 0.

    Args:
        peak: Highest rate, reached by the last step of the warm-up.
        steps: All steps, warm-up included.
        warmup_steps: Steps of linear rise from peak / warmup_steps.
        decay: "cosine", or "poly" for (1 - progress) ** 0.9.
    """

    def __init__(self, peak: float, steps: int, warmup_steps: int, decay: str):
        self.peak = peak
        self.steps = steps
        self.warmup_steps = warmup_steps
        self.decay = decay

    def __call__(self, step: Tensor) -> Tensor:
        step = ops.cast(step, "float32")
        rise = (step + 1) / max(self.warmup_steps, 1)
        progress = (step - self.warmup_steps) / max(self.steps - self.warmup_steps, 1)
        progress = ops.clip(progress, 0.0, 1.0)
        if self.decay == "cosine":
            fall = 0.5 * (1 + ops.cos(math.pi * progress))
        else:
            fall = (1 - progress) ** POLY_POWER
        return self.peak * ops.where(step < self.warmup_steps, rise, fall)

    def get_config(self) -> dict[str, Any]:
        return {
            "peak": self.peak,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
            "decay": self.decay,
        }


@keras.saving.register_keras_serializable("segnet")
class AveragedAdamW(keras.optimizers.AdamW):
    """AdamW that also keeps a moving average of the weights.

    `pairs()` gives each variable with its average, `averages` the averages alone.

    The momentum rises as t / (t + 10) up to `momentum`, so that the average follows
    the weights closely at the start; a fixed momentum would keep a share of the random
    first weights for several times 1 / (1 - momentum) steps. Unlike with `use_ema` of
    Keras, the averages are never written into the model.

    Args:
        learning_rate: A rate or a schedule.
        momentum: Share of the old average at each step, below 1.
        **kwargs: As for AdamW.
    """

    def __init__(
        self,
        learning_rate: float | WarmupDecay = 0.001,
        momentum: float = 0.99,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = momentum

    def build(self, variables: Iterable[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        variables = list(variables)
        self.averages = [
            self.add_variable_from_reference(variable, name="average")
            for variable in variables
        ]
        # A function: Keras would take a list of variables for the optimizer's own.
        self.pairs = lambda: zip(variables, self.averages, strict=True)

    def apply(
        self,
        grads: Sequence[Tensor],
        trainable_variables: Sequence[keras.Variable] | None = None,
    ) -> None:
        super().apply(grads, trainable_variables)
        step = ops.cast(self.iterations, "float32") - 1
        momentum = ops.minimum(step / (step + AVERAGE_RAMP), self.momentum)
        for variable, average in self.pairs():
            kept = ops.cast(momentum, average.dtype)
            self.assign(average, kept * average + (1 - kept) * variable)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum}
