"""Cityscapes with fine labels, read from the folders as published.

    leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png    8-bit RGB
    gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png     label ids 0 to 33

The 19 classes that are scored get their train ids, all other label ids become void.
`train` and `val` are the publisher's; `test` is left out, as its public label images
are empty.

Source: Cordts et al., The Cityscapes Dataset for Semantic Urban Scene Understanding,
CVPR 2016; `labels.py` of cityscapesScripts. Licence of the data: non-commercial; only
the publisher may pass it on.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from segnet.classes import CITYSCAPES19
from segnet.data.images import read_id_labels
from segnet.data.listing import chosen, folders, paired, visible
from segnet.data.source import Frame, Source

IMAGES, LABELS = "leftImg8bit", "gtFine"
IMAGE_END, LABEL_END = "_leftImg8bit.png", "_gtFine_labelIds.png"
SPLITS = ("train", "val")
LAST_LABEL_ID = 33

# The label ids of the classes of CITYSCAPES19, in their order.
LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
TRAIN_IDS = np.full(LAST_LABEL_ID + 1, CITYSCAPES19.void, np.uint8)
TRAIN_IDS[list(LABEL_IDS)] = np.arange(len(LABEL_IDS))


def reader(root: str | Path, worlds: Iterable[str] | None = None) -> Source:
    """Returns the frames of train and val, sorted within each.

    A frame's drive is its city.

    Args:
        root: The folder that holds `leftImg8bit` and `gtFine`.
        worlds: Only these cities, for example ["aachen"].

    Raises:
        FileNotFoundError: No split or no frame is found.
        ValueError: A city in `worlds` does not exist.
    """
    root = Path(root)
    cities = {
        (split, folder.name)
        for split in SPLITS
        for kind in (IMAGES, LABELS)
        for folder in folders(root / kind / split)
    }
    if not cities:
        raise FileNotFoundError(
            f"{root}: no {IMAGES}/train/<city> or {IMAGES}/val/<city> in it; give the "
            f"folder that both zip files of Cityscapes were unpacked in (the labels of "
            f"test are not public)"
        )
    wanted = chosen("city", worlds, {city for _, city in cities}, root)
    found = [_frames(root, *place) for place in sorted(cities) if place[1] in wanted]
    frames = tuple(frame for frames, _ in found for frame in frames)
    orphans = tuple(line for _, lines in found for line in lines)
    if not frames and not orphans:
        raise FileNotFoundError(f"{root}: no frame in the folders of its cities")
    return Source(
        "cityscapes", root, CITYSCAPES19, frames, read_labels, orphans=orphans
    )


def read_labels(frame: Frame) -> np.ndarray:
    """Returns a frame's train ids, (H, W) uint8, void 255.

    Raises:
        ValueError: The file is damaged, or holds an id above 33.
    """
    ids = read_id_labels(frame.label)
    if ids.max() > LAST_LABEL_ID:
        raise ValueError(
            f"{frame.label}: id {ids.max()} on {(ids == ids.max()).sum()} pixels, "
            f"expected label ids, 0 to {LAST_LABEL_ID}; is it an image of train ids or "
            f"of instances?"
        )
    return TRAIN_IDS[ids]


def _frames(root: Path, split: str, city: str) -> tuple[list[Frame], list[str]]:
    places = root / IMAGES / split / city, root / LABELS / split / city
    images, labels = (
        {path.name.removesuffix(end): path for path in visible(folder, f"*{end}")}
        for folder, end in zip(places, (IMAGE_END, LABEL_END), strict=True)
    )
    names, orphans = paired(
        images,
        labels,
        lambda name: places[0] / f"{name}{IMAGE_END}",
        lambda name: places[1] / f"{name}{LABEL_END}",
    )
    frames = [
        Frame(
            id=f"{split}/{city}/{name}",
            drive=city,
            group=name,
            image=images[name],
            label=labels[name],
            publisher_split=split,
        )
        for name in names
    ]
    return frames, orphans
