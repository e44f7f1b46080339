"""Turns the files of a dataset into one compressed store, a large one in shards.

The new store replaces an older one in one step, after everything else is written. The
next run removes the remains of a killed one, or resumes with them.
"""

from pathlib import Path
from typing import Any

from segnet.data.find import find_reader, find_source
from segnet.data.prepare.filling import Filling
from segnet.data.prepare.plan import Plan
from segnet.data.prepare.resume import JOURNAL, Journal, find_journal
from segnet.data.prepare.write_shards import clean, join_shards, write_shards
from segnet.data.split import SplitRule
from segnet.data.store.reading import STORE
from segnet.data.store.shard_list import FOLDER
from segnet.data.store.writing import create_store
from segnet.system.files import remove_parts
from segnet.system.locks import alone
from segnet.system.parallel import ordered_map

CLASS_MAP = "class_map"
LOCK = ".prepare.lock"


def prepare(
    source: str,
    root: str | Path,
    out: str | Path,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    split: SplitRule | str | None = None,
    workers: int | None = None,
    skip_bad: bool = False,
    shard_frames: int | None = None,
    resume: bool = False,
    progress: bool = False,
    **options: Any,
) -> Path:
    """Returns the path of the store made from a dataset.

    Label colours become ids at full size; then images are averaged over areas and
    labels taken from the nearest pixel. `class_map.json` and `class_map.pkl` are
    written beside the store.

    Args:
        source: Key of `segnet.data.READERS`, for example "vkitti1".
        root: Folder of the dataset, or of the images for "folder".
        out: Folder for the three files and the shards, made when missing.
        scale: Divides height and width, 1 or more; the result is rounded down. By
            default 3, and 1 for frames of one's own.
        size: (H, W) to which frames are resized and padded, in place of `scale`.
        split: A `SplitRule`, or the name of one; by default the publisher's lists
            where there are any, else "blocks".
        workers: Processes; one for each core by default.
        skip_bad: Leave out frames that are damaged, of another size, without a partner
            or hold an unknown colour; the store's attribute `skipped` has one line for
            each.
        shard_frames: More frames than these are stored in shards of up to as many;
            by default one file holds up to 2,048 frames, and a shard 512.
        resume: Keep the shards that a run with the same settings left behind, where
            their checksums are right and their frames' files have not changed.
        progress: Show a progress bar.
        options: Of `segnet.data.find.find_source`, for example `worlds=["0001"]`.

    Raises:
        FileNotFoundError: A file or folder of the dataset is missing.
        ValueError: An argument is out of range, a file is damaged, of another size
            or holds an unknown colour, or the run to resume had other settings. An
            older store at `out` stays as it was.
        OSError: The disk is full, or another run writes into `out`.
    """
    found = find_source(source, root, partial=skip_bad, **options)
    scale = _scale(source, scale, size)
    plan = Plan.of(found, split, scale, skip_bad, shard_frames, size)
    out = Path(out)
    with alone(
        out / LOCK,
        f"{out}: another `segnet prepare` is writing into this folder; wait for it or "
        f"name another folder",
    ):
        return _store(out, plan, workers, resume, progress)


def _scale(source: str, scale: float | None, size: tuple[int, int] | None) -> float:
    if size is not None and scale is not None:
        raise ValueError(
            "both a scale and a size; the size alone says how large frames become"
        )
    if scale is None:
        return 3 if find_reader(source).published and size is None else 1
    return scale


def _store(
    out: Path, plan: Plan, workers: int | None, resume: bool, progress: bool
) -> Path:
    path = out / STORE
    journal = Journal(out / FOLDER / JOURNAL, plan.settings)
    if resume:
        journal = find_journal(out, path, plan.settings)
    clean(out, resuming=resume)
    remove_parts(path, *_class_maps(out, plan))
    try:
        if plan.parts:
            written = write_shards(plan, journal, workers, progress)
            join_shards(path, plan, written, _class_maps(out, plan))
        else:
            _write_one_file(path, plan, workers, progress)
    except BaseException as error:
        clean(out, resuming=bool(journal.finished))
        if journal.finished:
            error.add_note("finished shards stay, and --resume continues with them")
        raise
    clean(out)
    return path


def _write_one_file(
    path: Path, plan: Plan, workers: int | None, progress: bool
) -> None:
    from tqdm.auto import tqdm

    frames = [frame for frame, _ in plan.placed]
    packed = ordered_map(plan.packer, frames, len(frames), workers)
    size = plan.packer.scaled
    options = {"total": len(frames), "desc": "prepare", "unit": "frame"}
    with create_store(
        path,
        plan.source.class_map,
        plan.frame_ids,
        size,
        plan.shard_attributes,
        _class_maps(path.parent, plan),
    ) as writer:
        filling = Filling(writer, plan.frame_ids, size, plan.source.orphans)
        results = tqdm(packed, **options, disable=not progress)
        for result, (frame, name) in zip(results, plan.placed, strict=True):
            filling.add(result, frame.id, name)
        filling.finish()
        writer.note("split_rule", plan.split_rule(filling.counts, len(filling.skipped)))


def _class_maps(out: Path, plan: Plan) -> dict[Path, bytes]:
    class_map, encodings = plan.source.class_map, plan.source.encodings
    return {
        (out / CLASS_MAP).with_suffix(suffix): class_map.to_bytes(suffix, encodings)
        for suffix in (".json", ".pkl")
    }
