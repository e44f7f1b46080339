"""Runs a written file in its own runtime beside Keras, on the same frames."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import keras
import numpy as np

from segnet.export.frames import Frames, batches
from segnet.metrics import confusion, scores
from segnet.runtimes.runtime import Runtime

# Keras' two largest logits of a pixel are this close: rounding may decide the class.
NEAR_TIE = 1e-3


@dataclass(frozen=True)
class Bound:
    """The largest deviation from Keras that is no fault.

    Args:
        share: Of the pixels whose class differs, 0 to 1; near-ties do not count where
            it is 0.
        miou: Drop of the mIoU, 0 to 1.
        confidence: Largest difference, 0 to 255; None for any.
    """

    share: float
    miou: float
    confidence: int | None = None


# A confidence may round to the other side.
BOUNDS = {
    "float32": Bound(share=0.0, miou=0.0005, confidence=1),
    "float16": Bound(share=0.005, miou=0.002),
    "int8": Bound(share=0.02, miou=0.01),
}


@dataclass
class Proof:
    """How far a file agrees with Keras.

    Args:
        frames: Number of frames.
        words: What they are.
        num_classes: K.
        pixels: Pixels compared.
        differing: Those with another class.
        clear: Those of them that are no near-ties.
        logits: Largest difference of a logit; None where the file returns none.
        confidence: Largest difference of the confidence, 0 to 255; None as well.
        milliseconds: Median time of the runtime for a batch, on one thread.
        miou: Of the file, 0 to 1; None without labels.
        keras_miou: Of Keras on the same frames.
        faults: What is wrong, in words; empty for a file that may be used.
    """

    frames: int
    words: str
    num_classes: int
    pixels: int = 0
    differing: int = 0
    clear: int = 0
    logits: float | None = None
    confidence: int | None = None
    milliseconds: float = 0.0
    miou: float | None = None
    keras_miou: float | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the pixels whose class differs, 0 to 1."""
        return self.differing / max(self.pixels, 1)


@dataclass
class _Counts:
    """The confusion matrices, the classes seen and the times of a comparison."""

    keras: np.ndarray
    file: np.ndarray
    seconds: list[float] = field(default_factory=list)
    keras_classes: set[int] = field(default_factory=set)
    file_classes: set[int] = field(default_factory=set)


def prove(
    model: keras.Model,
    runtime: Runtime,
    frames: Frames,
    precision: str,
    void: int = 255,
    progress: Callable[[int], object] = lambda _: None,
) -> Proof:
    """Returns how far a file agrees with Keras, and what is wrong with it.

    Args:
        model: From images to logits (B, H, W, K).
        runtime: The opened file.
        frames: At least one.
        precision: Key of `BOUNDS`.
        void: The label that is not counted.
        progress: Called with the number of new frames.
    """
    num_classes = model.output_shape[-1]
    proof = Proof(len(frames), frames.words, num_classes)
    matrix = np.zeros((num_classes, num_classes), np.int64)
    counts = _Counts(matrix, matrix.copy())
    for images, numbers in batches(frames, runtime.shape[0]):
        expected = np.asarray(model.predict_on_batch(images))  # (B, H, W, K)
        started = time.perf_counter()
        try:
            found = runtime.run(images)
        except ValueError as error:
            proof.faults.append(f"the file cannot be run: {error}")
            return proof
        counts.seconds.append(time.perf_counter() - started)
        for place, number in enumerate(numbers):
            outputs = {name: array[place] for name, array in found.items()}
            classes = _compare(proof, counts, expected[place], outputs)
            if frames.labelled:
                labels = frames.labels(number)
                counts.keras += confusion(
                    labels, expected[place].argmax(-1), num_classes, void
                )
                counts.file += confusion(labels, classes, num_classes, void)
        progress(len(numbers))
        if proof.faults:
            break
    # The first call may prepare the rest.
    proof.milliseconds = 1e3 * median(counts.seconds[1:] or counts.seconds)
    if frames.labelled and not proof.faults:
        proof.miou = float(scores(counts.file).miou)
        proof.keras_miou = float(scores(counts.keras).miou)
    _judge(proof, counts, BOUNDS[precision])
    return proof


def _compare(
    proof: Proof, counts: _Counts, logits: np.ndarray, outputs: dict[str, np.ndarray]
) -> np.ndarray:
    """Adds one frame to a proof and returns the file's classes, (H, W).

    Args:
        proof: Gains counts, and a fault where a number is none.
        counts: Gains classes.
        logits: Of Keras, (H, W, K).
        outputs: Of the file, for this frame.
    """
    if not np.isfinite(logits).all():
        proof.faults.append("Keras itself returns logits that are no numbers")
        return logits.argmax(-1)
    top = np.partition(logits, -2, axis=-1)[..., -2:]
    clear = top[..., 1] - top[..., 0] > NEAR_TIE
    if "logits" in outputs:
        found = outputs["logits"]
        if not np.isfinite(found).all():
            proof.faults.append("the file returns logits that are no numbers")
            return found.argmax(-1)
        largest = float(np.abs(found - logits).max())
        proof.logits = max(proof.logits or 0.0, largest)
        classes = found.argmax(-1)
    else:
        classes, found = outputs["classes"], outputs["confidence"]
        # The largest of K probabilities is at least 1/K.
        if proof.num_classes < 255 and not found.all():
            proof.faults.append("the file returns confidences that are no numbers")
        distance = np.abs(found.astype(int) - confidences(logits))
        proof.confidence = max(proof.confidence or 0, int(distance.max()))
    expected = logits.argmax(-1)
    differs = classes != expected
    proof.pixels += differs.size
    proof.differing += int(differs.sum())
    proof.clear += int((differs & clear).sum())
    counts.keras_classes |= set(np.unique(expected).tolist())
    counts.file_classes |= set(np.unique(classes).tolist())
    return classes


def confidences(logits: np.ndarray) -> np.ndarray:
    """Returns round(255 * the largest softmax probability), (...) int."""
    shifted = logits - logits.max(-1, keepdims=True)
    return np.round(255 / np.exp(shifted).sum(-1)).astype(int)


def _judge(proof: Proof, counts: _Counts, bound: Bound) -> None:
    """Adds what is wrong with a file to its proof."""
    if proof.faults:
        return
    if len(counts.file_classes) == 1 < len(counts.keras_classes):
        proof.faults.append(
            f"the file returns class {counts.file_classes.pop()} for every pixel"
        )
    if bound.share == 0 and proof.clear:
        proof.faults.append(
            f"{proof.clear:,} of {proof.pixels:,} pixels have another class than in "
            f"Keras, although its two largest logits are more than {NEAR_TIE} apart"
        )
    elif bound.share and proof.share > bound.share:
        proof.faults.append(
            f"{100 * proof.share:.2f} % of the pixels have another class than in "
            f"Keras, at most {100 * bound.share:g} % may"
        )
    if None not in (bound.confidence, proof.confidence):
        if proof.confidence > bound.confidence:  # type: ignore[operator]
            proof.faults.append(
                f"a confidence differs by {proof.confidence} of 255 from Keras, at "
                f"most {bound.confidence} may"
            )
    if proof.miou is not None and proof.keras_miou is not None:
        drop = proof.keras_miou - proof.miou
        if drop > bound.miou:
            proof.faults.append(
                f"the mIoU falls by {100 * drop:.2f} points, at most "
                f"{100 * bound.miou:g} may"
            )
