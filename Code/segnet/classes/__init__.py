"""Class maps: the ids, names and colours of each dataset, and mappings between them."""

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
