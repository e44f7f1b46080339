"""Opens and runs damaged exported files; checks that each is named in one sentence.

    PYTHONPATH=Code python experiments/endurance/fuzz_runtimes.py FILE... [--copies 200]
    [--seed 0]

Each FILE (.onnx, .tflite, .xml with its .bin) gets copies with flipped bytes, cut ends,
swapped parts, exaggerated numbers, and none left at all. A child process opens and runs
one after the other, each for at most 60 seconds and 2 GB. An outcome is good when the
copy is refused by one line of a ValueError, or when it answers with classes of its map.
"""

import argparse
import random
import selectors
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from fuzz_predict import damaged

SECONDS, MEGABYTES = 60, 2048
# Reads a path a line; answers with the outcome and the peak memory since the last.
CHILD = """
import os, sys
import numpy as np
# Runtimes print to stdout as well.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
from segnet.runtimes.opening import open_runtime
for line in sys.stdin:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    try:
        runtime = open_runtime(line.strip(), threads=1)
        images = np.zeros((*runtime.shape, 3), np.uint8)
        outputs = runtime.run(images)
        said = "answered" if runtime.facts else "answered, without facts"
    except ValueError as error:
        said = "refused" if "\\n" not in str(error) else "refused in several lines"
        said += ": " + str(error).splitlines()[0]
    except BaseException as error:
        said = f"raised {type(error).__name__}: {error!r}"
    with open("/proc/self/status") as file:
        (peak,) = (text.split()[1] for text in file if text.startswith("VmHWM"))
    print(int(peak) >> 10, said, file=answers, flush=True)
"""


class Child:
    """A process that opens files, started again after a crash."""

    def __init__(self):
        self._process = None

    def see(self, path: Path) -> tuple[int, str]:
        """Returns the peak memory in MB and the outcome for a file."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(SECONDS):
                self._process.kill()
                self._process.wait()
                return 0, "hung"
        line = self._process.stdout.readline()
        if not line:
            return 0, f"crashed with {self._process.wait()}"
        memory, _, outcome = line.strip().partition(" ")
        return int(memory), outcome

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def copies(whole: Path, count: int, rng: random.Random, folder: Path):
    """Yields damaged copies of a file; of an .xml, its .bin is damaged as often."""
    parts = [whole]
    beside = whole.with_suffix(".bin")
    if whole.suffix == ".xml" and beside.is_file():
        parts.append(beside)
    for number in range(count):
        part = rng.choice(parts)
        if number == 0:
            path = folder / f"{number:04d}_empty{part.suffix}"
            path.touch()
        else:
            good = part.suffix[1:], part.read_bytes()
            path = damaged(good, rng, folder, number)
        for other in parts:
            if other != part:
                shutil.copyfile(other, path.with_suffix(other.suffix))
        yield path.with_suffix(whole.suffix)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="print each outcome")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    for whole in arguments.files:
        counts, most, child = Counter(), 0, Child()
        with tempfile.TemporaryDirectory() as folder:
            for path in copies(whole, arguments.copies, rng, Path(folder)):
                memory, outcome = child.see(path)
                kind, _, _ = outcome.partition(":")
                counts[kind] += 1
                most = max(most, memory)
                if memory > MEGABYTES:
                    counts["more than 2 GB"] += 1
                if arguments.show or not kind.startswith(("answered", "refused")):
                    print(path.name, outcome, f"{memory} MB")
        child.close()
        print(whole.name, dict(counts), f"peak memory {most} MB")


if __name__ == "__main__":
    main()
