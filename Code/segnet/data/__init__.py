"""Readers, a file for each dataset, and the split of their frames into train and val.

A reader turns a dataset's own folders into a `Source`: its frames in a fixed order
and a function that gives a frame's class ids. Everything behind it (`split`,
`prepare`) knows only the `Source`, so another dataset is one more reader.
"""

from segnet.data.exports import EXPORTS
from segnet.data.source import Frame, Reader, Source

__all__ = ["READERS", "Frame", "Reader", "Source"]

_READERS = (
    Reader(
        "vkitti1",
        "segnet.data.vkitti",
        ("worlds", "variations"),
        about="Virtual KITTI 1.3.1, and what `segnet render` writes",
        example="vkitti1 Data Store --scale 3",
    ),
    Reader(
        "vkitti2",
        "segnet.data.vkitti2",
        ("worlds", "variations", "cameras"),
        about="Virtual KITTI 2",
        example="vkitti2 Data Store --world Scene01 --scale 3",
    ),
    Reader(
        "camvid",
        "segnet.data.camvid",
        about="CamVid of the SegNet tutorial, 11 classes",
        example="camvid CamVid Store --scale 1",
    ),
    Reader(
        "camvid32",
        "segnet.data.camvid32",
        about="the original CamVid, 31 classes",
        example="camvid32 CamVid Store --scale 2",
    ),
    Reader(
        "kitti",
        "segnet.data.kitti",
        about="KITTI semantics, 200 frames",
        example="kitti KITTI Store --scale 3",
    ),
    Reader(
        "cityscapes",
        "segnet.data.cityscapes",
        ("worlds",),
        about="Cityscapes, fine labels",
        example="cityscapes Cityscapes Store --scale 4",
    ),
    Reader(
        "city",
        "segnet.data.city",
        ("worlds", "variations"),
        about="rendered streets with people as classes",
        example="city City Store --scale 3",
    ),
    Reader(
        "folder",
        "segnet.data.folder",
        (
            *("masks", "classes", "ids", "first_id", "void", "palette"),
            *("image_suffix", "mask_suffix"),
        ),
        published=False,
        about="your own images and masks",
        example="folder Images Masks Store --classes road,car,other",
    ),
    *EXPORTS,
)
READERS = {reader.name: reader for reader in _READERS}
