"""Paired differences of two networks on the same frames."""

from dataclasses import dataclass

import numpy as np

from segnet.scores.frame_counts import FrameCounts, image_miou, mean_known
from segnet.scores.intervals import Interval, Resampling


@dataclass(frozen=True)
class Difference:
    """The difference B - A in one score, 0 to 1.

    Args:
        name: A class, or "mIoU".
        a: The score of A.
        b: The score of B.
        interval: B - A with its 95 % interval.
        p: Two-sided p-value of the bootstrap, at least 1 / resamples.
        p_holm: The same, adjusted for the number of classes (Holm, 1979); for mIoU
            as `p`.
    """

    name: str
    a: float
    b: float
    interval: Interval
    p: float
    p_holm: float

    @property
    def different(self) -> bool:
        """Whether the adjusted p-value is below 5 % and the interval leaves out 0."""
        outside = self.interval.low > 0 or self.interval.high < 0
        return bool(outside and self.p_holm < 0.05)


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same frames.

    Args:
        miou: The difference over the set.
        per_class: K differences.
        wilcoxon_p: p-value of the signed-rank test on the mIoU of each frame, which
            takes frames for independent: a second look.
        frames: N.
        blocks: How many blocks were drawn from.
        seed: Of the draws.
    """

    miou: Difference
    per_class: tuple[Difference, ...]
    wilcoxon_p: float
    frames: int
    blocks: int
    seed: int


def compare_counts(
    a: list[FrameCounts], b: list[FrameCounts], blocks: np.ndarray, seed: int = 0
) -> Comparison:
    """Returns the differences of B and A, each the mean over its seeds.

    Blocks of frames are drawn with replacement, the same for both. Where a side has
    several seeds, seeds are drawn with replacement as well: then the interval says
    what other frames and other seeds might have shown.

    Args:
        a: Counts of one recipe, one for each seed.
        b: Those of another on the same frames, in the same order.
        blocks: (N,) block of each frame.
        seed: Of the draws.

    Raises:
        ValueError: Frames or classes differ.
    """
    first = a[0]
    for other in [*a, *b]:
        check_same_frames(first, other)
    drawn = Resampling(blocks, seed)
    rng = np.random.default_rng((seed, 1))
    whole, draws = [], []
    for side in (a, b):
        whole.append(np.stack([counts.iou() for counts in side]))  # (S, K)
        each = np.stack([drawn.iou(counts) for counts in side])  # (S, R, K)
        draws.append(_mean_over_seeds(each, rng))  # (R, K)
    names = first.class_names
    # A class is absent for all seeds or for none: the ground truth is the same.
    means = [each.mean(0) for each in whole]  # (K,)
    overall = _difference(
        "mIoU",
        float(mean_known(means[0])),
        float(mean_known(means[1])),
        mean_known(draws[1]) - mean_known(draws[0]),
        drawn,
    )
    classes = [
        _difference(
            name, means[0][k], means[1][k], draws[1][:, k] - draws[0][:, k], drawn
        )
        for k, name in enumerate(names)
    ]
    adjusted = holm([d.p for d in classes])
    per_class = tuple(
        Difference(d.name, d.a, d.b, d.interval, d.p, p)
        for d, p in zip(classes, adjusted, strict=True)
    )
    return Comparison(
        overall, per_class, _wilcoxon(a, b), len(first.frame_ids), drawn.count, seed
    )


def check_same_frames(a: FrameCounts, b: FrameCounts) -> None:
    """Refuses counts that cannot be compared frame by frame.

    Raises:
        ValueError: Saying what differs.
    """
    if a.class_names != b.class_names:
        own, others = set(a.class_names), set(b.class_names)
        raise ValueError(
            f"the classes differ: {', '.join(sorted(own ^ others)) or 'their order'}; "
            f"evaluate both by the same class map"
        )
    if a.frame_ids != b.frame_ids:
        only = sorted(set(a.frame_ids) ^ set(b.frame_ids))
        what = (
            f"{len(only)} frames are in one only, such as {only[0]!r}"
            if only
            else ("their order differs")
        )
        raise ValueError(f"the frames differ: {what}; evaluate both on the same split")
    truths = a.truth, b.truth
    if not np.array_equal(*truths):
        row = int(np.flatnonzero((truths[0] != truths[1]).any(1))[0])
        raise ValueError(
            f"the ground truth of frame {a.frame_ids[row]!r} differs; evaluate both on "
            f"the same store"
        )


def holm(p_values: list[float]) -> list[float]:
    """Returns p-values adjusted by Holm's step-down method, nan left as it is.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979.
    """
    values = np.array(p_values, np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    adjusted, highest = values.copy(), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * values[index]))
        adjusted[index] = highest
    return adjusted.tolist()


def _difference(
    name: str, a: float, b: float, draws: np.ndarray, drawn: Resampling
) -> Difference:
    interval = drawn.interval(float(b - a), draws)
    known = draws[~np.isnan(draws)]
    p = float("nan")
    if known.size and not np.isnan(interval.low):
        smaller = min((known <= 0).mean(), (known >= 0).mean())
        p = float(min(1.0, max(2 * smaller, 1 / known.size)))
    return Difference(name, float(a), float(b), interval, p, p)


def _mean_over_seeds(each: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns (R, K) means of (S, R, K) over S seeds, resampled in each draw."""
    seeds, resamples, _ = each.shape
    if seeds == 1:
        return each[0]
    chosen = rng.integers(0, seeds, (seeds, resamples))  # (S, R)
    return each[chosen, np.arange(resamples)].mean(0)


def _wilcoxon(a: list[FrameCounts], b: list[FrameCounts]) -> float:
    from scipy import stats

    one, other = (np.mean([image_miou(c) for c in side], axis=0) for side in (a, b))
    differences = (other - one)[~np.isnan(other - one)]
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences).pvalue)
