"""The time that each network takes for one image, in ONNX Runtime on one thread."""

import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from segnet.bench import onnx_runtime as engine
from segnet.bench.machine import (
    CHANNELS,
    CONVOLUTION,
    HEIGHT,
    WIDTH,
    check_models,
    conditions,
    in_turns,
    keep,
)
from segnet.bench.train import YARDSTICK
from segnet.export.function import Network
from segnet.export.onnx import require_packages, write_onnx
from segnet.models import MODELS
from segnet.models.cost import macs
from segnet.report.tables import text_table
from segnet.runtimes.facts import LOGITS
from segnet.system.quiet import quiet

WARM_UP = 2
# The figures of one network, by name.
Row = dict[str, float]


def bench_latency(
    models: Sequence[str] = tuple(MODELS),
    *,
    size: tuple[int, int] = (360, 480),
    num_classes: int = 11,
    turns: int = 30,
    out: str | Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Returns and prints the time that each network takes for one image.

    uint8 image in, logits of its size out, untrained weights, batch 1, one thread. The
    networks alternate, so background load affects all alike; the first turns warm up
    and are left out. One dense 3x3 convolution, 64 to 64 channels at 45x60, runs among
    them. The "limit" of a network is its time if all its multiply-accumulates ran at
    the rate of this convolution.

    Args:
        models: Keys of `MODELS`; the inspiring network is added if missing.
        size: (H, W) of the image.
        num_classes: K.
        turns: Timed runs of each network.
        out: JSON file for the result; None writes no file.
        progress: Show a progress bar.

    Returns:
        `networks`: by name `parameters`, `macs`, `min_ms`, `median_ms`, `ratio` (the
        lowest time of the inspiring network divided by that of this network),
        `limit_ms` and `times_limit`; `convolution`: `macs`, `min_ms`, `median_ms`,
        `gmacs_per_second`; and `size`, `num_classes`, `turns`, `engine`, `cpu`,
        `cores` and `load`, the load average at the start.

    Raises:
        ValueError: A network is unknown, `turns` is below 1, or the engine is missing.
    """
    check_models(models, MODELS)
    if turns < 1:
        raise ValueError(f"turns is {turns}, expected 1 or more")
    require_packages()
    names = dict.fromkeys((*models, YARDSTICK))
    convolution, networks, calls = _prepare(names, size, num_classes)
    machine = conditions()
    seconds = in_turns(calls, turns, WARM_UP, progress)
    for name, row in (*networks.items(), (CONVOLUTION, convolution)):
        row["min_ms"] = 1e3 * min(seconds[name])
        row["median_ms"] = 1e3 * statistics.median(seconds[name])
    _compare(convolution, networks)
    result = {
        "size": list(size),
        "num_classes": num_classes,
        "turns": turns,
        "engine": engine.engine_name(),
        **machine,
        "convolution": convolution,
        "networks": networks,
    }
    print(_table(result))
    keep(result, out)
    return result


def _prepare(
    names: Iterable[str], size: tuple[int, int], num_classes: int
) -> tuple[Row, dict[str, Row], dict[str, Callable[[], Any]]]:
    """Returns the rows of the convolution and of the networks, and a call for each."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        convolution_macs = engine.write_convolution(path, HEIGHT, WIDTH, CHANNELS)
        convolution: Row = {"macs": convolution_macs}
        calls = {CONVOLUTION: engine.open_call(path)}
        networks: dict[str, Row] = {}
        for name in names:
            network = MODELS[name](input_shape=(*size, 3), num_classes=num_classes)
            networks[name] = {
                "parameters": network.count_params(),
                "macs": macs(network),
            }
            with quiet():
                write_onnx(Network(network, outputs=LOGITS), path)
            calls[name] = engine.open_call(path)
    return convolution, networks, calls


def _compare(convolution: Row, networks: dict[str, Row]) -> None:
    """Adds the rate of the convolution, and the ratio and limit of each network."""
    rate = convolution["macs"] / convolution["min_ms"]
    convolution["gmacs_per_second"] = rate / 1e6
    for row in networks.values():
        row["ratio"] = networks[YARDSTICK]["min_ms"] / row["min_ms"]
        row["limit_ms"] = row["macs"] / rate
        row["times_limit"] = row["min_ms"] / row["limit_ms"]


def _table(result: dict[str, Any]) -> str:
    convolution = result["convolution"]
    lines = [
        f"{result['size'][0]}x{result['size'][1]}, {result['num_classes']} classes, "
        f"batch 1, one thread, {result['engine']}, {result['cpu']}, "
        f"{result['turns']} turns, load {result['load']} on {result['cores']} cores",
        f"one 3x3 convolution, {CHANNELS} to {CHANNELS} channels at {HEIGHT}x{WIDTH}: "
        f"{convolution['min_ms']:.2f} ms, "
        f"{convolution['gmacs_per_second']:.1f} GMAC/s",
    ]
    header = ["network", "parameters", "GMACs", "min ms", "median", "ratio"]
    header += ["limit ms", "x limit"]
    rows = [
        [
            name,
            f"{row['parameters']:,}",
            f"{row['macs'] / 1e9:.2f}",
            f"{row['min_ms']:.1f}",
            f"{row['median_ms']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['limit_ms']:.1f}",
            f"{row['times_limit']:.1f}",
        ]
        for name, row in result["networks"].items()
    ]
    return "\n".join([*lines, text_table(header, rows, indent="  ")])
