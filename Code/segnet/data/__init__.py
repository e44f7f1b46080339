"""Readers, a file for each dataset, and the split of their frames into train and val.

A reader turns a dataset's own folders into a `Source`: its frames in a fixed order
and a function that gives a frame's class ids. Everything behind it (`split`,
`prepare`) knows only the `Source`, so another dataset is one more reader.
"""

from segnet.data.source import Frame, Reader, Source

__all__ = ["READERS", "Frame", "Reader", "Source"]

_READERS = (
    Reader("vkitti1", "segnet.data.vkitti", ("worlds", "variations")),
    Reader("vkitti2", "segnet.data.vkitti2", ("worlds", "variations", "cameras")),
    Reader("camvid", "segnet.data.camvid"),
    Reader("camvid32", "segnet.data.camvid32"),
    Reader("kitti", "segnet.data.kitti"),
    Reader("cityscapes", "segnet.data.cityscapes", ("worlds",)),
    Reader("city", "segnet.data.city", ("worlds", "variations")),
    Reader(
        "folder",
        "segnet.data.folder",
        ("masks", "classes", "ids", "first_id", "void", "palette"),
        published=False,
    ),
)
READERS = {reader.name: reader for reader in _READERS}
