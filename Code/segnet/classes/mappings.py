"""Class mappings: the classes of one dataset expressed in those of another.

With "vkitti-to-cityscapes" a network with the 14 classes of Virtual KITTI is scored on
frames of KITTI or Cityscapes: both sides are reduced to the ten classes they share.
A class that the target lacks becomes void in the ground truth, so it is not counted;
in a prediction it becomes "other", which is wrong wherever the ground truth has a
class.

    vkitti-to-cityscapes   the ten classes common to Virtual KITTI and Cityscapes
    six-categories         flat, construction, object, nature, sky, vehicle
    camvid32-to-camvid11   the first CamVid in the 11 classes of SegNet
    city-to-camvid11       rendered streets of a city in CamVid's classes
    vkitti2-to-vkitti1     the same 14 classes; only the name and one colour differ

People, riders and bicyclists are in no category. Sidewalk is flat, although Virtual
KITTI has none; its guard rails are construction, although Cityscapes scores none.

Source: the 11 classes: Badrinarayanan et al., SegNet, 2015, as listed in MATLAB's
semantic segmentation example; the categories: `labels.py` of cityscapesScripts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segnet.classes.class_map import (
    CAMVID11,
    CATEGORIES6,
    CITYSCAPES10,
    CLASS_MAPS,
    VKITTI1,
    ClassMap,
)

Groups = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ClassMapping:
    """A mapping from the classes of some class maps to those of a target map.

    Args:
        name: Key of `MAPPINGS`.
        target: The resulting class map.
        groups: For each source class map by name: target class -> the classes that
            become it. Classes listed nowhere are not in the target.
    """

    name: str
    target: ClassMap
    groups: Mapping[str, Groups]

    @property
    def other(self) -> int:
        """Id of predictions that are not in the target: K, its number of classes."""
        return self.target.num_classes

    def label_ids(self, class_map: ClassMap) -> np.ndarray:
        """Returns the target id of each label id, (256,) uint8; void where it has none.

        An id that is not a label of the class map becomes `other`, which is neither a
        class nor void, so that counting it raises.

        Args:
            class_map: Of the labels; the target itself changes nothing.

        Raises:
            ValueError: The mapping does not know this class map.
        """
        ids = np.full(256, self.other, np.uint8)
        ids[: class_map.num_classes] = ids[class_map.void] = self.target.void
        if class_map == self.target:
            ids[: self.other] = np.arange(self.other)
            return ids
        known = CLASS_MAPS.get(class_map.name) == class_map
        if not known or class_map.name not in self.groups:
            raise ValueError(
                f"{self.name!r} maps {', '.join(self.groups)} to {self.target.name}; "
                f"it does not know the classes of {class_map.name!r}"
            )
        for name, members in self.groups[class_map.name].items():
            ids[[class_map.id(member) for member in members]] = self.target.id(name)
        return ids

    def prediction_ids(self, num_classes: int) -> np.ndarray:
        """Returns the target id of each predicted id, (C,) uint8, or `other`.

        Args:
            num_classes: C, the number of classes of the network. It identifies
                the class map: maps with equal numbers have equal classes here.

        Raises:
            ValueError: The mapping knows no class map of so many classes.
        """
        maps = [self.target, *(CLASS_MAPS[name] for name in self.groups)]
        fitting = [found for found in maps if found.num_classes == num_classes]
        if not fitting:
            known = ", ".join(f"{m.name} ({m.num_classes})" for m in maps)
            raise ValueError(
                f"{self.name!r} knows no network with {num_classes} classes, only "
                f"those of {known}"
            )
        ids = self.label_ids(fitting[0])[:num_classes]
        return np.where(ids == self.target.void, np.uint8(self.other), ids)


def find_mapping(name: str) -> ClassMapping:
    """Returns the mapping called `name`.

    Raises:
        ValueError: The name is unknown; the message lists the known ones.
    """
    if name not in MAPPINGS:
        raise ValueError(
            f"class mapping {str(name)!r}, expected one of {', '.join(MAPPINGS)}"
        )
    return MAPPINGS[name]


def _same(target: ClassMap) -> Groups:
    return {name: (name,) for name in target.names}


def _through(first: Groups, second: Groups) -> Groups:
    """One mapping after another."""
    return {
        name: tuple(member for middle in middles for member in first[middle])
        for name, middles in second.items()
    }


_VKITTI_TO_TEN = {
    "road": ("Road",),
    "building": ("Building",),
    "pole": ("Pole",),
    "traffic light": ("TrafficLight",),
    "traffic sign": ("TrafficSign",),
    "vegetation": ("Tree", "Vegetation"),
    "terrain": ("Terrain",),
    "sky": ("Sky",),
    "car": ("Car", "Van"),
    "truck": ("Truck",),
}
_VKITTI_TO_SIX = {
    "flat": ("Road",),
    "construction": ("Building", "GuardRail"),
    "object": ("Pole", "TrafficLight", "TrafficSign"),
    "nature": ("Terrain", "Tree", "Vegetation"),
    "sky": ("Sky",),
    "vehicle": ("Truck", "Car", "Van"),
}
_CITYSCAPES_TO_SIX = {
    "flat": ("road", "sidewalk"),
    "construction": ("building", "wall", "fence"),
    "object": ("pole", "traffic light", "traffic sign"),
    "nature": ("vegetation", "terrain"),
    "sky": ("sky",),
    "vehicle": ("car", "truck", "bus", "train", "motorcycle", "bicycle"),
}
_CAMVID11_TO_SIX = {
    "flat": ("Road", "Pavement"),
    "construction": ("Building", "Fence"),
    "object": ("Pole", "SignSymbol"),
    "nature": ("Tree",),
    "sky": ("Sky",),
    "vehicle": ("Car",),
}
_CAMVID32_TO_11 = {
    "Sky": ("Sky",),
    "Building": ("Bridge", "Building", "Wall", "Tunnel", "Archway"),
    "Pole": ("Column_Pole", "TrafficCone"),
    "Road": ("Road", "LaneMkgsDriv", "LaneMkgsNonDriv"),
    "Pavement": ("Sidewalk", "ParkingBlock", "RoadShoulder"),
    "Tree": ("Tree", "VegetationMisc"),
    "SignSymbol": ("SignSymbol", "Misc_Text", "TrafficLight"),
    "Fence": ("Fence",),
    "Car": ("Car", "SUVPickupTruck", "Truck_Bus", "Train", "OtherMoving"),
    "Pedestrian": ("Pedestrian", "Child", "CartLuggagePram", "Animal"),
    "Bicyclist": ("Bicyclist", "MotorcycleScooter"),
}

# In the rendered city streets, terrain beside the road is pavement. Misc, which in
# Virtual KITTI's classes includes people, is void.
_CITY_TO_CAMVID11 = {
    "Sky": ("Sky",),
    "Building": ("Building",),
    "Pole": ("Pole",),
    "Road": ("Road",),
    "Pavement": ("Terrain",),
    "Tree": ("Tree", "Vegetation"),
    "SignSymbol": ("TrafficSign", "TrafficLight"),
    "Fence": ("GuardRail",),
    "Car": ("Car", "Van", "Truck"),
}
_PEOPLE = {"Pedestrian": ("Pedestrian",), "Bicyclist": ("Bicyclist",)}

MAPPINGS = {
    mapping.name: mapping
    for mapping in (
        ClassMapping(
            "vkitti-to-cityscapes",
            CITYSCAPES10,
            {
                "vkitti1": _VKITTI_TO_TEN,
                "vkitti2": _VKITTI_TO_TEN,
                "cityscapes19": _same(CITYSCAPES10),
            },
        ),
        ClassMapping(
            "six-categories",
            CATEGORIES6,
            {
                "vkitti1": _VKITTI_TO_SIX,
                "vkitti2": _VKITTI_TO_SIX,
                "city16": _VKITTI_TO_SIX,
                "cityscapes19": _CITYSCAPES_TO_SIX,
                "camvid11": _CAMVID11_TO_SIX,
                "camvid32": _through(_CAMVID32_TO_11, _CAMVID11_TO_SIX),
            },
        ),
        ClassMapping("camvid32-to-camvid11", CAMVID11, {"camvid32": _CAMVID32_TO_11}),
        ClassMapping(
            "city-to-camvid11",
            CAMVID11,
            {
                "vkitti1": _CITY_TO_CAMVID11,
                "city16": _CITY_TO_CAMVID11 | _PEOPLE,
            },
        ),
        ClassMapping("vkitti2-to-vkitti1", VKITTI1, {"vkitti2": _same(VKITTI1)}),
    )
}
