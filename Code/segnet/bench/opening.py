"""Opens one exported file in a process of its own: load time and peak memory.

    python -m segnet.bench.opening FILE THREADS

Prints JSON. A process that has written or run other files would report their memory.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

RUNS = 3
SECONDS = 300


def measure_opening(path: str | Path, threads: int) -> dict[str, float]:
    """Returns what it takes to open a file and predict with it for the first time.

    Args:
        path: An exported file.
        threads: Of one run.

    Returns:
        `load_seconds`, from the import of the runtime to the first answer;
        `peak_mb`, the peak memory of the whole process.

    Raises:
        ValueError: The process fails.
    """
    command = [sys.executable, "-m", "segnet.bench.opening", str(path), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ValueError(f"{path} cannot be opened in a process of its own: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def main(path: str, threads: int) -> None:
    """Opens a file, runs it and prints what that took."""
    from segnet.runtimes.opening import open_runtime

    start = time.perf_counter()
    runtime = open_runtime(path, threads=threads)
    # Those of small logits announce another shape.
    runtime.facts = None
    images = np.zeros((*runtime.shape, 3), np.uint8)
    runtime.run(images)
    seconds = time.perf_counter() - start
    for _ in range(RUNS - 1):
        runtime.run(images)
    print(json.dumps({"load_seconds": seconds, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Returns the peak memory of this process."""
    status = Path("/proc/self/status")
    if status.is_file():
        # getrusage would count what the process that started this one had in memory.
        (line,) = (t for t in status.read_text().splitlines() if t.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes.
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
