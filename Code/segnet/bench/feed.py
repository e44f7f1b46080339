"""The cost of feeding: steps on batches prepared ahead, against the step alone."""

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
from tqdm.auto import tqdm

from segnet.classes import CAMVID11
from segnet.data.batches import Batches, BatchSource
from segnet.data.batches.augment import Augmentation
from segnet.data.store import open_store
from segnet.data.store.counts import summarise_labels
from segnet.data.store.labelled_frames import LabelledFrames
from segnet.losses import WeightedCrossEntropy
from segnet.models import MODELS
from segnet.report.tables import text_table
from segnet.train.augmented_model import AugmentedModel, DeviceBatches
from segnet.train.batch_stream import Prefetcher
from segnet.train.optimizer import AveragedAdamW

SIZES = (125, 414), (360, 480)
USUAL = Augmentation()
FULL = Augmentation(rare=0.5, rotate=5.0, cutmix=0.5)
STEP, FED_USUAL, FED_FULL, ON_DEVICE = (
    "step alone, one batch again and again",
    "step, fed: flip, scale, colour",
    "step, fed: and rare, rotate, cutmix",
    "step that changes its frames, all of it",
)
FEED_USUAL, FEED_FULL = "feeding alone: flip, scale, colour", "feeding alone: all of it"


def bench_feed(
    store: str | Path | None = None,
    *,
    frames: int = 64,
    sizes: tuple[tuple[int, int], ...] = SIZES,
    batch_size: int = 16,
    steps: int = 3,
    rounds: int = 5,
    model: str = "slim",
    progress: bool = False,
) -> dict[tuple[int, int], dict[str, tuple[float, float]]]:
    """Returns and prints the seconds per batch of feeding and of training steps.

    Four measurements alternate, so background load affects all alike: feeding alone,
    the step alone on one batch, the step fed as in training, and the step that augments
    its frames on the device. The first round compiles and is left out. CPU seconds
    cover the whole process, so they show the cost of feeding even on a busy machine.

    Args:
        store: Store whose training frames are read from the file ahead of use; by
            default noise in memory.
        frames: Number of noise frames.
        sizes: (H, W) of the noise frames; a store has its own size.
        batch_size: B.
        steps: Steps per turn.
        rounds: Timed turns.
        model: The network, a key of `MODELS`.
        progress: Show a progress bar.

    Returns:
        Seconds and CPU seconds per batch, both medians, by size and row of the table.

    Raises:
        ValueError: `rounds` or `steps` is below 1, or the frames are fewer than B.
    """
    if min(rounds, steps) < 1:
        raise ValueError(f"rounds is {rounds}, steps is {steps}, expected 1 or more")
    results = {}
    with open_store(store) if store else nullcontext() as opened:
        splits = [opened["train"]] if opened else [_Noise(frames, s) for s in sizes]
        for split in splits:
            turns = _turns(split, batch_size, steps, model, 0 if opened else 2**40)
            found = _in_turn(turns, rounds, steps, progress)
            results[split.size] = found
            print(_table(found, split, batch_size, steps, rounds))
    return results


class _Noise:
    """Random frames in memory with the methods of `LabelledFrames`."""

    name = "noise"

    def __init__(self, frames: int, size: tuple[int, int]):
        rng = np.random.default_rng(0)
        self._images = rng.integers(0, 256, (frames, *size, 3), np.uint8)
        self._labels = rng.integers(0, CAMVID11.num_classes, (frames, *size), np.uint8)
        self.size = size
        self.store = SimpleNamespace(
            path=Path("memory"), class_map=CAMVID11, attributes={}
        )

    def __len__(self) -> int:
        return len(self._images)

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        return self._images, self._labels

    def read(self, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        wanted = list(indices)
        return self._images[wanted], self._labels[wanted]

    def read_labels(self, index: int) -> np.ndarray:
        return self._labels[index]

    def pixel_counts(self) -> np.ndarray:
        return summarise_labels(self).pixels


def _turns(
    split: LabelledFrames, batch_size: int, steps: int, model: str, memory_limit: int
) -> dict[str, Callable[[], None]]:
    """Returns a function for each row of the table; each runs `steps` batches."""
    usual, full = (
        Batches(split, batch_size, augmentation, memory_limit=memory_limit)
        for augmentation in (USUAL, FULL)
    )
    num_classes = split.store.class_map.num_classes
    network = MODELS[model](input_shape=(*split.size, 3), num_classes=num_classes)
    changing = AugmentedModel(network, full)
    for trained in (network, changing):
        loss = WeightedCrossEntropy([1.0] * num_classes)
        trained.compile(AveragedAdamW(), loss)
    batch = usual(0, 0)
    numbers = iter(range(2**40))

    def feed(batches: BatchSource) -> None:
        for _ in range(steps):
            batches(*divmod(next(numbers), len(batches)))

    def train(trained: keras.Model, make: Callable[[int], tuple]) -> None:
        with Prefetcher(make, steps) as stream:
            trained.fit(stream, steps_per_epoch=steps, shuffle=False, verbose=0)

    def fed(batches: BatchSource) -> Callable[[int], tuple]:
        return lambda _: batches(*divmod(next(numbers), len(usual)))

    return {
        FEED_USUAL: lambda: feed(usual),
        FEED_FULL: lambda: feed(full),
        STEP: lambda: train(network, lambda _: batch),
        FED_USUAL: lambda: train(network, fed(usual)),
        FED_FULL: lambda: train(network, fed(full)),
        ON_DEVICE: lambda: train(changing, fed(DeviceBatches(full))),
    }


def _in_turn(
    turns: dict[str, Callable[[], None]], rounds: int, steps: int, progress: bool
) -> dict[str, tuple[float, float]]:
    keras.utils.set_random_seed(0)
    seconds: dict[str, list[list[float]]] = {name: [] for name in turns}
    counted = range(rounds + 1)
    for _ in tqdm(counted, desc="bench", unit="round", disable=not progress):
        for name, turn in turns.items():
            wall, cpu = time.perf_counter(), time.process_time()
            turn()
            passed = time.perf_counter() - wall, time.process_time() - cpu
            seconds[name].append([value / steps for value in passed])
    medians = {}
    for name, rows in seconds.items():
        walls, cpus = zip(*rows[1:], strict=True)
        medians[name] = statistics.median(walls), statistics.median(cpus)
    return medians


def _table(
    found: dict, split: LabelledFrames, batch_size: int, steps: int, rounds: int
) -> str:
    height, width = split.size
    lines = [
        f"{height}x{width}, {len(split)} frames of {split.store.path}, batches of "
        f"{batch_size}, {keras.backend.backend()}, median of {rounds} rounds of "
        f"{steps} steps in turn",
    ]
    header = ["seconds a batch", "wall", "ratio", "CPU", "ratio"]
    rows = []
    for name, times in found.items():
        pairs = zip(times, found[STEP], strict=True)
        cells = [(f"{value:.3f}", f"{value / alone:.3f}") for value, alone in pairs]
        rows.append([name, *chain.from_iterable(cells)])
    return "\n".join([*lines, text_table(header, rows, indent="  ")])
