"""Sets with class_dict.csv: CamVid on Kaggle, and the Semantic Segmentation Suite.

    class_dict.csv                  name,r,g,b
    train/0001TP_006690.png         images
    train_labels/0001TP_006690_L.png or train_labels/0001TP_006690.png
    val/, val_labels/, test/, test_labels/

A row `Void` is void. A name may have several rows, that is colours.
"""

import re
from pathlib import Path

from segnet.classes.reading import read_classes
from segnet.data.exports.annotations import IMAGE_SUFFIXES
from segnet.data.exports.documents import wrong_folder
from segnet.data.exports.masks import MaskLabels
from segnet.data.listing import folders, paired, visible
from segnet.data.source import Frame, Source
from segnet.data.split import named_split

TABLE, LABELS, LABEL_END = "class_dict.csv", "_labels", "_L"


def reader(root: str | Path, classes: str | Path | None = None) -> Source:
    """Returns the frames of all pairs of folders, sorted.

    Args:
        root: The folder with class_dict.csv.
        classes: Another table of names and colours, see `segnet.classes.reading`.

    Raises:
        FileNotFoundError: The table or the folders are missing.
        ValueError: The table is damaged, or two files have one name.
    """
    root = Path(root)
    path = root / TABLE if classes is None else classes
    if classes is None and not (root / TABLE).is_file():
        raise wrong_folder(root, f"no {TABLE} in it")
    table = read_classes(path)
    pairs = [
        (folder.with_name(folder.name.removesuffix(LABELS)), folder)
        for folder in folders(root)
        if folder.name.endswith(LABELS)
    ]
    if not pairs:
        raise FileNotFoundError(
            f"{root}: no folder of masks in it; expected train and train{LABELS}, val "
            f"and val{LABELS}"
        )
    frames: list[Frame] = []
    orphans: list[str] = []
    for images, labels in pairs:
        own, lines = _frames(images, labels)
        frames += own
        orphans += lines
    return Source(
        "class-dict",
        root,
        table.class_map,
        tuple(frames),
        MaskLabels(Path(path).name, table.colours),
        orphans=tuple(orphans),
    )


def _frames(images: Path, labels: Path) -> tuple[list[Frame], list[str]]:
    found, masks = _by_stem(images, IMAGE_SUFFIXES), _by_stem(labels, (".png", ".bmp"))
    if masks and all(name.endswith(LABEL_END) for name in masks):
        masks = {name.removesuffix(LABEL_END): path for name, path in masks.items()}
    names, orphans = paired(
        found,
        masks,
        lambda name: images / f"{name}.png",
        lambda name: labels / f"{name}.png",
    )
    frames = [
        Frame(
            id=f"{images.name}/{name}",
            # CamVid's names are those of a video and a frame.
            drive=re.sub(r"_[f]?\d+$", "", name) or images.name,
            group=name,
            image=found[name],
            label=masks[name],
            publisher_split=named_split([images.name]),
        )
        for name in names
    ]
    return frames, orphans


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in visible(folder, "*"):
        if path.suffix.lower() in suffixes:
            if path.stem in found:
                raise ValueError(f"{path}: {found[path.stem].name} has the same name")
            found[path.stem] = path
    return found
