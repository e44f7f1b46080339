"""Intervals: what other frames of the same roads might have said.

Frames of a video are near copies, so blocks of neighbouring frames are drawn with
replacement. The intervals do not cover the variation between training seeds.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from segnet.scores.drives import blocks_of
from segnet.scores.frame_counts import FrameCounts, iou_of, mean_known

RESAMPLES = 2000
LEVEL = 0.95
# Below this, intervals over blocks contain the true value less often than promised
# (experiments/coverage.py).
FEW_BLOCKS = 8


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval; nan where nothing was counted."""

    estimate: float
    low: float
    high: float


class Resampling:
    """Draws of blocks with replacement, the same for everything that is compared.

    Args:
        blocks: (N,) block of each frame, 0 to B-1.
        seed: Of the draws.
        resamples: How many.
    """

    def __init__(self, blocks: np.ndarray, seed: int = 0, resamples: int = RESAMPLES):
        self.blocks = np.asarray(blocks)
        self.count = int(self.blocks.max()) + 1
        rng = np.random.default_rng(seed)
        even = np.full(self.count, 1 / self.count)
        self.times = rng.multinomial(self.count, even, size=resamples)  # (R, B)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Returns the sums of (N, K) values over the frames of each draw, (R, K)."""
        per_block = np.zeros((self.count, values.shape[1]))
        np.add.at(per_block, self.blocks, values)
        return self.times @ per_block

    def iou(self, counts: FrameCounts) -> np.ndarray:
        """Returns the IoU of each class in each draw, (R, K), nan where absent."""
        return iou_of(*(self.sums(part) for part in counts.parts))

    def interval(self, estimate: float, draws: np.ndarray) -> Interval:
        """Returns the percentile interval of (R,) draws, widened for few blocks.

        Percentiles of few blocks are too narrow; their level is moved outwards as
        Hesterberg does, "What Teachers Should Know About the Bootstrap", The American
        Statistician 69, 2015, section 4.4.
        """
        draws = draws[~np.isnan(draws)]
        if self.count < 2 or not draws.size or np.isnan(estimate):
            return Interval(estimate, float("nan"), float("nan"))
        tail = tail_of(self.count)
        low, high = np.quantile(draws, [tail, 1 - tail])
        return Interval(float(estimate), float(low), float(high))


def tail_of(blocks: int) -> float:
    """Returns the share of draws below an interval over so many blocks, at least 2."""
    from scipy import stats

    quantile = stats.t.ppf((1 + LEVEL) / 2, blocks - 1)
    return NormalDist().cdf(-float((blocks / (blocks - 1)) ** 0.5 * quantile))


@dataclass(frozen=True)
class Intervals:
    """The scores of one report with their intervals.

    Args:
        miou: Over the set.
        per_class: K intervals.
        blocks: How many blocks were drawn from.
        seed: Of the draws.
    """

    miou: Interval
    per_class: tuple[Interval, ...]
    blocks: int
    seed: int


def intervals(
    counts: FrameCounts, blocks: np.ndarray | None = None, seed: int = 0
) -> Intervals:
    """Returns the intervals of mIoU and of each class, level 95 %.

    Args:
        counts: Of all frames.
        blocks: (N,) block of each frame; by default `blocks_of` their names.
        seed: Of the draws.
    """
    if blocks is None:
        blocks = blocks_of(counts.frame_ids)
    drawn = Resampling(blocks, seed)
    draws = drawn.iou(counts)  # (R, K)
    whole = counts.iou()  # (K,)
    return Intervals(
        drawn.interval(float(mean_known(whole)), mean_known(draws)),
        tuple(drawn.interval(float(w), d) for w, d in zip(whole, draws.T, strict=True)),
        drawn.count,
        seed,
    )
