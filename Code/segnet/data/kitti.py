"""KITTI semantics: 200 labelled frames of the KITTI drives, as published.

    training/image_2/000000_10.png     8-bit RGB
    training/semantic/000000_10.png    Cityscapes label ids 0 to 33

The labels of `testing` are not public. Sizes vary by a few pixels from drive to drive.
Nothing is resampled for that: frames larger than the most frequent size are cropped,
and smaller ones padded, at the right and at the bottom; padded pixels are black and
void.

Source: Alhaija et al., Augmented Reality Meets Computer Vision, IJCV 2018. Licence of
the data: CC BY-NC-SA 3.0.
"""

from collections import Counter
from pathlib import Path

from segnet.classes import CITYSCAPES19
from segnet.data.cityscapes import read_labels
from segnet.data.images import image_size
from segnet.data.listing import paired, visible
from segnet.data.sizes import most_frequent_first
from segnet.data.source import Frame, Source

IMAGES, LABELS = "training/image_2", "training/semantic"


def reader(root: str | Path) -> Source:
    """Returns the 200 frames with labels, sorted.

    The publisher gives no split and does not say which frames share a drive, so all
    count as one drive.

    Args:
        root: The folder that holds `training`.

    Raises:
        FileNotFoundError: No frame is found.
        ValueError: An image is damaged.
    """
    root = Path(root)
    images, labels = (
        {path.stem: path for path in visible(root / folder, "*.png")}
        for folder in (IMAGES, LABELS)
    )
    if not images and not labels:
        raise FileNotFoundError(
            f"{root / IMAGES}: no frame in it; give the folder that data_semantics.zip "
            f"was unpacked in"
        )
    names, orphans = paired(
        images,
        labels,
        lambda name: root / IMAGES / f"{name}.png",
        lambda name: root / LABELS / f"{name}.png",
    )
    frames = tuple(
        Frame(
            id=f"training/{name}",
            drive="training",
            group=name,
            image=images[name],
            label=labels[name],
        )
        for name in names
    )
    sizes = Counter(image_size(frame.image) for frame in frames)
    size = next((size for size, _ in most_frequent_first(sizes)), None)
    return Source(
        "kitti",
        root,
        CITYSCAPES19,
        frames,
        read_labels,
        size=size,
        orphans=tuple(orphans),
    )
