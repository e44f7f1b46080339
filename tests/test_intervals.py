"""Intervals cover as promised; comparisons separate noise from a difference."""

import numpy as np
import pytest
from scipy import stats

from segnet.compare.paired import compare_counts, holm
from segnet.scores.drives import blocks_of, drives_of
from segnet.scores.frame_counts import FrameCounts
from segnet.scores.intervals import Resampling, intervals, tail_of

CLASSES = ("road", "car", "pole")
IOU = np.array([0.9, 0.6, 0.3])


def simulated(rng, blocks, length=8, lift=0.0, noise=None) -> FrameCounts:
    """Returns counts of frames whose quality is correlated within a block.

    Every class has 1000 pixels a frame and no false positives, so its IoU is the
    share that was found.
    """
    if noise is None:
        noise = rng.normal(0, 0.08, (blocks, 1, 3))
    own = rng.normal(0, 0.02, (blocks, length, 3))
    found = np.clip(IOU + lift + noise + own, 0, 1).reshape(-1, 3)
    hits = np.round(1000 * found).astype(np.int64)
    ids = tuple(f"{b:03d}x/{i:04d}" for b in range(blocks) for i in range(length))
    return FrameCounts(ids, CLASSES, hits, np.zeros_like(hits), 1000 - hits)


@pytest.mark.parametrize("blocks", [6, 20])
def test_a_95_percent_interval_covers_what_it_should(blocks):
    """500 data sets: between 92 and 98 percent hold the true mIoU (0.6)."""
    rng = np.random.default_rng(blocks)
    names = np.repeat(np.arange(blocks), 8)
    covered = 0
    for seed in range(500):
        found = intervals(simulated(rng, blocks), names, seed).miou
        covered += found.low <= IOU.mean() <= found.high
    assert 460 <= covered <= 490


def test_single_frames_for_blocks_would_promise_too_much():
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(100):
        found = intervals(simulated(rng, 10), np.arange(80), seed).miou
        covered += found.low <= IOU.mean() <= found.high
    assert covered < 70


def test_the_level_moves_outwards_for_few_blocks():
    assert tail_of(10**6) == pytest.approx(0.025, abs=1e-4)
    expected = stats.norm.cdf(-stats.t.ppf(0.975, 4) * np.sqrt(5 / 4))
    assert tail_of(5) == pytest.approx(expected)


def test_one_block_has_no_interval():
    counts = simulated(np.random.default_rng(0), 1)
    found = intervals(counts, np.zeros(8, int)).miou
    assert np.isnan([found.low, found.high]).all()
    assert 0 < found.estimate < 1


def test_an_absent_class_has_none_either():
    hits = np.array([[5, 0], [3, 0], [4, 0]])
    zeros = np.zeros_like(hits)
    counts = FrameCounts(("a", "b", "c"), ("x", "y"), hits, zeros, 9 - hits)
    counts.false_negatives[:, 1] = 0
    found = intervals(counts, np.arange(3))
    assert np.isnan(found.per_class[1].estimate)
    assert found.miou.estimate == pytest.approx(12 / 27)


@pytest.mark.parametrize(
    ("names", "blocks"),
    [
        (["0016E5_08610", "0016E5_08611", "Seq05VD_f00000"], [0, 0, 1]),
        (["lake", "street", "yard"], [0, 1, 2]),
        (["0001/clone/00003", "0001/clone/00001", "0002/fog/00001"], [0, 0, 1]),
    ],
)
def test_names_tell_the_drive(names, blocks):
    # Three frames: blocks of two neighbours.
    assert blocks_of(names).tolist() == blocks


def test_frames_of_a_drive_are_in_the_order_of_their_numbers():
    found = drives_of(["a/10", "b", "a/9", "a/11"])
    assert found == {"a": [2, 0, 3], "b": [1]}


def test_the_folder_of_a_split_is_no_part_of_a_drive():
    assert drives_of(["val/0016E5_07959", "train/0016E5_00390"]) == {"0016E5": [1, 0]}
    assert drives_of(["train/00001", "value/00001"]) == {"": [0], "value": [1]}


def test_a_long_drive_is_cut_into_blocks_of_neighbours():
    found = blocks_of([f"d_{i:03d}" for i in range(100)])
    assert found.tolist() == [i // 10 for i in range(100)]


def test_holm_is_the_hand_computed_one():
    assert holm([0.01, 0.04, 0.03, float("nan")])[:3] == pytest.approx(
        [0.03, 0.06, 0.06]
    )


def test_the_same_network_twice_is_no_difference():
    counts = simulated(np.random.default_rng(1), 12)
    found = compare_counts([counts], [counts], np.repeat(np.arange(12), 8))
    assert found.miou.interval.estimate == 0
    assert not found.miou.different
    assert found.wilcoxon_p == 1
    assert not any(d.different for d in found.per_class)


def test_a_small_steady_gain_is_found_since_frames_are_paired():
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 0.08, (12, 1, 3))
    a = simulated(rng, 12, noise=noise)
    b = simulated(rng, 12, lift=0.02, noise=noise)
    blocks = np.repeat(np.arange(12), 8)
    found = compare_counts([a], [b], blocks)
    assert found.miou.different
    assert 0.01 < found.miou.interval.low < 0.02 < found.miou.interval.high < 0.03
    alone = [intervals(c, blocks).miou for c in (a, b)]
    assert alone[0].high > alone[1].low


def test_seeds_that_differ_widen_the_interval():
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.08, (12, 1, 3))
    lifts = (-0.03, 0.0, 0.03)
    a = [simulated(rng, 12, lift=x, noise=noise) for x in lifts]
    b = [simulated(rng, 12, lift=x + 0.01, noise=noise) for x in lifts]
    blocks = np.repeat(np.arange(12), 8)
    found = compare_counts(a, b, blocks).miou
    assert found.interval.low < 0 < found.interval.high
    assert not found.different


def test_other_frames_classes_or_ground_truth_are_refused():
    a = simulated(np.random.default_rng(1), 3)
    blocks = np.repeat(np.arange(3), 8)
    for change, words in (
        ({"frame_ids": ("q", *a.frame_ids[1:])}, "the frames differ: 2 frames"),
        ({"frame_ids": a.frame_ids[::-1]}, "their order differs"),
        ({"class_names": ("road", "car", "tree")}, "the classes differ: pole, tree"),
        (
            {"false_negatives": a.false_negatives + 1},
            "ground truth of frame '000x/0000'",
        ),
    ):
        b = FrameCounts(**{**vars(a), **change})
        with pytest.raises(ValueError, match=words):
            compare_counts([a], [b], blocks)


def test_the_draws_are_those_of_a_loop():
    rng = np.random.default_rng(7)
    values = rng.integers(0, 9, (6, 2))
    drawn = Resampling(np.array([0, 0, 1, 2, 2, 2]), seed=4, resamples=50)
    sums = drawn.sums(values)
    pieces = [values[:2].sum(0), values[2:3].sum(0), values[3:].sum(0)]
    for row, times in zip(sums, drawn.times, strict=True):
        np.testing.assert_allclose(
            row, sum(t * p for t, p in zip(times, pieces, strict=True))
        )
