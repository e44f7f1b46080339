"""Kills `segnet prepare` or fills its disk, and checks what it leaves behind.

    PYTHONPATH=Code:tests python experiments/endurance/fault_prepare.py
    [kill|shards|step|full]

kill: `kill -9` of the command at random moments, some with two worker processes.
shards: the same for stores in shards, half of the time without killing the workers;
    then the same command, half of the time with --resume, sometimes killed again.
step: `kill -9` right before a chosen write, rename or removal of a file: each one in
    turn at the start and at the end of a run.
full: a full disk, simulated by a limit on the size of files.

Each run replaces a store of another scale with other class maps. Afterwards the store
must be the complete old or new one, and its class maps absent or its own. The same
command must then succeed and leave nothing behind. All files are below a temporary
folder.
"""

import argparse
import os
import random
import re
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
from segnet.data.store import full_disk
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
full_disk.SteadyFile.write = counted(full_disk.SteadyFile.write)
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
SHARD_FRAMES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="*", default=[*FAULTS])
    parser.add_argument("--count", type=int, default=60, help="of each (default 60)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rng = random.Random(arguments.seed)
        for what in arguments.what:
            shard_frames = SHARD_FRAMES if what == "shards" else None
            trial = Trial(Path(folder) / what, shard_frames)
            counts = Counter()
            for fault in FAULTS[what](trial, arguments.count, rng):
                counts += fault
            summary = ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
            print(f"{what}: {summary}", flush=True)


class Trial:
    """A dataset, two stores made from it, and a folder in which one is replaced."""

    def __init__(self, folder: Path, shard_frames: int | None):
        self.shard_frames = shard_frames
        # The second world adds encodings, so that the class maps differ.
        worlds = ("0001", "0020")
        self.data = write_vkitti(folder / "data", worlds, ("fog",), FRAMES, (48, 72))
        self.worlds = ["0001"], ["0001", "0020"]
        self.out = folder / "out"
        self.made = [folder / f"made{index}" for index in (0, 1)]
        for index in (0, 1):
            self.prepare(index, self.made[index])
        self.current = 0
        shutil.copytree(self.made[0], self.out)

    def prepare(self, index: int, out: Path, resume: bool = False) -> int:
        """Makes a store; returns the number of shards kept."""
        finished = {path.name for path in out.glob("shards/*.h5")} if resume else set()
        prepare(
            *("vkitti1", self.data, out),
            scale=SCALES[index],
            worlds=self.worlds[index],
            workers=1,
            shard_frames=self.shard_frames,
            resume=resume,
        )
        return sum((out / "shards" / name).exists() for name in finished)

    def command(self, workers: int = 1, *more: str) -> list[str]:
        """Returns the arguments that replace the store by the other one."""
        index = 1 - self.current
        worlds = [part for world in self.worlds[index] for part in ("--world", world)]
        scale = ["--scale", str(SCALES[index]), "--workers", str(workers)]
        if self.shard_frames:
            more = (*more, "--shard-frames", str(self.shard_frames))
        return [
            *("prepare", "vkitti1", str(self.data), str(self.out)),
            *(*worlds, *scale, *more),
        ]

    def check(self, resume: bool = False) -> Counter:
        """Checks what is left, then runs the command again."""
        counts = self.look()
        self.current = 1 - self.current
        counts["shards kept"] += self.prepare(self.current, self.out, resume)
        stores = (path / "store.h5" for path in (self.out, self.made[self.current]))
        left, wanted = map(content, stores)
        demand(left == wanted, "the second run made another store")
        left, wanted = (names(folder) for folder in (self.out, self.made[self.current]))
        demand(left == wanted, f"left behind: {left - wanted}")
        counts["re-run well" + (" with --resume" if resume else "")] += 1
        return counts

    def look(self) -> Counter:
        """Checks that the store is the old or the new one."""
        with open_store(self.out / "store.h5") as store:
            found = SCALES.index(store.attributes["scale"])
        stores = (path / "store.h5" for path in (self.out, self.made[found]))
        left, wanted = map(content, stores)
        demand(left == wanted, "neither old nor new")
        maps = [path.name for path in self.out.glob("class_map.???*")]
        maps = [name for name in maps if ".part" not in name]
        for name in maps:
            its = (self.made[found] / name).read_bytes()
            demand((self.out / name).read_bytes() == its, f"another store's {name}")
            ClassMap.load(self.out / name)
        counts = Counter({f"with the {'new' if found != self.current else 'old'}": 1})
        counts["without all class maps"] += len(maps) < 2
        counts["with a lock left"] += (self.out / ".prepare.lock").exists()
        return counts


def names(folder: Path) -> Counter:
    """Returns all file names, without the digits that differ from run to run."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return Counter(re.sub("[-.][0-9a-f]{8}[.]", ".", path.name) for path in paths)


def content(path: Path) -> list:
    """Returns the content of a store, without the times that its file also holds."""
    with open_store(path) as store:
        splits = [store[name] for name in store.splits]
        arrays = [array.tobytes() for split in splits for array in split.load()]
        # The names and times of shards differ from run to run.
        own = ("shards", "seal")
        facts = {k: v for k, v in store.attributes.items() if k not in own}
        demand(not store.damaged_shards(workers=1), "a damaged shard")
        return [facts, [split.frame_ids for split in splits], arrays]


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
        killed = kill(trial.command(workers), whole[workers], rng, True)
        done += killed
        yield Counter({"killed" if killed else "ended before the kill": 1})
        yield trial.check()


def shard_kills(trial: Trial, count: int, rng: random.Random):
    start = time.monotonic()
    run(["-m", "segnet"], trial.command()).communicate()
    trial.current = 1 - trial.current
    whole, done = time.monotonic() - start, 0
    while done < count:
        resume = ()
        while True:
            call = trial.command(rng.choice((1, 2)), *resume)
            killed = kill(call, whole, rng, rng.random() < 0.5)
            done += killed
            yield Counter({"killed" if killed else "ended before the kill": 1})
            trial.look()
            if resume or rng.random() < 0.5:
                break
            resume = ("--resume",)
        yield trial.check(resume=rng.random() < 0.5)


def kill(call: list[str], seconds: float, rng: random.Random, group: bool) -> bool:
    """Kills a command within some seconds; returns whether it was still running."""
    process = run(["-m", "segnet"], call)
    time.sleep(rng.uniform(0.3, 1) * seconds)
    with process:
        running = process.poll() is None
        if running:
            (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    return running


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
    # Counted from the end, where the files are replaced.
    last = range(-(count // 2) + 1, 1)
    for step in (*first, *rest, *last):
        step = step if step > 0 else totals[trial.current] + step
        process = run(["-c", STEPPER, str(step)], trial.command())
        process.communicate()
        killed = process.returncode == -signal.SIGKILL
        yield Counter({"killed" if killed else "ended before the step": 1})
        yield trial.check()


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
        yield trial.check()


FAULTS = {"kill": kills, "shards": shard_kills, "step": steps, "full": limits}

if __name__ == "__main__":
    main()
