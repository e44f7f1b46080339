"""Measures writing and reading of stores with many frames, for docs/data.md.

    python experiments/speed/bench_store.py DATA --frames 500 4000 --workers 1 2

DATA is a Virtual KITTI 1.3.1 tree (`segnet render` writes one) with that many frames.
Each pair of settings is measured in its own processes, right after plain decoding of
the same files with the same number of processes. The figures are frames per second; CPU
milliseconds per frame, which background load hardly changes; and the peak resident
memory of all processes, where shared pages count for each. Then single frames are read
from the last store, from a copy in one file, and through an HDF5 virtual dataset over
the same shards. The last line extrapolates to 42,520 frames.
"""

import argparse
import math
import random
import subprocess
import sys
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path
from statistics import median

import h5py
import numpy as np
from h5py import VirtualLayout, VirtualSource

from segnet.data import READERS
from segnet.data.store import open_store
from segnet.data.store.writing import create_store
from segnet.data.vkitti import IMAGES, LABELS

VKITTI2_FRAMES = 42520
SAMPLE_S = 0.02
READS = 300
TIMES = """
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
used = [getrusage(whose) for whose in (RUSAGE_SELF, RUSAGE_CHILDREN)]
print(time.perf_counter() - start, sum(one.ru_utime + one.ru_stime for one in used))
"""
DECODE = """
import sys, time
from segnet.bench.prepare import _decode_all
from segnet.data import READERS
start = time.perf_counter()
_decode_all(READERS["vkitti1"](sys.argv[1]).frames, int(sys.argv[3]))
"""
PREPARE = """
import sys, time
from segnet.data.prepare import prepare
start = time.perf_counter()
# "random" leaves no frame out, so that both sides read the same files.
workers, shard_frames = int(sys.argv[3]), int(sys.argv[4]) or None
options = {"split": "random", "workers": workers, "shard_frames": shard_frames}
prepare("vkitti1", *sys.argv[1:3], **options)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--frames", type=int, nargs="+", default=[500, 4000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--shard-frames", type=int, default=0, help="as of prepare")
    parser.add_argument("--rounds", type=int, default=1, help="of each, the fastest")
    parser.add_argument("--folder", type=Path, help="for the stores, of some GB")
    arguments = parser.parse_args()
    peaks = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        folder = Path(folder).resolve()
        print(
            "frames workers shards |  decode  prepare frames/s |  decode  prepare ms"
            " |  ratio | memory MB, parent MB"
        )
        for frames in arguments.frames:
            tree = linked(arguments.data.resolve(), folder / f"data{frames}", frames)
            for workers in arguments.workers:
                out = folder / f"store{frames}-{workers}"
                call = [tree, out, workers, arguments.shard_frames]
                times, peak = measure(call, arguments.rounds)
                with open_store(out / "store.h5") as store:
                    shards, size = len(store.shard_paths), store.bytes / frames
                rates = [f"{frames / wall:8.1f}" for wall, _ in times]
                costs = [1e3 * processor / frames for _, processor in times]
                peaks[frames, workers] = peak
                columns = [
                    f"{frames:6} {workers:7} {shards:6} ",
                    f"{rates[0]} {rates[1]}          ",
                    f"{costs[0]:8.1f} {costs[1]:8.1f}    ",
                    f" {costs[1] / costs[0]:5.2f}x ",
                    f" {peak[0]:9.0f} {peak[1]:9.0f}",
                ]
                print("|".join(columns), flush=True)
        cost = costs[1] / workers
        extrapolate(arguments.frames, arguments.workers, cost, size, peaks)
        if shards:
            read(out / "store.h5", folder)


def linked(data: Path, tree: Path, frames: int) -> Path:
    """Makes a tree of links to the first frames of each sequence, `frames` in all."""
    found = READERS["vkitti1"](data).frames
    sequences = {}
    for frame in found:
        sequences.setdefault(frame.id.rpartition("/")[0], []).append(frame)
    share = math.ceil(frames / len(sequences))
    while sum(min(share, len(own)) for own in sequences.values()) < frames:
        share += 1
    chosen = (frame for own in sequences.values() for frame in own[:share])
    paths = [p for f in islice(chosen, frames) for p in (f.image, f.label)]
    for path in (*paths, *(data / LABELS).glob("*.txt")):
        link = tree / path.relative_to(data)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    count = len(list((tree / IMAGES).glob("*/*/*.png")))
    if count != frames:
        raise SystemExit(f"{data} has {count} frames, {frames} are wanted")
    return tree


def measure(call: list, rounds: int) -> tuple[list, tuple]:
    """Returns seconds to decode and to prepare; MB of all processes, of the parent.

    Seconds are pairs of wall time and CPU time, the lowest of some rounds.
    """
    found, peak = ([], []), (0.0, 0.0)
    for _ in range(rounds):
        for place, code in enumerate((DECODE, PREPARE)):
            seconds, peak = run([sys.executable, "-c", code + TIMES, *map(str, call)])
            found[place].append(seconds)
    return [tuple(map(min, zip(*rows, strict=True))) for rows in found], peak


def run(call: list[str]) -> tuple[list[float], tuple]:
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        peak = [0.0, 0.0]
        watch = threading.Thread(target=sample, args=(process, peak))
        watch.start()
        output = process.stdout.read()
        watch.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(call[3:])} failed")
    return [float(word) for word in output.split()], tuple(peak)


def sample(process: subprocess.Popen, peak: list) -> None:
    while process.poll() is None:
        resident = [resident_mb(pid) for pid in family(process.pid)]
        peak[:] = max(peak[0], sum(resident)), max(peak[1], resident[0])
        time.sleep(SAMPLE_S)


def family(pid: int) -> list[int]:
    """Returns a process and all its children, read from Linux's /proc."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return [pid]
    return [pid, *(one for child in text.split() for one in family(int(child)))]


def resident_mb(pid: int) -> float:
    try:
        rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(row.split()[1]) / 1e3 for row in rows if row.startswith("VmRSS"))


def extrapolate(frames: list, workers: list, cost: float, size: float, peaks) -> None:
    # Only the parent's record of each frame grows with their number.
    few, many = (peaks[count, workers[0]][1] for count in (frames[0], frames[-1]))
    growth = max(0, many - few) / max(1, frames[-1] - frames[0])
    memory = peaks[frames[-1], workers[-1]][0] + growth * (VKITTI2_FRAMES - frames[-1])
    disk = f"{VKITTI2_FRAMES * size / 1e9:.2f} GB on disk ({size:.0f} bytes a frame)"
    print(
        f"{VKITTI2_FRAMES} frames with {workers[-1]} workers: "
        f"{VKITTI2_FRAMES * cost / 6e4:.0f} minutes on idle cores, "
        f"{memory:.0f} MB of memory ({1e3 * growth:.1f} kB a frame), {disk}"
    )


def read(path: Path, folder: Path, rounds: int = 15) -> None:
    """Reads single frames in random order, in turn from each kind of store."""
    one, virtual = one_file(path, folder / "one.h5"), folder / "virtual.h5"
    virtual_store(path, virtual)
    rng = random.Random(0)
    with (
        open_store(path) as many,
        open_store(one) as single,
        h5py.File(virtual, rdcc_nbytes=0) as v,
    ):
        ways = {
            "one file": (single["train"].images, single["train"].labels),
            "shards": (many["train"].images, many["train"].labels),
            "virtual dataset": (v["images"], v["labels"]),
        }
        count, seconds = len(many["train"]), {name: [] for name in ways}
        for _ in range(rounds + 1):
            indices = [rng.randrange(count) for _ in range(READS)]
            for name, (images, labels) in ways.items():
                # CPU time, since others use the machine; the files are in memory by
                # then.
                start = time.process_time()
                for index in indices:
                    images[index], labels[index]
                seconds[name].append(time.process_time() - start)
    opening = {"one file": opened(one), "shards": opened(path)}
    # The first round opens the files.
    middle = {name: median(times[1:]) / READS for name, times in seconds.items()}
    for name, value in middle.items():
        start = f", opened in {1e3 * opening[name]:.1f} ms" if name in opening else ""
        print(
            f"read from {name}: {1e3 * value:.3f} ms a frame, "
            f"{value / middle['one file']:.3f} of one file{start}"
        )


def opened(path: Path) -> float:
    times = []
    for _ in range(9):
        start = time.process_time()
        open_store(path).close()
        times.append(time.process_time() - start)
    return median(times)


def one_file(path: Path, one: Path) -> Path:
    """Writes the same store in one file; returns its path."""
    with open_store(path) as store:
        ids = {name: store[name].frame_ids for name in store.splits}
        size = store["train"].size
        with create_store(one, store.class_map, ids, size, {}) as writer:
            for name in store.splits:
                shards = [s for s in store.shard_paths if s.name.startswith(name)]
                packed = (
                    chunks for shard in shards for chunks in chunks_of(shard, name)
                )
                for index, (image, labels) in enumerate(packed):
                    writer.write(name, index, image, labels)
    return one


def chunks_of(shard: Path, name: str):
    with h5py.File(shard) as file:
        images, labels = (file[name][kind].id for kind in ("images", "labels"))
        for index in range(labels.shape[0]):
            yield (
                images.read_direct_chunk((index, 0, 0, 0))[1],
                labels.read_direct_chunk((index, 0, 0))[1],
            )


def virtual_store(path: Path, virtual: Path) -> None:
    """Writes the train split as a virtual dataset of HDF5."""
    with open_store(path) as store, h5py.File(virtual, "w", libver="latest") as file:
        shards = [s for s in store.shard_paths if s.name.startswith("train")]
        for kind in ("images", "labels"):
            shape = getattr(store["train"], kind).shape
            layout, first = VirtualLayout(shape, np.uint8), 0
            for shard in shards:
                with h5py.File(shard) as part:
                    source = VirtualSource(part["train"][kind])
                layout[first : first + source.shape[0]] = source
                first += source.shape[0]
            file.create_virtual_dataset(kind, layout)


if __name__ == "__main__":
    main()
