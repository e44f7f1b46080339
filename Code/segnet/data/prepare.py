"""Preprocessing: a dataset's files become one compressed store."""

from collections.abc import Callable, Iterable
from pathlib import Path

from segnet.data import quiet
from segnet.data.packing import Bad, FramePacker
from segnet.data.parallel import ordered_map
from segnet.data.sources import find_source
from segnet.data.split import split_frames
from segnet.data.store_writer import create_store
from segnet.locks import alone

STORE = "store.h5"
CLASS_MAP = "class_map"
LOCK = ".prepare.lock"


def prepare(
    source: str,
    root: str | Path,
    out: str | Path,
    *,
    scale: float = 3,
    split: str | None = None,
    val_share: float = 0.2,
    val_worlds: Iterable[str] | None = None,
    fold: tuple[int, int] | None = None,
    seed: int = 0,
    workers: int | None = None,
    worlds: Iterable[str] | None = None,
    variations: Iterable[str] | None = None,
    cameras: Iterable[str] | None = None,
    masks: str | Path | None = None,
    classes: str | Path | None = None,
    skip_bad: bool = False,
    progress: Callable = quiet,
) -> Path:
    """Returns the path of the store made from a dataset.

    Label colours become ids at full size; then images are averaged over areas and
    labels taken from the nearest pixel. Beside the store, `class_map.json` and
    `class_map.pkl` are written.

    Args:
        source: Key of `segnet.data.READERS`, for example "vkitti1".
        root: Folder of the dataset, or of the images for "folder".
        out: Folder for the three files, made when missing.
        scale: What height and width are divided by, 1 or more, rounded down.
        split: Rule of `segnet.data.split.split_frames`; by default the publisher's
            lists where there are any, else "blocks".
        val_share: Share of the frames for val, between 0 and 1.
        val_worlds: Worlds for val, for the "world" rule.
        fold: (i, k), for the "fold" rule.
        seed: For the "random" rule.
        workers: Processes; one for each core by default.
        worlds: Only these worlds of Virtual KITTI, or cities of Cityscapes.
        variations: Only these variations of Virtual KITTI.
        cameras: Only these cameras of Virtual KITTI 2.
        masks: Folder of the masks, for "folder".
        classes: For "folder" the JSON file of its class map; for any other source a
            key of `segnet.mappings.MAPPINGS`: labels are stored in that one's classes.
        skip_bad: Leave out frames that are damaged, of another size or hold an unknown
            colour; the store's attribute `skipped` has one line for each.
        progress: Called as tqdm is.

    Raises:
        FileNotFoundError: A file or folder of the dataset is missing.
        ValueError: An argument is out of range, or a file is damaged, of another size
            or holds an unknown colour. An older store at `out` stays as it was.
        OSError: The disk is full, or another run writes into `out`.
    """
    found = find_source(
        source,
        root,
        classes,
        worlds=worlds,
        variations=variations,
        cameras=cameras,
        masks=masks,
    )
    names, rule = split_frames(
        found.frames,
        split,
        val_share=val_share,
        seed=seed,
        fold=fold,
        val_worlds=val_worlds,
    )
    pairs = zip(found.frames, names, strict=True)
    placed = [(frame, name) for frame, name in pairs if name]
    packer = FramePacker.of(found, scale, skip_bad)
    out = Path(out)
    with alone(
        out / LOCK,
        f"{out}: another `segnet prepare` is writing into this folder; wait for it or "
        f"name another folder",
    ):
        packed = ordered_map(
            packer, (frame for frame, _ in placed), len(placed), workers
        )
        origin = found.name
        if any(Path(root).glob("rendered_*.json")):
            origin += ", rendered by segnet"
        attributes = {"source": origin, "scale": scale, "split_rule": rule}
        return _store(out, found, placed, packed, packer, attributes, progress)


def _store(out, source, placed, packed, packer, attributes, progress) -> Path:
    path = out / STORE
    maps = [(out / CLASS_MAP).with_suffix(suffix) for suffix in (".json", ".pkl")]
    frame_ids = {}
    for frame, name in placed:
        frame_ids.setdefault(name, []).append(frame.id)
    with create_store(
        path,
        source.class_map,
        frame_ids,
        packer.scaled,
        attributes | {"source_size": packer.size},
        {one: source.class_map.to_bytes(one.suffix, source.encodings) for one in maps},
    ) as writer:
        _write(writer, packed, placed, packer, progress)
    return path


def _write(writer, packed: Iterable, placed: list, packer, progress) -> None:
    kept, skipped, void = {name: [] for _, name in placed}, [], 0
    rows = zip(packed, placed, strict=True)
    for result, (frame, name) in progress(
        rows, total=len(placed), desc="prepare", unit="frame"
    ):
        if isinstance(result, Bad):
            skipped.append(f"{frame.id}: {result.reason}")
            continue
        image, labels, void_pixels = result
        writer.write(name, len(kept[name]), image, labels)
        kept[name].append(frame.id)
        void += void_pixels
    if skipped:
        _shorten(writer, kept, skipped)
    height, width = packer.scaled
    frames = sum(map(len, kept.values()))
    writer.note("void_share", void / (frames * height * width))


def _shorten(writer, kept: dict[str, list[str]], skipped: list[str]) -> None:
    for name, frame_ids in kept.items():
        if not frame_ids:
            raise ValueError(
                f"all frames of {name} are bad, {len(skipped)} in all, the first is "
                f"{skipped[0]}"
            )
        writer.shorten(name, frame_ids)
    writer.note("skipped", "\n".join(line.replace("\n", " ") for line in skipped))
