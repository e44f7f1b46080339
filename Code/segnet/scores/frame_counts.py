"""True and false positives of each frame: every score of a report comes from these.

They are kept beside a report, so intervals and comparisons need no network.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from segnet.system.files import replacing

FORMAT = 1
# More pixels than any frame has; sums over all frames stay below 2**63.
MOST = 1 << 40


@dataclass(frozen=True)
class FrameCounts:
    """Pixel counts of each frame and class.

    Args:
        frame_ids: N names, in the order of the split.
        class_names: K names.
        true_positives: (N, K) int64 pixels of a class that were predicted as it.
        false_positives: (N, K) int64 pixels of another class predicted as it; void
            pixels are not counted.
        false_negatives: (N, K) int64 pixels of a class predicted as another.
    """

    frame_ids: tuple[str, ...]
    class_names: tuple[str, ...]
    true_positives: np.ndarray
    false_positives: np.ndarray
    false_negatives: np.ndarray

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """True positives, false positives and false negatives, for `iou_of`."""
        return self.true_positives, self.false_positives, self.false_negatives

    @property
    def truth(self) -> np.ndarray:
        """(N, K) int64 pixels of each class in the ground truth."""
        return self.true_positives + self.false_negatives

    def iou(self) -> np.ndarray:
        """Returns the IoU of each class over all frames, (K,), nan where absent."""
        return iou_of(*(part.sum(0) for part in self.parts))

    @classmethod
    def of(
        cls,
        frame_ids: tuple[str, ...],
        class_names: tuple[str, ...],
        matrices: ArrayLike,
    ) -> "FrameCounts":
        """Returns the counts of confusion matrices.

        Args:
            frame_ids: N names.
            class_names: K names.
            matrices: (N, K, K) int64, rows ground truth; or (N, K, K+1) with
                predictions of a class that is not scored in the last column.
        """
        matrices = np.asarray(matrices)
        count = matrices.shape[1]
        hits = np.einsum("nkk->nk", matrices[:, :, :count]).astype(np.int64)
        truth, predicted = matrices.sum(2), matrices[:, :, :count].sum(1)  # (N, K)
        return cls(
            tuple(frame_ids), tuple(class_names), hits, predicted - hits, truth - hits
        )

    def save(self, path: str | Path) -> None:
        """Writes the counts as .npz, which NumPy alone can read."""
        with replacing(path) as part, open(part, "wb") as file:
            np.savez_compressed(
                file,
                format=FORMAT,
                frame_ids=np.array(self.frame_ids, np.str_),
                class_names=np.array(self.class_names, np.str_),
                true_positives=self.true_positives,
                false_positives=self.false_positives,
                false_negatives=self.false_negatives,
            )

    @classmethod
    def load(cls, path: str | Path) -> "FrameCounts":
        """Returns the counts in a file that `save` wrote.

        Raises:
            FileNotFoundError: No such file.
            ValueError: The file is damaged, or holds something else.
        """
        try:
            with np.load(io.BytesIO(Path(path).read_bytes())) as file:
                read = {name: file[name] for name in file.files}
            frames, classes = read["frame_ids"], read["class_names"]
            counts = [
                read[f"{name}s"]
                for name in ("true_positive", "false_positive", "false_negative")
            ]
            if read["format"] != FORMAT:
                raise ValueError(f"its format is {read['format']}, expected {FORMAT}")
            if frames.dtype.kind != "U" or classes.dtype.kind != "U":
                raise ValueError("its names of frames and classes are no text")
            if not frames.size or not classes.size:
                raise ValueError("it has no frames or no classes")
            for array in counts:
                if array.shape != (*frames.shape, *classes.shape) or array.ndim != 2:
                    raise ValueError("its counts do not fit its frames and classes")
                if (
                    array.dtype != np.int64
                    or not 0 <= array.min() <= array.max() < MOST
                ):
                    raise ValueError("its counts are no numbers of pixels")
        except FileNotFoundError:
            raise FileNotFoundError(f"{path}: no such file") from None
        except Exception as error:
            raise ValueError(
                f"{path}: no counts of frames as `segnet evaluate --out` writes them "
                f"({error})"
            ) from error
        return cls(tuple(map(str, frames)), tuple(map(str, classes)), *counts)


def iou_of(
    true_positives: np.ndarray, false_positives: np.ndarray, false_negatives: np.ndarray
) -> np.ndarray:
    """Returns the IoU of counts of any shape, nan where the class has no ground truth.

    A class that is predicted but has no ground truth is nan here and left out of every
    mean; mmsegmentation, cityscapesScripts and scikit-learn count it as 0.
    """
    truth = np.asarray(true_positives + false_negatives)
    union = truth + false_positives
    return np.divide(
        true_positives, union, out=np.full(truth.shape, np.nan), where=truth > 0
    )


@dataclass(frozen=True)
class ThreeMeans:
    """mIoU in three ways (arXiv 2310.19252), nan where nothing was counted.

    Args:
        over_set: All frames as one large image; the mIoU of this package.
        per_image: Mean over the frames of the mean over the classes of a frame.
        per_class: Mean over the classes of the mean over the frames with that class.
        worst_images: As `per_image`, over the worst share of the frames alone.
        worst_of_classes: As `per_class`, over the worst share of each class's frames.
        absent_as_zero: As `over_set`, with a class that is predicted but has no ground
            truth counted as 0, as other toolkits do.
        share: The worst share, 0 to 1.
    """

    over_set: float
    per_image: float
    per_class: float
    worst_images: float
    worst_of_classes: float
    absent_as_zero: float
    share: float


def three_means(counts: FrameCounts, share: float = 0.05) -> ThreeMeans:
    """Returns the mIoU over the set, per image and per class, and of the worst.

    In a frame, a class counts where it has ground truth there, as in the paper.

    Args:
        counts: Of all frames.
        share: Of the frames that are the worst, 0 to 1; at least one frame is taken.
    """
    per_frame = iou_of(*counts.parts)  # (N, K)
    whole = counts.iou()  # (K,)
    images = mean_known(per_frame)  # (N,)
    images = np.sort(images[~np.isnan(images)])
    classes, worst = [], []
    for column in per_frame.T:
        present = np.sort(column[~np.isnan(column)])
        if present.size:
            classes.append(present.mean())
            worst.append(_worst(present, share).mean())
    predicted = counts.false_positives.sum(0) > 0
    as_zero = np.where(np.isnan(whole) & predicted, 0.0, whole)
    return ThreeMeans(
        over_set=float(mean_known(whole)),
        per_image=float(mean_known(images)),
        per_class=float(mean_known(np.array(classes))),
        worst_images=float(mean_known(_worst(images, share))),
        worst_of_classes=float(mean_known(np.array(worst))),
        absent_as_zero=float(mean_known(as_zero)),
        share=share,
    )


def image_miou(counts: FrameCounts) -> np.ndarray:
    """Returns the mIoU of each frame over its own classes, (N,), nan if all is void."""
    return mean_known(iou_of(*counts.parts))


def _worst(ascending: np.ndarray, share: float) -> np.ndarray:
    return ascending[: max(1, int(share * len(ascending)))]


def mean_known(values: np.ndarray) -> np.ndarray:
    """Returns the mean over the last axis of what is not nan, nan where nothing is."""
    known = ~np.isnan(values)
    total, number = np.where(known, values, 0).sum(-1), known.sum(-1)
    return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)


def number_or_none(value: float | np.ndarray) -> float | None:
    """Returns a number for JSON, which knows no nan."""
    return None if np.isnan(value) else float(value)
