"""Calibration: is a network right as often as it is confident?"""

from dataclasses import dataclass

import numpy as np

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """Pixels in bins of equal width by their confidence, the largest probability.

    Args:
        pixels: (BINS,) int64.
        right: (BINS,) int64 pixels of them that are right.
        confidence: (BINS,) float64 sum of their confidences.
    """

    pixels: np.ndarray
    right: np.ndarray
    confidence: np.ndarray

    @classmethod
    def empty(cls) -> "Calibration":
        """Returns the counts of no pixels."""
        return cls(np.zeros(BINS, np.int64), np.zeros(BINS, np.int64), np.zeros(BINS))

    def __add__(self, other: "Calibration") -> "Calibration":
        return Calibration(
            self.pixels + other.pixels,
            self.right + other.right,
            self.confidence + other.confidence,
        )

    @property
    def error(self) -> float:
        """Expected calibration error (Guo et al., arXiv 1706.04599, equation 3).

        The mean of |share that is right - mean confidence| over the bins, weighted by
        their pixels, 0 to 1; nan without pixels.
        """
        total = self.pixels.sum()
        if not total:
            return float("nan")
        return float(np.abs(self.right - self.confidence).sum() / total)

    @property
    def bins(self) -> list[dict]:
        """For each bin its share of the pixels, mean confidence and accuracy."""
        total = max(int(self.pixels.sum()), 1)
        return [
            {
                "share": int(count) / total,
                "confidence": float(confidence / count) if count else None,
                "accuracy": float(right / count) if count else None,
            }
            for count, right, confidence in zip(
                self.pixels, self.right, self.confidence, strict=True
            )
        ]


def calibration_of(
    labels: np.ndarray, predictions: np.ndarray, confidence: np.ndarray, void: int = 255
) -> Calibration:
    """Returns the calibration counts of some pixels.

    Args:
        labels: Class ids or void, any shape.
        predictions: Class ids, the same shape.
        confidence: Largest softmax probability, 0 to 1, the same shape.
        void: Pixels with this label are not counted.
    """
    valid = labels != void
    right = (labels == predictions)[valid]
    confidence = confidence[valid].astype(np.float64)
    # Bin i holds (i / BINS, (i + 1) / BINS], as in the paper.
    bins = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    return Calibration(
        np.bincount(bins, minlength=BINS).astype(np.int64),
        np.bincount(bins, weights=right, minlength=BINS).astype(np.int64),
        np.bincount(bins, weights=confidence, minlength=BINS),
    )
