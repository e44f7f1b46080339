"""Kills and starves `segnet prepare`, and looks at what is left.

    PYTHONPATH=Code:tests python benchmarks/fault_prepare.py [kill | step | full]

kill: `kill -9` of the command at random moments, some with two worker processes.
step: the same right before a chosen write, rename or removal of a file: each one in
    turn at the start and at the end of a run.
full: the disk takes no more than so many bytes, by a limit on the size of files.

Each run is to replace a store of another scale with other class maps. Afterwards the
store must be the old or the new one, whole; the class maps must be absent or its own;
and the same command must then succeed. Everything is below a temporary folder.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from conftest import write_vkitti
from segnet.classes import ClassMap
from segnet.data.prepare import prepare
from segnet.data.store import open_store

STEPPER = """
import os, signal, sys
from segnet.data import steady_file
from segnet.cli import main
left = int(sys.argv[1])
def counted(action):
    def wrapper(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return action(*arguments, **options)
    return wrapper
for name in ("replace", "unlink", "fsync"):
    setattr(os, name, counted(getattr(os, name)))
steady_file.SteadyFile.write = counted(steady_file.SteadyFile.write)
status = main(sys.argv[2:])
print("left", left)
sys.exit(status)
"""
LIMITED = """
import resource, signal, sys
from segnet.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(main(sys.argv[2:]))
"""
SCALES = 2.0, 3.0
FRAMES = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="*", default=["kill", "step", "full"])
    parser.add_argument("--count", type=int, default=60, help="of each (default 60)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        rng = random.Random(arguments.seed)
        for what in arguments.what:
            faults = {"kill": kills, "step": steps, "full": limits}[what]
            counts = Counter()
            for fault in faults(trial, arguments.count, rng):
                counts += fault
            told = ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
            print(f"{what}: {told}", flush=True)


class Trial:
    """A dataset, both stores made from it, and a folder in which one is replaced."""

    def __init__(self, folder: Path):
        # The second world brings further encodings, so that the class maps differ.
        worlds = ("0001", "0020")
        self.data = write_vkitti(folder / "data", worlds, ("fog",), FRAMES, (48, 72))
        self.worlds = ["0001"], ["0001", "0020"]
        self.out = folder / "out"
        self.made = [folder / f"made{index}" for index in (0, 1)]
        for index in (0, 1):
            self.prepare(index, self.made[index])
        self.current = 0
        shutil.copytree(self.made[0], self.out)

    def prepare(self, index: int, out: Path) -> None:
        worlds, scale = self.worlds[index], SCALES[index]
        prepare("vkitti1", self.data, out, scale=scale, worlds=worlds, workers=1)

    def command(self, workers: int = 1) -> list[str]:
        """The arguments that turn the store into the other one."""
        index = 1 - self.current
        worlds = [part for world in self.worlds[index] for part in ("--world", world)]
        scale = ["--scale", str(SCALES[index]), "--workers", str(workers)]
        return ["prepare", "vkitti1", str(self.data), str(self.out), *worlds, *scale]

    def judge(self) -> Counter:
        """Looks at what is left, then runs the command again."""
        with open_store(self.out / "store.h5") as store:
            found = SCALES.index(store.attributes["scale"])
        stores = (path / "store.h5" for path in (self.out, self.made[found]))
        left, wanted = map(content, stores)
        demand(left == wanted, "neither old nor new")
        names = [path.name for path in self.out.glob("class_map.???*")]
        maps = [name for name in names if ".part" not in name]
        for name in maps:
            its = (self.made[found] / name).read_bytes()
            demand((self.out / name).read_bytes() == its, f"another store's {name}")
            ClassMap.load(self.out / name)
        counts = Counter({f"with the {'new' if found != self.current else 'old'}": 1})
        counts["without all class maps"] += len(maps) < 2
        counts["with a lock left"] += (self.out / ".prepare.lock").exists()
        self.current = 1 - self.current
        self.prepare(self.current, self.out)
        left, wanted = ({p.name for p in f.iterdir()} for f in (self.out, self.made[0]))
        demand(left == wanted, f"left behind: {left - wanted}")
        counts["re-run well"] += 1
        return counts


def content(path: Path) -> list:
    """All there is in a store: the file itself also holds times."""
    with open_store(path) as store:
        splits = [store[name] for name in store.splits]
        arrays = [array.tobytes() for split in splits for array in split.load()]
        return [store.attributes, [split.frame_ids for split in splits], arrays]


def demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise SystemExit(f"FAILED: {otherwise}")


def run(code: list[str], arguments: list[str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kills(trial: Trial, count: int, rng: random.Random):
    whole = {}
    for workers in (1, 2):
        start = time.monotonic()
        run(["-m", "segnet"], trial.command(workers)).communicate()
        trial.current = 1 - trial.current
        whole[workers] = time.monotonic() - start
    done = 0
    while done < count:
        workers = rng.choice((1, 2))
        process = run(["-m", "segnet"], trial.command(workers))
        time.sleep(rng.uniform(0.3, 1) * whole[workers])
        with process:
            ended = process.poll() is not None
            if not ended:
                os.killpg(process.pid, signal.SIGKILL)
        done += not ended
        yield Counter({"ended before the kill" if ended else "killed": 1})
        yield trial.judge()


def steps(trial: Trial, count: int, rng: random.Random):
    totals = {}
    for _ in (0, 1):
        process = run(["-c", STEPPER, str(10**9)], trial.command())
        left = process.communicate()[0].split("\nleft ")[1]
        totals[trial.current] = 10**9 - int(left)
        trial.current = 1 - trial.current
    least = min(totals.values())
    first = range(1, count // 4 + 1)
    rest = sorted(rng.sample(range(count // 4 + 1, least - count // 2), count // 4))
    # Counted back from the end, where the files are replaced.
    last = range(-(count // 2) + 1, 1)
    for step in (*first, *rest, *last):
        step = step if step > 0 else totals[trial.current] + step
        process = run(["-c", STEPPER, str(step)], trial.command())
        process.communicate()
        killed = process.returncode == -signal.SIGKILL
        yield Counter({"killed" if killed else "ended before the step": 1})
        yield trial.judge()


def limits(trial: Trial, count: int, rng: random.Random):
    for number in range(count):
        size = (trial.made[1 - trial.current] / "store.h5").stat().st_size
        limit = rng.randrange(size)
        if number % 2:
            # The end is where HDF5 writes its tables.
            limit = size - rng.randrange(1, size // 10)
        process = run(["-c", LIMITED, str(limit)], trial.command())
        error = process.communicate()[1]
        demand(process.returncode == 2 and "File too large" in error, error)
        demand(not list(trial.out.glob("*.part*")), "a part is left")
        yield Counter({"clear errors": 1})
        yield trial.judge()


if __name__ == "__main__":
    main()
