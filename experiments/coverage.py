"""Measures how often a 95 % interval of `segnet evaluate` holds the true mIoU.

    python experiments/coverage.py

The data sets are simulated, so their true mIoU is known: frames of a block share a part
of their error, as neighbours in a video do. Each data set has 3 classes and blocks of 8
frames. The columns resample frames, blocks, and blocks with wider quantiles where
blocks are few, as `segnet.scores.intervals` does.
"""

import argparse

import numpy as np

from segnet.scores.frame_counts import FrameCounts, mean_known
from segnet.scores.intervals import Resampling

IOU = np.array([0.9, 0.6, 0.3])
LENGTH, PIXELS = 8, 1000


def simulated(rng: np.random.Generator, blocks: int, shared: float) -> FrameCounts:
    """Returns counts of frames with an error of standard deviation 0.08.

    `shared` is the share of its variance that is common to a block.
    """
    sizes = (blocks, 1, 3), (blocks, LENGTH, 3)
    common, own = (
        rng.normal(0, 0.08 * np.sqrt(part), size)
        for part, size in zip((shared, 1 - shared), sizes, strict=True)
    )
    # Clipped symmetrically around IOU within 0 to 1, so that the true mean stays IOU.
    error = np.clip(common + own, -0.1, 0.1).reshape(-1, 3)
    hits = np.round(PIXELS * (IOU + error)).astype(np.int64)
    ids = tuple(f"{i}" for i in range(len(hits)))
    return FrameCounts(ids, ("a", "b", "c"), hits, 0 * hits, PIXELS - hits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=500)
    arguments = parser.parse_args()
    print("| blocks | shared variance | over frames | over blocks | as reported |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for blocks in (4, 8, 16, 64):
        for shared in (0.0, 0.8):
            covered = np.zeros(3)
            rng = np.random.default_rng((blocks, int(10 * shared)))
            for seed in range(arguments.sets):
                covered += _covers(simulated(rng, blocks, shared), blocks, seed)
            shares = " | ".join(f"{100 * c / arguments.sets:.1f}" for c in covered)
            print(f"| {blocks} | {shared:.1f} | {shares} |", flush=True)


def _covers(counts: FrameCounts, blocks: int, seed: int) -> list[bool]:
    truth, found = IOU.mean(), []
    names = np.repeat(np.arange(blocks), LENGTH)
    for grouped in (np.arange(blocks * LENGTH), names):
        drawn = Resampling(grouped, seed)
        draws = mean_known(drawn.iou(counts))
        low, high = np.quantile(draws, [0.025, 0.975])
        found.append(low <= truth <= high)
    interval = drawn.interval(truth, draws)
    return [*found, interval.low <= truth <= interval.high]


if __name__ == "__main__":
    main()
