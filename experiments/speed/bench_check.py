"""Measures the near-duplicate search of `segnet check`, for docs/data.md.

python experiments/speed/bench_check.py camvid CamVid
python experiments/speed/bench_check.py vkitti1 Data
"""

import argparse
import re
import time

import numpy as np

from segnet.check.frame_facts import inspect
from segnet.check.image_hash import BITS, IMAGE_DISTANCE, distances, nearest
from segnet.check.near_duplicates import find_near_duplicates
from segnet.check.views import Item, SourceView
from segnet.data import READERS
from segnet.data.split import SplitRule, split_frames

STEPS = ((1, 1), (2, 2), (3, 4), (5, 6), (7, 10), (11, 20), (21, 40))
FAR = 600
GAPS = (0, 1, 2, 3, 5)
SEEDS = range(5)


def by_steps(frames, hashes) -> None:
    """Prints the distance between frames of a drive by their difference in number."""
    table = distances(hashes, hashes).astype(int)
    drives = np.array([frame.drive for frame in frames])
    numbers = np.array([int(re.findall(r"\d+", frame.id)[-1]) for frame in frames])
    same = drives[:, None] == drives[None]
    step = np.abs(numbers[:, None] - numbers[None])
    print(f"alike: {IMAGE_DISTANCE} of {BITS} bits or fewer")
    for low, high in STEPS:
        bits = table[same & (step >= low) & (step <= high)]
        if bits.size:
            share = 100 * np.mean(bits <= IMAGE_DISTANCE)
            print(f"step {low}-{high}: median {np.median(bits):.0f}, {share:.0f} %")
    far = ~same | (step > min(FAR, numbers.max() // 4))
    bits = table[far]
    if bits.size:
        alike = np.count_nonzero(bits <= IMAGE_DISTANCE) // 2
        print(f"far: {bits.size // 2} pairs, least {bits.min()}, {alike} alike")


def by_split(frames, facts, rule: str, **options) -> None:
    """Prints the number of val frames that look like a frame of train."""
    names, _ = split_frames(frames, SplitRule(rule, **options))
    pairs = zip(frames, names, strict=True)
    items = [Item(frame.id, name, frame.drive, frame) for frame, name in pairs]
    found = find_near_duplicates(items, facts)
    train, val = (
        np.stack([f.image_hash for f, n in zip(facts, names, strict=True) if n == name])
        for name in ("train", "val")
    )
    _, bits = nearest(val, train)
    given = ", ".join(f"{name} {value}" for name, value in options.items())
    print(
        f"{rule} {given}: {len(found)} of {len(val)} ({100 * len(found) / len(val):.1f}"
        f" %), nearest train frame {bits.min()} bits, median {np.median(bits):.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("data")
    arguments = parser.parse_args()
    source = READERS[arguments.source](arguments.data)
    frames = source.frames
    start = time.perf_counter()
    facts = inspect(SourceView.of(source))
    print(f"{len(frames)} frames read in {time.perf_counter() - start:.1f} s")
    by_steps(frames, np.stack([fact.image_hash for fact in facts]))
    for seed in SEEDS:
        by_split(frames, facts, "random", seed=seed)
    for gap in GAPS:
        by_split(frames, facts, "blocks", gap=gap)
    if all(frame.publisher_split for frame in frames):
        by_split(frames, facts, "publisher")


if __name__ == "__main__":
    main()
