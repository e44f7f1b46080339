"""Training steps of the networks beside those of the inspiring network."""

import statistics
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np

from segnet.data import quiet
from segnet.losses import WeightedCrossEntropy
from segnet.models import MODELS
from segnet.optimizer import AveragedAdamW

YARDSTICK = "reference_multibranch"
VOID_SHARE = 0.03


def bench_train(
    models: Sequence[str] = tuple(MODELS),
    *,
    size: tuple[int, int] = (360, 480),
    num_classes: int = 11,
    batch_size: int = 8,
    rounds: int = 5,
    progress: Callable = quiet,
) -> dict[str, float]:
    """Returns, and prints, training images a second for some networks.

    One step is the loss of `segnet train` on random frames, backwards, and an update
    of the weights. The networks take turns, so that whatever else the machine does
    meets all of them; the first step of each, which compiles, is left out.

    Args:
        models: Keys of `MODELS`; the inspiring network is added where it is missing.
        size: (H, W) of the frames.
        num_classes: K.
        batch_size: Frames a step.
        rounds: Steps that are timed for each network.
        progress: Called as tqdm is.

    Returns:
        Images a second by name, by the median step.

    Raises:
        ValueError: A name is no key of `MODELS`, or `rounds` is below 1.
    """
    unknown = [name for name in models if name not in MODELS]
    if unknown:
        raise ValueError(f"no network {unknown[0]!r}; there are {', '.join(MODELS)}")
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}, expected 1 or more")
    names = dict.fromkeys((*models, YARDSTICK))
    batch = _batch(size, num_classes, batch_size)
    networks = {name: _network(name, size, num_classes) for name in names}
    seconds = {name: [] for name in names}
    total = rounds + 1
    for _ in progress(range(total), total=total, desc="bench", unit="round"):
        for name, network in networks.items():
            start = time.perf_counter()
            network.train_on_batch(*batch)
            seconds[name].append(time.perf_counter() - start)
    rates = {
        name: batch_size / statistics.median(steps[1:])
        for name, steps in seconds.items()
    }
    print(_table(rates, size, num_classes, batch_size, rounds))
    return rates


def _batch(size, num_classes: int, batch_size: int):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (batch_size, *size, 3), np.uint8)
    labels = rng.integers(0, num_classes, (batch_size, *size), np.uint8)
    labels[rng.random(labels.shape) < VOID_SHARE] = 255
    return images, labels


def _network(name: str, size, num_classes: int) -> keras.Model:
    network = MODELS[name](input_shape=(*size, 3), num_classes=num_classes)
    network.compile(AveragedAdamW(), WeightedCrossEntropy([1.0] * num_classes))
    return network


def _table(rates: dict, size, num_classes: int, batch_size: int, rounds: int) -> str:
    lines = [
        f"{size[0]}x{size[1]}, {num_classes} classes, batches of {batch_size}, "
        f"{keras.backend.backend()}, median of {rounds} steps in turn",
        f"  {'network':24}{'images/s':>10}{'ratio':>8}",
    ]
    for name, rate in rates.items():
        lines.append(f"  {name:24}{rate:10.1f}{rate / rates[YARDSTICK]:8.2f}")
    return "\n".join(lines)
