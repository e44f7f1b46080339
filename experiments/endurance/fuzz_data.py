"""Damages files bit by bit and checks how their readers respond.

    PYTHONPATH=Code:tests python experiments/endurance/fuzz_data.py [KIND ...] [--count
    500]

Kinds: image, label, encoding, json, pickle, store, sharded (the main file of such a
store, which lists the shards) and shard (one of them), each with one flipped bit,
evenly over the file; and hostile (files made to hang, crash or fool a reader). Each
file is read in a child process, which may take 20 seconds. The reader must return the
data as written, or raise a ValueError or OSError that names the file. Some formats
cannot distinguish a flipped bit from another picture, colour or name; other data of the
right form is counted separately.
"""

import argparse
import multiprocessing
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from segnet.classes import ClassMap
from segnet.data.images import read_colour_labels, read_rgb
from segnet.data.prepare import prepare
from segnet.data.store import class_counts, open_store
from segnet.data.vkitti import read_encoding

from conftest import RGB, SCENEGT, write_vkitti  # isort: skip
from helpers.hostile import hostile_files  # isort: skip

SECONDS = 20


def read_store(path: Path) -> list:
    """Returns the content of a store."""
    with open_store(path) as store:
        splits = [store[name] for name in store.splits]
        arrays = [array.tobytes() for split in splits for array in split.load()]
        counts = [class_counts(split)[0].tolist() for split in splits]
        ids = [split.frame_ids for split in splits]
        text = store.describe().replace(str(path), "")
        return [store.attributes, text, ids, arrays, counts]


def read_shard(path: Path) -> list:
    """Returns the content of the store of a shard."""
    return read_store(path.parents[1] / "store.h5")


def read_image(path: Path) -> bytes:
    return read_rgb(path).tobytes()


def read_label(path: Path) -> bytes:
    return read_colour_labels(path).tobytes()


READ = {
    "image": read_image,
    "label": read_label,
    "encoding": read_encoding,
    "json": ClassMap.load,
    "pickle": ClassMap.load,
    "store": read_store,
    "sharded": read_store,
    "shard": read_shard,
}
STORES = ("store", "sharded", "shard")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kinds", nargs="*", default=[*READ, "hostile"])
    parser.add_argument("--count", type=int, default=500, help="flips of each kind")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder, rng = Path(folder), random.Random(arguments.seed)
        made = sources(folder)
        for kind in arguments.kinds:
            if kind == "hostile":
                answers = hostile(folder / "hostile", made["store"])
            else:
                answers = flips(kind, made[kind], folder, arguments.count, rng)
            counts = Counter(answers)
            summary = ", ".join(f"{n} {word}" for word, n in counts.most_common())
            print(f"{kind}: {counts.total()} files: {summary}", flush=True)


def sources(folder: Path) -> dict[str, Path]:
    """Returns an intact file of each kind."""
    data = write_vkitti(folder / "data", ("0001",), ("fog",), 12, (48, 72))
    store = prepare("vkitti1", data, folder / "out", scale=2, workers=1)
    out = folder / "sharded"
    sharded = prepare("vkitti1", data, out, scale=2, workers=1, shard_frames=4)
    return {
        "image": data / RGB / "0001" / "fog" / "00003.png",
        "label": data / SCENEGT / "0001" / "fog" / "00003.png",
        "encoding": data / SCENEGT / "0001_fog_scenegt_rgb_encoding.txt",
        "json": store.with_name("class_map.json"),
        "pickle": store.with_name("class_map.pkl"),
        "store": store,
        "sharded": sharded,
        "shard": min(out.glob("shards/*")),
    }


def flips(kind: str, path: Path, folder: Path, count: int, rng: random.Random) -> list:
    whole, expected = path.read_bytes(), READ[kind](path)
    target = folder / "flipped" / kind / path.name
    if kind in ("sharded", "shard"):
        copy = shutil.copytree(folder / "sharded", target.parent)
        target = copy / path.relative_to(folder / "sharded")
    # Otherwise alone: the other class map beside it would reveal every difference.
    target.parent.mkdir(parents=True, exist_ok=True)
    places = [number * len(whole) * 8 // count for number in range(count)]
    step = max(1, len(whole) * 8 // count)
    jobs = []
    for place in places:
        bit = min(place + rng.randrange(step), len(whole) * 8 - 1)
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        jobs.append((kind, target, bytes(damaged)))
    return answers(jobs, expected)


def hostile(folder: Path, store: Path) -> list[str]:
    kinds = {".pkl": "pickle", ".json": "json", ".h5": "store", ".png": "label"}
    paths = hostile_files(folder, store)
    return answers([(kinds[p.suffix], p, p.read_bytes()) for p in paths], None)


def answers(jobs: list, expected) -> list[str]:
    """Returns the outcome of reading each file; replaces children that die or hang."""
    found, child = [], None
    for job in jobs:
        child = child or Child(expected)
        found.append(child.ask(job))
        if found[-1].startswith("FAULT"):
            job[1].with_suffix(".kept").write_bytes(job[2])
            print(found[-1], job[1], flush=True)
        if found[-1] in ("FAULT: hang", "FAULT: crash"):
            child.stop()
            child = None
    if child:
        child.stop()
    return found


class Child:
    def __init__(self, expected):
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=serve, args=(there, expected))
        self._process.start()
        there.close()

    def ask(self, job: tuple) -> str:
        self._here.send(job)
        if not self._here.poll(SECONDS):
            return "FAULT: hang"
        try:
            return self._here.recv()
        except EOFError:
            return "FAULT: crash"

    def stop(self) -> None:
        self._here.close()
        self._process.kill()
        self._process.join()


def serve(pipe, expected) -> None:
    while True:
        try:
            kind, path, damaged = pipe.recv()
        except EOFError:
            return
        path.write_bytes(damaged)
        pipe.send(answer(kind, path, expected))


def answer(kind: str, path: Path, expected) -> str:
    try:
        found = READ[kind](path)
    except (ValueError, OSError) as error:
        named = str(path) in str(error)
        return "clear errors" if named else f"FAULT: unnamed: {error!r:.300}"
    except BaseException as error:
        return f"FAULT: {error!r:.300}"
    if found == expected:
        return "right data"
    if kind in STORES or expected is None:
        return "FAULT: other data"
    return "other data of the right form"


if __name__ == "__main__":
    main()
