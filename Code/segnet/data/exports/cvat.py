"""CVAT's `Segmentation mask 1.1`, and `PASCAL VOC 1.1` with its labelmap.txt.

    labelmap.txt                          label:red,green,blue:parts:actions
    SegmentationClass/a/0001.png          colours of labelmap.txt
    JPEGImages/a/0001.jpg                 where images were exported too
    ImageSets/Segmentation/train.txt      names; train, val and test are splits

A grey mask holds numbers of lines of labelmap.txt, from 0. Black is `background`.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-smask
"""

from dataclasses import replace
from pathlib import Path

from segnet.classes.colours import Colour
from segnet.data.exports.annotations import IMAGE_SUFFIXES, frame_of
from segnet.data.exports.documents import read_lines, wrong_folder
from segnet.data.exports.masks import MaskLabels
from segnet.data.exports.names import classes_of
from segnet.data.listing import paired, visible
from segnet.data.source import Frame, Source

LABELMAP = "labelmap.txt"
MASKS, IMAGES, SETS = "SegmentationClass", "JPEGImages", "ImageSets/Segmentation"
SPLITS = ("train", "val", "test")


def reader(
    root: str | Path,
    classes: str | Path | None = None,
    background: str | None = None,
    images: str | Path | None = None,
) -> Source:
    """Returns the frames of all masks, sorted.

    Args:
        root: The unpacked export.
        classes: Only these classes, in this order; see `names.classes_of`.
        background: "void", or the class of the pixels that nothing covers.
        images: The folder of the images, where they were not exported.

    Raises:
        FileNotFoundError: A file or folder of the export is missing.
        ValueError: labelmap.txt is damaged, or a name is in two splits.
    """
    root = Path(root)
    path = root / LABELMAP
    if not path.is_file():
        raise wrong_folder(root, f"no {LABELMAP} of CVAT in it")
    rows = _labelmap(path)
    names = [name for name, _ in rows]
    table = classes_of(root, names, classes, background, dict(rows))
    colours = {colour: table.ids[name] for name, colour in rows}
    colours.setdefault((0, 0, 0), table.rest)
    values = {number: table.ids[name] for number, name in enumerate(names)}
    frames, orphans = voc_frames(root, root / MASKS, images)
    return Source(
        "cvat",
        root,
        table.class_map,
        frames,
        MaskLabels(LABELMAP, colours, values),
        orphans=orphans,
        notes=table.notes,
    )


def _labelmap(path: Path) -> list[tuple[str, Colour]]:
    rows: list[tuple[str, Colour]] = []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        # A label may contain colons, the three fields behind it do not.
        name, *fields = line.rsplit(":", 3)
        parts = fields[0].split(",") if len(fields) == 3 else []
        if len(parts) != 3 or not all(p.strip().isdecimal() for p in parts):
            raise ValueError(
                f"{path}: line {number} is {line!r}, expected label:red,green,blue:: "
                f"(export the task again with its images)"
            )
        red, green, blue = (int(part) for part in parts)
        rows.append((name.strip(), (red, green, blue)))
    names, colours = [name for name, _ in rows], [colour for _, colour in rows]
    twice = [row for row in rows if names.count(row[0]) + colours.count(row[1]) > 2]
    if twice:
        name, colour = twice[0]
        raise ValueError(f"{path}: {name} or its colour {colour} is there twice")
    if not rows:
        raise ValueError(f"{path}: no label in it")
    if max(max(colour) for _, colour in rows) > 255:
        raise ValueError(f"{path}: a colour is above 255")
    return rows


def voc_frames(
    root: Path, masks: Path, images: str | Path | None
) -> tuple[tuple[Frame, ...], tuple[str, ...]]:
    """Returns the frames of a folder like Pascal VOC's, and lines for orphans.

    Images without a mask are no frames: there are many in VOC itself.

    Args:
        root: The folder that holds `JPEGImages` and `ImageSets`.
        masks: The folder of the masks.
        images: The folder of the images, where it is another one.

    Raises:
        FileNotFoundError: There are no masks or no images.
        ValueError: A name is in two splits.
    """
    place = Path(images) if images else root / IMAGES
    if not masks.is_dir():
        raise FileNotFoundError(f"{masks}: no such folder of masks")
    if not place.is_dir():
        raise FileNotFoundError(
            f"{place}: no such folder of images; export the images too, or name their "
            f"folder: --images FOLDER"
        )
    labels = {_stem(path, masks): path for path in visible(masks, "**/*.png")}
    found: dict[str, Path] = {}
    for path in visible(place, "**/*"):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            name = _stem(path, place)
            if name in found:
                raise ValueError(f"{path}: {found[name].name} has the same name")
            found[name] = path
    if not labels:
        raise FileNotFoundError(f"{masks}: no .png mask in it")
    splits = _splits(root)
    labelled = {name: path for name, path in found.items() if name in labels}
    names, orphans = paired(
        labelled,
        labels,
        lambda name: place / f"{name}.jpg",
        lambda name: masks / f"{name}.png",
    )
    orphans += [
        f"{masks / name}.png: missing, {SETS}/{splits[name]}.txt lists it"
        for name in sorted(splits.keys() - labels.keys())
    ]
    frames = []
    for name in names:
        frame = frame_of(f"{name}.png", found[name], labels[name])
        split = splits.get(name) or frame.publisher_split
        frames.append(replace(frame, publisher_split=split))
    return tuple(frames), tuple(orphans)


def _stem(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _splits(root: Path) -> dict[str, str]:
    """Returns the split of each name that train.txt, val.txt and test.txt list."""
    splits: dict[str, str] = {}
    for split in SPLITS:
        path = root / SETS / f"{split}.txt"
        if not path.is_file():
            continue
        for line in read_lines(path):
            name = line.strip()
            if splits.setdefault(name, split) != split:
                raise ValueError(f"{path}: {name} is in {splits[name]}.txt too")
    splits.pop("", None)
    return splits
