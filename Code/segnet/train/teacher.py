"""Distillation: learning from teachers as well as labels, by `keras.distillation`."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.distillation import DistillationLoss, Distiller

from segnet.losses.base import Tensor, weighted_mean
from segnet.models.build import at_size
from segnet.recipe import Recipe
from segnet.runs.loading import class_names_of, load
from segnet.train.augmented_model import AugmentedModel


class PixelDivergence(DistillationLoss):
    """The divergence of the student's probabilities from the teacher's, a scalar.

    It is the mean Kullback-Leibler divergence of the pixels, 0 for equal logits. Each
    pixel has the mean of the class weights under the teacher's probabilities as its
    weight, so that rare classes count.

    Args:
        class_weights: (K,) weights; None for all equal.
        stride: Use each `stride`-th pixel of each `stride`-th row. The networks of this
            package compute their logits at 1/4 of the resolution.

    Source: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, at
    temperature 1; the weights are ours.
    """

    def __init__(self, class_weights: np.ndarray | None = None, stride: int = 4):
        self.class_weights = class_weights
        self.stride = stride

    def compute_loss(
        self, teacher_outputs: Tensor, student_outputs: Tensor, **kwargs: Any
    ) -> Tensor:
        """Returns the loss of logits (B, H, W, K), both of one shape."""
        # (B, H/stride, W/stride, K)
        wanted, found = self._logs(teacher_outputs), self._logs(student_outputs)
        shares = ops.exp(wanted)
        # (B, H/stride, W/stride)
        divergences = ops.sum(shares * (wanted - found), axis=-1)
        if self.class_weights is None:
            return ops.mean(divergences)
        weights = np.asarray(self.class_weights, np.float32)
        return weighted_mean(divergences, ops.sum(shares * weights, axis=-1))

    def _logs(self, logits: Tensor) -> Tensor:
        """Returns the logarithms of the probabilities of the pixels in use, float32."""
        step = slice(self.stride // 2, None, self.stride)
        return ops.log_softmax(ops.cast(logits[:, step, step], "float32"))


def with_teacher(
    student: keras.Model,
    loss: keras.losses.Loss,
    class_weights: np.ndarray | None,
    recipe: Recipe,
    class_names: list[str],
) -> keras.Model:
    """Returns the model to fit: the student, or one that has its teachers as well.

    Args:
        student: A compiled training model, from (B, h, w, 3) to (B, h, w, K); it keeps
            its optimizer and its weights.
        loss: Of labels (B, h, w) and the student's logits.
        class_weights: (K,) weights for the teachers' part, or None.
        recipe: Names the teachers and their share of the loss.
        class_names: The K names of the student's classes, in order.

    Raises:
        FileNotFoundError: A teacher is missing.
        ValueError: Teachers and student do not fit together.
    """
    if not recipe.teacher:
        return student
    if isinstance(student, AugmentedModel) or len(student.outputs) > 1:
        raise ValueError(
            f"recipe: teachers see what the data threads made and have one output; "
            f"take augment_on cpu and auxiliary 0 with them, not "
            f"{recipe.augment_on} and {recipe.auxiliary}"
        )
    size = student.input_shape[1:3]
    teachers = [at_size(load(name), size) for name in recipe.teacher]
    for name, teacher in zip(recipe.teacher, teachers, strict=True):
        _check_classes(name, teacher.output_shape[-1], class_names)
    learner = Distiller(
        mean_of(teachers),
        student,
        PixelDivergence(class_weights),
        student_loss_weight=1 - recipe.teacher_share,
    )
    learner.compile(student.optimizer, loss)
    return learner


def _check_classes(name: str, num_classes: int, class_names: list[str]) -> None:
    """Refuses a teacher whose classes are not the student's."""
    if num_classes != len(class_names):
        raise ValueError(
            f"the teacher {name} has {num_classes} classes, the student has "
            f"{len(class_names)}"
        )
    known = class_names_of(name) or class_names
    for number, (theirs, ours) in enumerate(zip(known, class_names, strict=True)):
        if theirs != ours:
            raise ValueError(
                f"class {number} of the teacher {name} is {theirs}, the student's is "
                f"{ours}; take a teacher trained on the same classes"
            )


def mean_of(networks: list[keras.Model]) -> keras.Model:
    """Returns a network that averages the probabilities of several.

    Args:
        networks: From (B, h, w, 3) to (B, h, w, K), all alike. A single network is
            returned as it is.
    """
    if len(networks) == 1:
        return networks[0]
    shape, dtype = networks[0].input_shape[1:], networks[0].inputs[0].dtype
    inputs = keras.Input(shape, dtype=dtype)
    # The layers of a network need names of their own, and two teachers may share one.
    named = [
        keras.Sequential([network], name=f"teacher_{number}")
        for number, network in enumerate(networks, start=1)
    ]
    logs = [ops.log_softmax(network(inputs, training=False)) for network in named]
    mean = ops.logsumexp(ops.stack(logs), axis=0) - math.log(len(logs))
    return keras.Model(inputs, mean, name="mean")
