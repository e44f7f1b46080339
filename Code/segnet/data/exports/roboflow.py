"""Roboflow's `Semantic Segmentation Masks`: grey PNG masks beside the images.

    train/_classes.csv                  Pixel Value, Class
    train/a_jpg.rf.0a1b.jpg             an image
    train/a_jpg.rf.0a1b_mask.png        its values
    valid/, test/

Versions of one photograph that Roboflow made by augmentation have one name before
`.rf.`, and are one view.
"""

from pathlib import Path

from segnet.classes import ClassMap
from segnet.classes.reading import LabelClasses, read_classes
from segnet.data.exports.annotations import IMAGE_SUFFIXES
from segnet.data.exports.documents import wrong_folder
from segnet.data.exports.masks import INDEX, MaskLabels
from segnet.data.exports.names import classes_of
from segnet.data.listing import paired, visible
from segnet.data.source import Frame, Source
from segnet.data.split import named_split

TABLE, MASK_END, VERSION = "_classes.csv", "_mask.png", ".rf."


def reader(
    root: str | Path,
    classes: str | Path | None = None,
    background: str | None = None,
) -> Source:
    """Returns the frames of all folders with _classes.csv, sorted.

    Args:
        root: The unpacked export.
        classes: Only these classes, in this order; see `names.classes_of`.
        background: "void" leaves the class background out of training and scores.

    Raises:
        FileNotFoundError: There is no _classes.csv.
        ValueError: The tables of the splits differ, or one is damaged.
    """
    root = Path(root)
    tables = visible(root, f"**/{TABLE}")
    if not tables:
        raise wrong_folder(root, f"no {TABLE} of Roboflow in it")
    first = read_classes(tables[0])
    for path in tables[1:]:
        other = read_classes(path)
        if (other.class_map.names, other.ids) != (first.class_map.names, first.ids):
            raise ValueError(
                f"{path} and {tables[0]} differ; export the splits together again"
            )
    class_map, values, notes = _chosen(root, first, classes, background)
    frames: list[Frame] = []
    orphans: list[str] = []
    for path in tables:
        own, lines = _frames(path.parent, root)
        frames += own
        orphans += lines
    return Source(
        "roboflow",
        root,
        class_map,
        tuple(frames),
        MaskLabels(TABLE, values=values, palette=INDEX),
        orphans=tuple(orphans),
        notes=notes,
    )


def _chosen(
    root: Path,
    first: LabelClasses,
    classes: str | Path | None,
    background: str | None,
) -> tuple[ClassMap, dict[int, int], tuple[str, ...]]:
    """Returns the class map, value -> id, and notes."""
    own = first.class_map
    table = classes_of(root, own.names, classes, background)
    ids = {own.void: table.class_map.void}
    ids |= {index: table.ids[name] for index, name in enumerate(own.names)}
    values = {value: ids[index] for value, index in first.ids.items()}
    return table.class_map, values, table.notes


def _frames(folder: Path, root: Path) -> tuple[list[Frame], list[str]]:
    files = visible(folder, "*")
    masks = {
        path.name.removesuffix(MASK_END): path
        for path in files
        if path.name.endswith(MASK_END)
    }
    images = {
        path.stem: path
        for path in files
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.endswith(MASK_END)
    }
    names, orphans = paired(
        images,
        masks,
        lambda name: folder / f"{name}.jpg",
        lambda name: folder / f"{name}{MASK_END}",
    )
    place = folder.relative_to(root)
    frames = [
        Frame(
            id=(place / name).as_posix(),
            drive=place.as_posix(),
            group=(place / name.partition(VERSION)[0]).as_posix(),
            image=images[name],
            label=masks[name],
            publisher_split=named_split(place.parts),
        )
        for name in names
    ]
    return frames, orphans
