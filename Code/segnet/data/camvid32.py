"""CamVid as first published: 701 frames of 960x720, 31 classes and void.

    701_StillsRaw_full/0001TP_006690.png      8-bit RGB
    LabeledApproved_full/0001TP_006690_L.png  8-bit RGB, a colour a class, black is void

Copies arrange these files in many ways, so an image and its `_L.png` are matched by
name, in any folder below the root. Images in folders named train, val and test belong
to that split; `segnet.data.split.SPLIT_NAMES` has further names.

Source: Brostow, Fauqueur and Cipolla, Semantic Object Classes in Video: A
High-Definition Ground Truth Database, 2009.
"""

from pathlib import Path

import numpy as np

from segnet.classes import CAMVID32
from segnet.data.images import read_colour_labels
from segnet.data.listing import paired, visible
from segnet.data.source import Frame, Source
from segnet.data.split import named_split

LABEL_END = "_L"


def reader(root: str | Path) -> Source:
    """Returns all frames found below `root`, sorted.

    Args:
        root: The folder that holds images and label images, at any depth.

    Raises:
        FileNotFoundError: No frame is found.
        ValueError: Two files have the name of one frame.
    """
    root = Path(root)
    images: dict[str, Path] = {}
    labels: dict[str, Path] = {}
    for path in visible(root, "**/*.png"):
        kind = labels if path.stem.endswith(LABEL_END) else images
        name = path.stem.removesuffix(LABEL_END)
        if name in kind:
            raise ValueError(
                f"{path}: {kind[name]} has that name too; give a folder with one "
                f"copy of CamVid"
            )
        kind[name] = path
    if not images and not labels:
        raise FileNotFoundError(
            f"{root}: no frames; expected <name>.png and <name>{LABEL_END}.png in it "
            f"or in folders below"
        )
    places = [next(iter(k.values()), root / "-").parent for k in (images, labels)]
    names, orphans = paired(
        images,
        labels,
        lambda name: places[0] / f"{name}.png",
        lambda name: places[1] / f"{name}{LABEL_END}.png",
    )
    frames = tuple(_frame(name, images[name], labels[name], root) for name in names)
    return Source(
        "camvid32", root, CAMVID32, frames, read_labels, orphans=tuple(orphans)
    )


def read_labels(frame: Frame) -> np.ndarray:
    """Returns a frame's class ids, (H, W) uint8, void 255.

    Raises:
        ValueError: The file is damaged, or holds a colour of no class.
    """
    return CAMVID32.encode(read_colour_labels(frame.label), source=frame.label)


def _frame(name: str, image: Path, label: Path, root: Path) -> Frame:
    return Frame(
        id=name,
        drive=name.rpartition("_")[0],
        group=name,
        image=image,
        label=label,
        publisher_split=named_split(image.relative_to(root).parent.parts),
    )
