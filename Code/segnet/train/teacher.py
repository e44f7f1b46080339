"""Learning from teachers beside the labels, with `keras.distillation`."""

import math

import keras
import numpy as np
from keras import ops
from keras.distillation import DistillationLoss, Distiller

from segnet.losses.base import weighted_mean
from segnet.models.build import at_size
from segnet.recipe import Recipe
from segnet.runs.loading import class_names_of, load
from segnet.train.augmented_model import AugmentedModel


class PixelDivergence(DistillationLoss):
    """How far the student's probabilities are from the teacher's, a scalar.

    The mean Kullback-Leibler divergence over the pixels, each of which weighs what its
    class is expected to, by the teacher's probabilities. That is 0 for equal logits,
    as it is without weights, but rare classes are heard.

    Args:
        class_weights: K weights; None for all equal.
        stride: Use each `stride`-th pixel of each `stride`-th row; our networks compute
            their logits at 1/4.

    Source: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, at
    temperature 1; the weights are ours.
    """

    def __init__(self, class_weights: np.ndarray | None = None, stride: int = 4):
        self.class_weights = class_weights
        self.stride = stride

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        """Returns the loss of logits (B, H, W, K), both of one shape."""
        wanted, found = self._logs(teacher_outputs), self._logs(student_outputs)
        shares = ops.exp(wanted)
        divergences = ops.sum(shares * (wanted - found), axis=-1)
        if self.class_weights is None:
            return ops.mean(divergences)
        weights = np.asarray(self.class_weights, np.float32)
        return weighted_mean(divergences, ops.sum(shares * weights, axis=-1))

    def _logs(self, logits):
        """The logarithms of the probabilities (B, h, w, K), float32."""
        step = slice(self.stride // 2, None, self.stride)
        return ops.log_softmax(ops.cast(logits[:, step, step], "float32"))


def with_teacher(
    student: keras.Model,
    loss: keras.losses.Loss,
    class_weights: np.ndarray | None,
    recipe: Recipe,
    classes: list[str],
) -> keras.Model:
    """Returns what to fit: the student, or with its teachers around it.

    Args:
        student: Compiled; it keeps its optimizer and all that is learnt.
        loss: Of labels and the student's logits.
        class_weights: K weights for the teachers' part, or None.
        recipe: Names the teachers and their share of the loss.
        classes: The K names of the student's classes, in order.

    Raises:
        FileNotFoundError: A teacher is not there.
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
        _check_classes(name, teacher.output_shape[-1], classes)
    learner = Distiller(
        mean_of(teachers),
        student,
        PixelDivergence(class_weights),
        student_loss_weight=1 - recipe.teacher_share,
    )
    learner.compile(student.optimizer, loss)
    return learner


def _check_classes(name: str, count: int, classes: list[str]) -> None:
    """Raises ValueError where a teacher's classes are not the student's."""
    if count != len(classes):
        raise ValueError(
            f"the teacher {name} knows {count} classes, the student {len(classes)}"
        )
    known = class_names_of(name) or classes
    for number, (theirs, ours) in enumerate(zip(known, classes, strict=True)):
        if theirs != ours:
            raise ValueError(
                f"class {number} of the teacher {name} is {theirs}, the student's is "
                f"{ours}; take a teacher trained on the same classes"
            )


def mean_of(networks: list[keras.Model]) -> keras.Model:
    """Returns a network whose probabilities are the mean of those of several.

    Args:
        networks: Of one input and output shape. One alone is returned as it is.
    """
    if len(networks) == 1:
        return networks[0]
    shape, dtype = networks[0].input_shape[1:], networks[0].inputs[0].dtype
    inputs = keras.Input(shape, dtype=dtype)
    # Two of a kind have one name, and the layers of a network must have several.
    named = [
        keras.Sequential([network], name=f"teacher_{number}")
        for number, network in enumerate(networks, start=1)
    ]
    logs = [ops.log_softmax(network(inputs, training=False)) for network in named]
    mean = ops.logsumexp(ops.stack(logs), axis=0) - math.log(len(logs))
    return keras.Model(inputs, mean, name="mean")
