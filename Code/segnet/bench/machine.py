"""Parts shared by the measurements: machine, alternating calls, a convolution."""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from segnet.system.files import replacing

# A 3x3 convolution of this shape runs near the limit of an engine, since its weights
# and its image stay in the cache.
HEIGHT, WIDTH, CHANNELS = 45, 60, 64
CONVOLUTION = "convolution"
CONVOLUTION_MACS = HEIGHT * WIDTH * 9 * CHANNELS**2


def conditions() -> dict[str, Any]:
    """Returns `cpu`, `cores` and `load`, the load average of the last minute."""
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {"cpu": cpu_name(), "cores": os.cpu_count(), "load": load}


def check_models(models: Iterable[str], known: Iterable[str]) -> None:
    """Refuses unknown names of networks.

    Raises:
        ValueError: A name is unknown; the message names it and lists the networks.
    """
    known = list(known)
    for name in models:
        if name not in known:
            raise ValueError(f"no network {name!r}; known are {', '.join(known)}")


def in_turns(
    calls: dict[str, Callable[[], Any]], turns: int, warm_up: int, progress: bool
) -> dict[str, list[float]]:
    """Returns the seconds of each call in each turn, without the warm-up turns.

    The calls alternate, so background load affects all alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    # By calls: the first turn compiles all networks, which takes minutes.
    counted = [*calls.items()] * (warm_up + turns)
    for name, call in tqdm(counted, desc="bench", unit="call", disable=not progress):
        start = time.perf_counter()
        call()
        seconds[name].append(time.perf_counter() - start)
    return {name: times[warm_up:] for name, times in seconds.items()}


def keep(result: dict[str, Any], out: str | Path | None) -> None:
    """Writes a result as JSON, if `out` is given."""
    if out is not None:
        with replacing(out) as part:
            part.write_text(json.dumps(result, indent=2) + "\n")


def cpu_name() -> str:
    """Returns the name of the processor, if the system reports one."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor()).strip()
