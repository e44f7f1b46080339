"""Scores of a segmentation: one confusion matrix for a whole split, divided once.

Void pixels are dropped before counting. A class without a single labelled pixel is
absent: it is left out of every mean and listed. Predicting it still counts against the
class whose pixels it takes.

`confusion`, `iou` and `scores` (NumPy, int64) compute the numbers of a report;
`MeanIoU` keeps the same matrix while Keras evaluates.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

# Two int32 words make one counter: JAX has no int64 by default.
WORD = 2**30


def confusion(
    labels: np.ndarray,
    predictions: np.ndarray,
    num_classes: int,
    void: int = 255,
    other: bool = False,
) -> np.ndarray:
    """Returns the confusion matrix, (K, K) int64: rows labels, columns predictions.

    Args:
        labels: Class ids of any shape, 0 to K-1 or `void`.
        predictions: Class ids of the same shape, 0 to K-1.
        num_classes: K.
        void: Pixels with this label are not counted.
        other: Predictions may also be K: a class outside the labels, wrong everywhere.
            The matrix is then (K, K+1), with these in the last column.

    Raises:
        ValueError: The shapes differ or an id is out of range.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape:
        raise ValueError(
            f"labels {labels.shape} and predictions {predictions.shape} must have one "
            f"shape; did you forget the argmax over the logits?"
        )
    valid = labels != void
    labels, predictions = labels[valid], predictions[valid]
    columns = num_classes + other
    for name, ids, count in (
        ("label", labels, num_classes),
        ("prediction", predictions, columns),
    ):
        wrong = ids[(ids < 0) | (ids >= count)]
        if wrong.size:
            raise ValueError(
                f"{name} {wrong[0]} in {wrong.size} pixels is outside 0 to "
                f"{count - 1}, and void is {void}"
            )
    pairs = labels.astype(np.intp) * columns + predictions.astype(np.intp)
    counts = np.bincount(pairs, minlength=num_classes * columns)
    return counts.reshape(num_classes, columns).astype(np.int64)


def iou(matrix: np.ndarray) -> np.ndarray:
    """Returns the intersection over union of each class, (K,) float64 in 0 to 1.

    An absent class, one without a labelled pixel, has nan.

    Args:
        matrix: (K, K) confusion matrix, rows labels; or (K, K+1), with predictions of
            no class in the last column, each a miss of its row's class.

    Raises:
        ValueError: The matrix has another shape.
    """
    hits, truth, union = _parts(matrix)
    return np.divide(hits, union, out=np.full(hits.shape, np.nan), where=truth > 0)


@dataclass(frozen=True)
class Scores:
    """The scores of one confusion matrix; nan where nothing was counted.

    Args:
        miou: Mean of `per_class` over the classes that are not absent.
        per_class: (K,) float64, nan for an absent class.
        absent: Ids of the classes without a labelled pixel.
        pixel_accuracy: Share of the pixels that are right.
        frequency_weighted_iou: Mean of `per_class` weighted by labelled pixels.
    """

    miou: float
    per_class: np.ndarray
    absent: tuple[int, ...]
    pixel_accuracy: float
    frequency_weighted_iou: float


def scores(matrix: np.ndarray) -> Scores:
    """Returns all scores of a confusion matrix.

    Args:
        matrix: (K, K) or (K, K+1) confusion matrix, as for `iou`.

    Raises:
        ValueError: The matrix has another shape.
    """
    hits, truth, _ = _parts(matrix)
    per_class = iou(matrix)
    present = truth > 0
    if not present.any():
        nothing = tuple(range(len(truth)))
        return Scores(np.nan, per_class, nothing, np.nan, np.nan)
    shares = truth / truth.sum()
    return Scores(
        miou=float(per_class[present].mean()),
        per_class=per_class,
        absent=tuple(int(k) for k in np.flatnonzero(~present)),
        pixel_accuracy=float(hits.sum() / truth.sum()),
        frequency_weighted_iou=float((shares[present] * per_class[present]).sum()),
    )


def _parts(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[1] - matrix.shape[0] not in (0, 1):
        raise ValueError(
            f"a confusion matrix is (K, K) or (K, K+1), got {matrix.shape}"
        )
    hits, truth = np.diag(matrix).astype(np.float64), matrix.sum(1)
    return hits, truth, truth + matrix.sum(0)[: len(truth)] - np.diag(matrix)


@keras.saving.register_keras_serializable("segnet")
class MeanIoU(keras.metrics.Metric):
    """Mean IoU over all pixels seen since the last reset, as a Keras metric.

    It takes labels (B, H, W) and logits (B, H, W, K). A compiled step cannot raise, so
    after a label that is neither a class nor `ignore_class`, `result` is nan and
    `matrix` raises. H times W must stay below 2**24, where float32 stops
    counting exactly.

    Args:
        num_classes: K.
        ignore_class: The void id.
        name: The name in logs.
    """

    def __init__(
        self,
        num_classes: int,
        ignore_class: int = 255,
        name: str = "miou",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_classes = num_classes
        self.ignore_class = ignore_class
        # The last row counts labels that are no class.
        shape = (num_classes + 1, num_classes)
        for word in ("low", "high"):
            weight = self.add_weight(
                shape=shape, initializer="zeros", dtype="int32", name=word
            )
            setattr(self, word, weight)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if sample_weight is not None:
            raise ValueError("MeanIoU counts pixels; it takes no sample_weight")
        counts = self.low + self._count(y_true, y_pred)
        carry = counts // WORD
        self.low.assign(counts - carry * WORD)
        self.high.assign(self.high + carry)

    def _count(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the pixel counts of one batch, (K+1, K) int32."""
        num_classes = self.num_classes
        labels = ops.cast(y_true, "int32")  # (B, H, W)
        stray = ops.logical_or(labels < 0, labels >= num_classes)
        rows = ops.where(stray, num_classes, labels)
        rows = ops.where(labels == self.ignore_class, -1, rows)
        # top_k finds the largest logit several times faster than argmax does.
        columns = ops.squeeze(ops.top_k(y_pred, 1)[1], -1)  # (B, H, W)
        batch = ops.shape(rows)[0]
        rows = ops.one_hot(
            ops.reshape(rows, (batch, -1)), num_classes + 1, dtype="float32"
        )  # (B, H * W, K+1), zeros where void
        columns = ops.one_hot(
            ops.reshape(columns, (batch, -1)), num_classes, dtype="float32"
        )  # (B, H * W, K)
        # (B, K+1, K): an image at a time, because float32 counts exactly to 2**24 only.
        per_image = ops.matmul(ops.transpose(rows, (0, 2, 1)), columns)
        return ops.sum(ops.cast(per_image, "int32"), axis=0)

    def result(self) -> Any:
        counts = ops.cast(self.high, "float32") * WORD + ops.cast(self.low, "float32")
        strays = ops.sum(counts[-1])
        counts = counts[:-1]
        hits, truth = ops.diagonal(counts), ops.sum(counts, axis=1)
        union = truth + ops.sum(counts, axis=0) - hits
        per_class = hits / ops.maximum(union, 1.0)
        mean = ops.sum(per_class) / ops.sum(ops.cast(truth > 0, "float32"))
        return ops.where(strays > 0, float("nan"), mean)

    def matrix(self) -> np.ndarray:
        """Returns the exact confusion matrix so far, (K, K) int64, rows labels.

        Raises:
            ValueError: A label was neither a class nor void.
        """
        high, low = self.high.numpy(), self.low.numpy()
        counts = high.astype(np.int64) * WORD + low
        if counts[-1].any():
            raise ValueError(
                f"{counts[-1].sum()} pixels have a label that is neither 0 to "
                f"{self.num_classes - 1} nor void ({self.ignore_class})"
            )
        return counts[:-1]

    def get_config(self) -> dict[str, Any]:
        own = {"num_classes": self.num_classes, "ignore_class": self.ignore_class}
        return {**super().get_config(), **own}


def onehot_miou_as_reported(
    labels: np.ndarray, logits: np.ndarray, void: int = 255
) -> float:
    """Returns the "mIoU" that a two-class metric on one-hot labels and softmax gives.

    A metric for class ids, configured for 2 classes, reads each of the K channels of a
    pixel as another pixel of class 0 or 1 and truncates the probability to an integer,
    so that only a probability of exactly 1.0 counts as class 1. A network that has
    learned nothing then scores (K-1)/K for "class 0" and 0 for "class 1":
    (13/14 + 0) / 2 = 0.4643 with 14 classes. This function only serves to show that
    number beside the true score.

    Args:
        labels: (B, H, W) class ids; void pixels are dropped.
        logits: (B, H, W, K) float.
        void: The void id.
    """
    valid = np.asarray(labels) != void
    logits = np.asarray(logits, np.float32)[valid]
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities = exponentials / exponentials.sum(-1, keepdims=True)
    onehot = np.eye(logits.shape[-1], dtype=np.uint8)[np.asarray(labels)[valid]]
    return scores(confusion(onehot, probabilities.astype(np.uint8), 2)).miou
