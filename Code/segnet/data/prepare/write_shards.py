"""Writes a store in shards: one process a shard, and no shard twice."""

import json
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet.classes import ClassMap
from segnet.data.prepare.filling import Filling, NoneKept
from segnet.data.prepare.packing import FramePacker
from segnet.data.prepare.plan import Part, Plan
from segnet.data.prepare.resume import JOURNAL, Journal
from segnet.data.store import open_store
from segnet.data.store.integrity import SEAL, open_checked, shards_of
from segnet.data.store.shard_list import FOLDER, NAME, PART_NAME, Shard
from segnet.data.store.writing import create_store, write_sharded_store
from segnet.system.checksums import sha256_of
from segnet.system.files import remove_parts
from segnet.system.parallel import stepwise_map
from segnet.system.text import shown_in_line

LISTING = "listing"


@dataclass(frozen=True)
class Written:
    """The outcome of a part: its file, or None where all its frames are bad."""

    part: str
    path: Path | None
    sha256: str = ""
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShardMaker:
    """Packs the frames of a part, writes them and hashes the file, in a worker.

    Args:
        folder: Of the shards.
        token: Eight hex digits of this run, so that no run touches a file of another,
            not even of a killed one whose worker lives a little longer.
        class_map: Of the store.
        packer: What turns a frame into bytes.
        attributes: Of the store.
    """

    folder: Path
    token: str
    class_map: ClassMap
    packer: FramePacker
    attributes: Mapping

    def __call__(self, part: Part) -> Generator[None, None, Written]:
        path = self.folder / f"{part.name}-{self.token}.h5"
        ids = {part.split: [frame.id for frame in part.frames]}
        # Before the files are read, so that a change during the run is noticed later.
        attributes = dict(self.attributes) | {LISTING: part.listing()}
        size = self.packer.scaled
        try:
            with create_store(path, self.class_map, ids, size, attributes) as writer:
                filling = Filling(writer, ids, size)
                for frame in part.frames:
                    filling.add(self.packer(frame), frame.id, part.split)
                    yield
                filling.finish()
        except NoneKept as error:
            return Written(part.name, None, skipped=error.skipped)
        return Written(part.name, path, sha256_of(path))


def write_shards(
    plan: Plan, journal: Journal, workers: int | None, progress: bool
) -> list[Written]:
    """Returns the outcome of each part, finished ones included.

    Args:
        plan: The parts to write.
        journal: Names the finished shards; its file lies in their folder.
        workers: Processes; one for each core by default.
        progress: Show a progress bar.

    Raises:
        ValueError, OSError: As `segnet.data.prepare.prepare`. Finished shards stay for
            a run that resumes.
    """
    from tqdm.auto import tqdm

    folder = journal.path.parent
    whole = _whole(plan.parts, journal, progress)
    journal.finished = {one.path.name: one.sha256 for one in whole.values() if one.path}
    journal.write()
    missing = [part for part in plan.parts if part.name not in whole]
    maker = ShardMaker(
        folder,
        secrets.token_hex(4),
        plan.source.class_map,
        plan.packer,
        plan.shard_attributes,
    )

    def done(written: Written) -> None:
        whole[written.part] = written
        if written.path:
            journal.add(written.path.name, written.sha256)

    frames = sum(len(part.frames) for part in missing)
    steps = stepwise_map(maker, missing, done, workers)
    options = {"total": frames, "desc": "prepare", "unit": "frame"}
    for _ in tqdm(steps, **options, disable=not progress):
        pass
    return [whole[part.name] for part in plan.parts]


def join_shards(
    path: Path, plan: Plan, written: Sequence[Written], beside: Mapping[Path, bytes]
) -> None:
    """Writes the store of these shards to `path`, class maps `beside` it.

    Raises:
        NoneKept: No frame of a split could be packed.
    """
    ids: dict[str, list[str]] = {name: [] for name in plan.frame_ids}
    shards: list[Shard] = []
    skipped = [shown_in_line(line) for line in plan.source.orphans]
    void, pixels = 0.0, []
    for part, one in zip(plan.parts, written, strict=True):
        skipped += one.skipped
        if one.path is None:
            continue
        with open_store(one.path) as store:
            names, facts = store[part.split].frame_ids, store.attributes
            skipped += store.skipped
        ids[part.split] += names
        void += facts["void_share"] * len(names)
        pixels.append(facts["class_pixels"])
        size, seal = one.path.stat().st_size, facts[SEAL]
        shards.append(
            Shard(one.path.name, part.split, len(names), size, one.sha256, seal)
        )
    for name, kept in ids.items():
        if not kept:
            raise NoneKept(name, skipped)
    counts = {name: len(kept) for name, kept in ids.items()}
    attributes = plan.shard_attributes | {
        "split_rule": plan.split_rule(counts, len(skipped)),
        "settings": json.dumps(plan.settings),
        "void_share": void / sum(counts.values()),
        "class_pixels": np.sum(pixels, axis=0),
    }
    if skipped:
        attributes["skipped"] = "\n".join(skipped)
    write_sharded_store(
        path, plan.source.class_map, ids, plan.packer.scaled, attributes, shards, beside
    )


def clean(out: Path, resuming: bool = False) -> None:
    """Removes the journal, and the shards that no store in the folder `out` has.

    Args:
        out: The folder, whose lock the caller holds.
        resuming: Keep the journal, and shards that are whole.
    """
    folder = out / FOLDER
    left = [path for path in folder.glob("*") if PART_NAME.fullmatch(path.name)]
    if not resuming:
        left += [folder / JOURNAL, *_unused(out, folder)]
    for path in left:
        with suppress(OSError):
            path.unlink()
    remove_parts(folder / JOURNAL)
    with suppress(OSError):
        folder.rmdir()


def _unused(out: Path, folder: Path) -> list[Path]:
    # What another program is writing is no store yet.
    stores = [path for path in out.glob("*.h5") if not path.name.endswith(".part.h5")]
    used: set[str] = set()
    try:
        for store in stores:
            with open_checked(store) as file:
                used.update(shard.name for shard in shards_of(file))
    except (ValueError, OSError):
        # Which shards a damaged store has is not known.
        return []
    shards = [path for path in folder.glob("*") if NAME.fullmatch(path.name)]
    return [path for path in shards if path.name not in used]


def _whole(
    parts: Sequence[Part], journal: Journal, progress: bool
) -> dict[str, Written]:
    """Returns the parts to keep: as in the journal, with unchanged files."""
    from tqdm.auto import tqdm

    names = {name.rpartition("-")[0]: name for name in journal.finished}
    there = [part for part in parts if part.name in names]
    whole = {}
    for part in tqdm(there, desc="verify", unit="shard", disable=not progress):
        path = journal.path.with_name(names[part.name])
        sha256 = journal.finished[path.name]
        if path.is_file() and sha256_of(path) == sha256 and _is_of(path, part):
            whole[part.name] = Written(part.name, path, sha256)
    return whole


def _is_of(path: Path, part: Part) -> bool:
    with suppress(ValueError, OSError), open_store(path) as store:
        return store.attributes.get(LISTING) == part.listing()
    return False
