"""What the measurements share: the machine, taking turns, a dense convolution."""

import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

from tqdm.auto import tqdm

from segnet.system.files import replacing

# A 3x3 convolution of this shape runs near the limit of an engine: its weights and its
# image stay in the cache.
HEIGHT, WIDTH, CHANNELS = 45, 60, 64
CONVOLUTION = "convolution"
CONVOLUTION_MACS = HEIGHT * WIDTH * 9 * CHANNELS**2


def conditions() -> dict:
    """`cpu`, `cores`, and `load`, how many processes want them now."""
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {"cpu": cpu_name(), "cores": os.cpu_count(), "load": load}


def in_turns(
    calls: dict[str, Callable], turns: int, warm_up: int, progress: bool
) -> dict[str, list[float]]:
    """The seconds of each call in each turn, those that warm up left out.

    In turns, so that whatever else the machine does meets all of them.
    """
    seconds = {name: [] for name in calls}
    counted = range(warm_up + turns)
    for _ in tqdm(counted, desc="bench", unit="turn", disable=not progress):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: times[warm_up:] for name, times in seconds.items()}


def keep(result: dict, out: str | Path | None) -> None:
    """Writes a result as JSON, if there is a file to write."""
    if out is not None:
        with replacing(out) as part:
            part.write_text(json.dumps(result, indent=2) + "\n")


def cpu_name() -> str:
    """The processor in words, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor()).strip()
