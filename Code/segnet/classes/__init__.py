"""Class maps: from colours to ids and back, names, mappings between datasets."""

from segnet.classes.class_map import (
    CAMVID11,
    CAMVID32,
    CATEGORIES6,
    CITY16,
    CITYSCAPES10,
    CITYSCAPES19,
    CLASS_MAPS,
    VKITTI1,
    VKITTI2,
    ClassMap,
)

__all__ = [
    "CAMVID11",
    "CAMVID32",
    "CATEGORIES6",
    "CITY16",
    "CITYSCAPES10",
    "CITYSCAPES19",
    "CLASS_MAPS",
    "VKITTI1",
    "VKITTI2",
    "ClassMap",
]
