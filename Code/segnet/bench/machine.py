"""The machine that is measured, and a dense convolution to compare its speed with."""

import os
import platform
from pathlib import Path

# A 3x3 convolution of this shape runs near the limit of an engine: its weights and its
# image stay in the cache.
HEIGHT, WIDTH, CHANNELS = 45, 60, 64
CONVOLUTION = "convolution"
CONVOLUTION_MACS = HEIGHT * WIDTH * 9 * CHANNELS**2


def conditions() -> dict:
    """`cpu`, `cores`, and `load`, how many processes want them now."""
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    return {"cpu": cpu_name(), "cores": os.cpu_count(), "load": load}


def cpu_name() -> str:
    """The processor in words, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor()).strip()
