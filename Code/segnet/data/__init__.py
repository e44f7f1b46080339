"""Readers, a file for each dataset, and the split of their frames into train and val.

A reader turns a dataset's own folders into a `Source`: its frames in a fixed order
and a function that gives a frame's class ids. Everything behind it (`split`,
`prepare`) knows the `Source` only, so a further dataset is one more reader.
"""

from segnet.data.source import Frame, Reader, Source

__all__ = ["READERS", "Frame", "Reader", "Source"]

READERS = {
    "vkitti1": Reader("segnet.data.vkitti", ("worlds", "variations")),
    "vkitti2": Reader("segnet.data.vkitti2", ("worlds", "variations", "cameras")),
    "camvid": Reader("segnet.data.camvid"),
    "camvid32": Reader("segnet.data.camvid32"),
    "kitti": Reader("segnet.data.kitti"),
    "cityscapes": Reader("segnet.data.cityscapes", ("worlds",)),
    "city": Reader("segnet.data.city", ("worlds", "variations")),
    "folder": Reader("segnet.data.folder", ("masks", "classes")),
}
