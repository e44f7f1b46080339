"""Training steps of the networks against those of the inspiring network."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from segnet.bench.machine import (
    CHANNELS,
    CONVOLUTION,
    CONVOLUTION_MACS,
    HEIGHT,
    WIDTH,
    check_models,
    conditions,
    in_turns,
    keep,
)
from segnet.losses import WeightedCrossEntropy
from segnet.models import MODELS
from segnet.models.cost import macs
from segnet.report.tables import text_table
from segnet.train.optimizer import AveragedAdamW

YARDSTICK = "reference_multibranch"
VOID_SHARE = 0.03
CONVOLUTIONS = 4
# Of a training step for one image: the forward passes and the gradients of weights and
# inputs, except the gradient of the image itself.
CONVOLUTIONS_MACS = (3 * CONVOLUTIONS - 1) * CONVOLUTION_MACS


def bench_train(
    models: Sequence[str] = tuple(MODELS),
    *,
    size: tuple[int, int] = (360, 480),
    num_classes: int = 11,
    batch_size: int = 8,
    rounds: int = 5,
    out: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Returns and prints the training images per second of some networks.

    One step is the loss of `segnet train` on random frames, its gradient, and an update
    of the weights. The networks alternate, so background load affects all alike; the
    first step of each, which compiles, is left out. A stack of four dense 3x3
    convolutions, 64 to 64 channels at 45x60, trains among them. The "limit" of a
    network is its speed if all multiply-accumulates, three times those of a prediction,
    ran at the rate of this stack.

    Args:
        models: Keys of `MODELS`; the inspiring network is added if missing.
        size: (H, W) of the frames.
        num_classes: K.
        batch_size: Frames per step.
        rounds: Timed steps of each network.
        out: JSON file for the result; None writes no file.
        progress: Show a progress bar.

    Returns:
        `networks`: by name `images_per_second` (from the median step), `ratio` (to the
        inspiring network), `limit` (images per second) and `times_slower` (than the
        limit); `convolution`: `gmacs_per_second`; and `size`, `num_classes`,
        `batch_size`, `rounds`, `backend`, `cpu`, `cores` and `load`, the load
        average at the start.

    Raises:
        ValueError: A name is no key of `MODELS`, or `rounds` is below 1.
    """
    check_models(models, MODELS)
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}, expected 1 or more")
    names = dict.fromkeys((*models, YARDSTICK))
    work, steps = _steps(names, size, num_classes, batch_size)
    machine = conditions()
    found = in_turns(steps, rounds, warm_up=1, progress=progress)
    seconds = {name: statistics.median(times) for name, times in found.items()}
    rate = CONVOLUTIONS_MACS * batch_size / seconds[CONVOLUTION]
    result = {
        "size": list(size),
        "num_classes": num_classes,
        "batch_size": batch_size,
        "rounds": rounds,
        "backend": keras.backend.backend(),
        **machine,
        CONVOLUTION: {"gmacs_per_second": rate / 1e9},
        "networks": _rows(seconds, work, batch_size, rate),
    }
    print(_table(result))
    keep(result, out)
    return result


def _steps(
    names: Iterable[str], size: tuple[int, int], num_classes: int, batch_size: int
) -> tuple[dict[str, int], dict[str, Callable[[], Any]]]:
    """Returns the multiply-accumulates of each prediction, and the training steps."""
    batch = _batch(size, num_classes, batch_size)
    networks = {name: _network(name, size, num_classes) for name in names}
    steps: dict[str, Callable[[], Any]] = {
        name: partial(network.train_on_batch, *batch)
        for name, network in networks.items()
    }
    convolutions, noise = _convolutions(batch_size)
    steps[CONVOLUTION] = partial(convolutions.train_on_batch, *noise)
    return {name: macs(network) for name, network in networks.items()}, steps


def _rows(
    seconds: dict[str, float], work: dict[str, int], batch_size: int, rate: float
) -> dict[str, dict[str, float]]:
    """Returns the figures of each network.

    Args:
        seconds: Seconds per step, by network.
        work: Multiply-accumulates per prediction, by network.
        batch_size: Frames per step.
        rate: Multiply-accumulates per second of the convolutions.
    """
    rows = {}
    for name, count in work.items():
        speed, limit = batch_size / seconds[name], rate / (3 * count)
        rows[name] = {
            "images_per_second": speed,
            "ratio": seconds[YARDSTICK] / seconds[name],
            "limit": limit,
            "times_slower": limit / speed,
        }
    return rows


def _batch(
    size: tuple[int, int], num_classes: int, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns random images (B, H, W, 3) and labels (B, H, W), both uint8."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (batch_size, *size, 3), np.uint8)
    labels = rng.integers(0, num_classes, (batch_size, *size), np.uint8)
    labels[rng.random(labels.shape) < VOID_SHARE] = 255
    return images, labels


def _network(name: str, size: tuple[int, int], num_classes: int) -> keras.Model:
    network = MODELS[name](input_shape=(*size, 3), num_classes=num_classes)
    network.compile(AveragedAdamW(), WeightedCrossEntropy([1.0] * num_classes))
    return network


def _convolutions(batch_size: int) -> tuple[keras.Model, tuple[np.ndarray, np.ndarray]]:
    """Returns a network of dense convolutions only, and a batch for it."""
    inputs = x = keras.Input((HEIGHT, WIDTH, CHANNELS))
    for _ in range(CONVOLUTIONS):
        x = keras.layers.Conv2D(CHANNELS, 3, padding="same", use_bias=False)(x)
    network = keras.Model(inputs, x)
    network.compile("sgd", "mse")
    noise = np.random.default_rng(0).normal(size=(batch_size, *x.shape[1:]))
    return network, (noise.astype(np.float32), np.zeros(noise.shape, np.float32))


def _table(result: dict[str, Any]) -> str:
    height, width = result["size"]
    lines = [
        f"{height}x{width}, {result['num_classes']} classes, batches of "
        f"{result['batch_size']}, {result['backend']}, median of {result['rounds']} "
        f"steps in turn, {result['cpu']}, load {result['load']} on "
        f"{result['cores']} cores",
        f"3x3 convolutions, {CHANNELS} to {CHANNELS} channels at {HEIGHT}x{WIDTH}: "
        f"{result[CONVOLUTION]['gmacs_per_second']:.1f} GMAC/s in training",
    ]
    header = ["network", "images/s", "ratio", "limit", "x slower"]
    rows = [
        [
            name,
            f"{row['images_per_second']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['limit']:.1f}",
            f"{row['times_slower']:.1f}",
        ]
        for name, row in result["networks"].items()
    ]
    return "\n".join([*lines, text_table(header, rows, indent="  ")])
