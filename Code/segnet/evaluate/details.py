"""Details of a report beside its scores: intervals, borders, calibration, drives."""

import numpy as np

from segnet.evaluate.counting import CONFIDENT, Counts
from segnet.scores.boundary import WIDTHS, band_width
from segnet.scores.drives import drives_of
from segnet.scores.frame_counts import (
    FrameCounts,
    iou_of,
    mean_known,
    number_or_none,
    three_means,
)
from segnet.scores.intervals import LEVEL, RESAMPLES, Interval, Intervals, intervals


def details_of(counts: Counts, frames: FrameCounts, size: tuple[int, int]) -> dict:
    """Returns the details of a report, ready for JSON.

    Args:
        counts: Of the pass over the split.
        frames: The same counts a frame.
        size: (H, W) of the labels, which is the size that was scored.
    """
    found = intervals(frames)
    _, _, truth = _sums(frames)
    common, either = counts.boundary
    boundary = _ratio(common, either, truth)
    scored = max(int(truth.sum()), 1)
    return {
        "interval": {
            "miou": _ends(found.miou),
            "level": LEVEL,
            "resamples": RESAMPLES,
            "seed": found.seed,
            "blocks": found.blocks,
            "drives": len(drives_of(frames.frame_ids)),
        },
        "miou_in_three_ways": {
            key: number_or_none(value)
            for key, value in vars(three_means(frames)).items()
        },
        "predicted_without_ground_truth": _unasked(frames),
        "per_class": _per_class(frames, found, boundary),
        "boundary_iou": number_or_none(mean_known(boundary)),
        "boundary_width": band_width(size),
        "trimap": [
            {"width": width, "accuracy": float(right / pixels) if pixels else None}
            for width, (right, pixels) in zip(WIDTHS, counts.trimap, strict=True)
        ],
        "calibration": {
            "error": number_or_none(counts.calibration.error),
            "bins": counts.calibration.bins,
        },
        "drives": _drives(frames),
        "void_share": counts.void / (counts.void + scored),
        "confident_mistakes": {
            "confidence": CONFIDENT,
            "share": int(counts.confident.sum()) / scored,
        },
    }


def _per_class(
    frames: FrameCounts, found: Intervals, boundary: np.ndarray
) -> dict[str, dict]:
    """Returns a row for each class, None where it has no ground truth."""
    hits, false, truth = _sums(frames)
    columns = {
        "interval": [_ends(interval) for interval in found.per_class],
        "precision": _numbers(_ratio(hits, hits + false, truth)),
        "recall": _numbers(_ratio(hits, truth, truth)),
        "f1": _numbers(_ratio(2 * hits, hits + false + truth, truth)),
        "boundary_iou": _numbers(boundary),
        "share": (truth / max(truth.sum(), 1)).tolist(),
    }
    rows = zip(*columns.values(), strict=True)
    return {
        name: dict(zip(columns, row, strict=True))
        for name, row in zip(frames.class_names, rows, strict=True)
    }


def _unasked(frames: FrameCounts) -> list[str]:
    """Classes that were predicted and have no ground truth."""
    _, false, truth = _sums(frames)
    return [
        name
        for name, pixels, wrong in zip(frames.class_names, truth, false, strict=True)
        if not pixels and wrong
    ]


def _sums(frames: FrameCounts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns (K,) true positives, false positives and pixels in the ground truth."""
    hits, false = frames.true_positives.sum(0), frames.false_positives.sum(0)
    return hits, false, frames.truth.sum(0)


def _drives(frames: FrameCounts) -> list[dict]:
    """Returns a row for each drive: its name, its frames and the mIoU over them."""
    rows = []
    for name, members in drives_of(frames.frame_ids).items():
        iou = iou_of(*(part[members].sum(0) for part in frames.parts))
        miou = number_or_none(mean_known(iou))
        rows.append({"name": name, "frames": len(members), "miou": miou})
    return rows


def _ratio(part: np.ndarray, whole: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Shares of (K,) counts, 0 of nothing, nan for classes without ground truth."""
    shares = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return np.where(truth > 0, shares, np.nan)


def _ends(interval: Interval) -> list[float] | None:
    return None if np.isnan(interval.low) else [interval.low, interval.high]


def _numbers(values: np.ndarray) -> list[float | None]:
    return [number_or_none(value) for value in values]
