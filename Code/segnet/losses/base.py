"""The base of all losses: void pixels, one-hot labels, and sums of losses."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import ops

# A tensor of the backend that Keras runs on; no backend is imported for its type.
Tensor = Any
# A weight for each class, (K,); None for all equal.
ClassWeights = Sequence[float] | np.ndarray | None
IDS = 256


class PixelLoss(keras.losses.Loss):
    """One number for labels (B, H, W) 0-255 and logits (B, H, W, K).

    A batch without a valid pixel gives 0; a label that is neither a class nor void
    gives nan, if the loss looks at it. A subclass computes `measure`.

    Args:
        ignore_class: The void id, 0 to 255.
        name: The name in logs.
    """

    def __init__(self, ignore_class: int = 255, name: str | None = None) -> None:
        super().__init__(name=name, reduction=None)
        self.ignore_class = ignore_class

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Returns the loss, a float32 scalar.

        Raises:
            ValueError: Sample weights are given. The loss is one number for all
                pixels at once: give weights to classes, or make pixels void.
        """
        if sample_weight is not None:
            raise ValueError(
                f"{self.name} takes no sample weights; give weights to classes, or "
                f"make pixels void"
            )
        return super().__call__(y_true, y_pred)

    def measure(self, truth: Tensor, logits: Tensor, weights: Tensor) -> Tensor:
        """Returns the loss, a float32 scalar.

        The classes come first: sums over a last axis of a dozen numbers cost a CPU
        half as much again.

        Args:
            truth: (K, B, H, W) float32, one-hot; zeros where a pixel is void.
            logits: (K, B, H, W) float32.
            weights: (B, H, W) float32, the weight of each pixel; 0 where it is void.
        """
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        labels = ops.cast(y_true, "int32")  # (B, H, W)
        logits = ops.cast(y_pred, "float32")  # (B, H, W, K)
        num_classes = logits.shape[-1]
        weights = ops.take(self._weight_of_each_id(num_classes), labels)  # (B, H, W)
        # PyTorch accepts -1 for "no class", but no id beyond the classes.
        known = ops.where(labels < num_classes, labels, -1)
        known = ops.where(labels == self.ignore_class, -1, known)
        truth = ops.one_hot(known, num_classes, axis=0, dtype="float32")
        logits = ops.transpose(logits, (3, 0, 1, 2))  # (K, B, H, W), as truth
        return self.measure(truth, logits, weights)

    def class_table(self, num_classes: int) -> list[float]:
        """Returns the weight of each class, K numbers."""
        return [1.0] * num_classes

    def _weight_of_each_id(self, num_classes: int) -> np.ndarray:
        table = np.full(IDS, np.nan, np.float32)
        table[:num_classes] = self.class_table(num_classes)
        table[self.ignore_class] = 0.0
        return table

    def __add__(self, other: keras.losses.Loss) -> "Sum":
        return Sum([*_terms(self), *_terms(other)])

    def __radd__(self, other: Any) -> Self:
        # `sum` begins with 0.
        return self if other == 0 else NotImplemented

    def __mul__(self, factor: float) -> "Sum":
        return Sum([(factor * share, loss) for share, loss in _terms(self)])

    __rmul__ = __mul__

    def get_config(self) -> dict[str, Any]:
        return {"ignore_class": self.ignore_class, "name": self.name}


@keras.saving.register_keras_serializable("segnet")
class Sum(PixelLoss):
    """A weighted sum of losses; `0.8 * a + 0.2 * b` makes one.

    Args:
        terms: Pairs (factor, loss), each loss called as `loss(labels, logits)`.
        name: The name in logs.

    Raises:
        ValueError: No term is given, or a factor is below 0.
    """

    def __init__(
        self, terms: Sequence[tuple[float, keras.losses.Loss]], name: str = "sum"
    ) -> None:
        super().__init__(name=name)
        self.terms = [(float(factor), loss) for factor, loss in terms]
        factors = [factor for factor, _ in self.terms]
        if not factors or not all(0 <= factor < np.inf for factor in factors):
            raise ValueError(f"a sum needs factors of 0 or more, got {factors}")

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return sum(factor * loss(y_true, y_pred) for factor, loss in self.terms)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        terms = [[factor, serialize(loss)] for factor, loss in self.terms]
        return {"terms": terms, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        restore = keras.saving.deserialize_keras_object
        terms = [(factor, restore(loss)) for factor, loss in config["terms"]]
        return cls(terms, config["name"])


def _terms(loss: keras.losses.Loss) -> list[tuple[float, keras.losses.Loss]]:
    return loss.terms if isinstance(loss, Sum) else [(1.0, loss)]


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Returns the sum of weight times value by the sum of weights; 0 if that is 0."""
    total = ops.sum(weights)
    safe = ops.where(ops.equal(total, 0.0), 1.0, total)
    return ops.sum(weights * values) / safe


def softmax(logits: Tensor) -> Tensor:
    """Returns the probabilities of logits (K, B, H, W).

    TensorFlow's own transposes twice to have K last.
    """
    return ops.exp(logits - ops.logsumexp(logits, axis=0))
