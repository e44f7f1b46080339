"""Tries out a file that may end the process: opens and runs it once in another one.

python -m segnet.runtimes.trial FILE [H W]
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

# Whoever waits longer than this has a file that is no road-scene network.
SECONDS = 60
REFUSED = 2
# Beside what the process has before it opens the file.
MOST_BYTES = 3 << 29


def try_out(path: Path, size: tuple[int, int] | None = None) -> None:
    """Opens and runs a `.tflite` file in another process.

    Args:
        path: The file.
        size: (H, W) where the file leaves it open.

    Raises:
        ValueError: The file is damaged, ends the process, or takes too long or too
            much memory.
    """
    command = [sys.executable, "-m", __name__, str(path), *map(str, size or ())]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(
            f"{path}: no answer in {SECONDS} seconds; damaged, or no network for images"
        ) from None
    if done.returncode == REFUSED:
        raise ValueError(done.stdout.strip())
    if done.returncode:
        raise ValueError(f"{path}: damaged; LiteRT breaks down when it runs the file")


def main(path: str, *size: str) -> int:
    """Opens and runs a file once; prints why it is refused."""
    # Imported first: libraries reserve address space that they never use.
    import ai_edge_litert.interpreter  # noqa: F401

    from segnet.runtimes.litert import LiteRTFile

    _bound_memory()
    # Runtimes write to stdout as well.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        sides = (int(size[0]), int(size[1])) if size else None
        runtime = LiteRTFile(Path(path), 1, sides)
        runtime.run(np.zeros((*runtime.shape, 3), np.uint8))
    except ValueError as error:
        print(error, file=answers, flush=True)
        return REFUSED
    return 0


def _bound_memory() -> None:
    """Makes allocations fail beyond `MOST_BYTES` more, on Linux."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_BYTES
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
