"""CamVid with 11 classes, in the layout of the SegNet tutorial.

    train/<name>.png  trainannot/<name>.png     8-bit RGB, grey ids 0 to 11
    val/...           valannot/...
    test/...          testannot/...

Id 11 in the label files is void. The folders give the publisher's split; a split whose
two folders are absent is left out.

Source: Brostow et al., Segmentation and Recognition using Structure from Motion Point
Clouds, ECCV 2008; the 11 classes: Badrinarayanan et al., SegNet, 2015.
"""

from pathlib import Path

import numpy as np

from segnet.classes import CAMVID11
from segnet.data.images import read_id_labels
from segnet.data.listing import paired, visible
from segnet.data.source import SPLITS, Frame, Source

VOID_IN_FILES = 11


def reader(root: str | Path) -> Source:
    """Returns the frames of all splits found below `root`, sorted within each.

    Args:
        root: The folder that holds `train`, `trainannot` and so on.

    Raises:
        FileNotFoundError: No split is found.
    """
    root = Path(root)
    found = [_frames(root, split) for split in SPLITS]
    frames = tuple(frame for frames, _ in found for frame in frames)
    orphans = tuple(line for _, lines in found for line in lines)
    if not frames and not orphans:
        raise FileNotFoundError(
            f"{root}: no frames; expected folders train and trainannot, val and "
            f"valannot, test and testannot as in the SegNet tutorial"
        )
    return Source("camvid", root, CAMVID11, frames, read_labels, orphans=orphans)


def read_labels(frame: Frame) -> np.ndarray:
    """Returns a frame's class ids, (H, W) uint8, void 255.

    Raises:
        ValueError: The file is damaged, or holds an id above 11.
    """
    ids = read_id_labels(frame.label)
    if ids.max() > VOID_IN_FILES:
        raise ValueError(
            f"{frame.label}: id {ids.max()} on {(ids == ids.max()).sum()} pixels, "
            f"expected 0 to {VOID_IN_FILES}; is it a label image of the 11 classes?"
        )
    return np.where(ids == VOID_IN_FILES, np.uint8(CAMVID11.void), ids)


def _frames(root: Path, split: str) -> tuple[list[Frame], list[str]]:
    folders = root / split, root / f"{split}annot"
    images, labels = (
        {path.name: path for path in visible(folder, "*.png")} for folder in folders
    )
    names, orphans = paired(
        images, labels, lambda name: folders[0] / name, lambda name: folders[1] / name
    )
    frames = [
        Frame(
            id=f"{split}/{Path(name).stem}",
            drive=name.rpartition("_")[0],
            group=Path(name).stem,
            image=images[name],
            label=labels[name],
            publisher_split=split,
        )
        for name in names
    ]
    return frames, orphans
