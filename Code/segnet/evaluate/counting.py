"""One pass over a split: everything that a report is made from, as counts."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
from tqdm.auto import tqdm

from segnet.data.store import Split
from segnet.evaluate.match import Match
from segnet.predict.engine import FileEngine
from segnet.predict.predicting import predict_with_confidence
from segnet.scores.boundary import WIDTHS, boundary_counts, trimap_counts
from segnet.scores.calibration import Calibration, calibration_of

# Least probability of a mistake that counts as confident.
CONFIDENT = 0.9


@dataclass(frozen=True)
class Counts:
    """The counts on the N frames of a split.

    Args:
        matrices: (N, K, K) int64 confusion matrices, rows ground truth; (N, K, K+1)
            where the network can predict a class that is not scored.
        boundary: (2, K) int64 intersection and union of the boundary bands.
        trimap: (W, 2) int64 pixels near a border, right ones and all.
        calibration: Over all pixels that are not void.
        confident: (N,) int64 wrong pixels of confidence `CONFIDENT` or more.
        void: Pixels that were not scored.
    """

    matrices: np.ndarray
    boundary: np.ndarray
    trimap: np.ndarray
    calibration: Calibration
    confident: np.ndarray
    void: int


def count(
    matched: Match,
    network: keras.Model | FileEngine,
    frames: Split,
    batch_size: int,
    progress: bool,
) -> Counts:
    """Returns the counts of a network on a split.

    Args:
        matched: The classes in which the network and the split are scored.
        network: From images (B, H, W, 3) uint8 to logits, averaged or plain; or an
            exported file.
        frames: A split of a store.
        batch_size: Frames at a time.
        progress: Show a progress bar.

    Raises:
        ValueError: A label is no class, the batch size is below 1, or the network
            returned NaN.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected 1 or more")
    void, num_classes = matched.class_map.void, matched.class_map.num_classes
    matrices, confident, unscored = [], [], 0
    boundary = np.zeros((2, num_classes), np.int64)
    trimap = np.zeros((len(WIDTHS), 2), np.int64)
    calibration = Calibration.empty()
    for stored, predicted, confidence in _frames(network, frames, batch_size, progress):
        try:
            matrices.append(matched.confusion(stored, predicted))
        except ValueError as error:
            name = frames.frame_ids[len(matrices)]
            raise ValueError(
                f"{frames.store.path}: frame {name!r} of {frames.name!r}: {error}; "
                f"prepare the data again"
            ) from error
        labels = matched.label_ids[stored]
        # K is a class that is not scored: wrong everywhere.
        ids = matched.prediction_ids[predicted]
        boundary = boundary + boundary_counts(labels, ids, num_classes, void)
        trimap = trimap + trimap_counts(labels, ids, void)
        calibration += calibration_of(labels, ids, confidence, void)
        valid = labels != void
        sure = valid & (labels != ids) & (confidence >= CONFIDENT)
        confident.append(np.count_nonzero(sure))
        unscored += valid.size - np.count_nonzero(valid)
    return Counts(
        np.stack(matrices),
        boundary,
        trimap,
        calibration,
        np.array(confident, np.int64),
        unscored,
    )


def _frames(
    network: keras.Model | FileEngine, frames: Split, batch_size: int, progress: bool
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yields stored labels, predicted ids and confidence of each frame, all (H, W)."""
    starts = range(0, len(frames), batch_size)
    for start in tqdm(starts, desc="evaluate", unit="batch", disable=not progress):
        stop = min(start + batch_size, len(frames))
        images, labels = frames.read(range(start, stop))
        found = predict_with_confidence(network, images, batch_size)
        yield from zip(labels, *found, strict=True)
