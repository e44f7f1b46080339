"""Names and colours of the classes of each dataset, in the order of the ids.

`segnet.classes` builds class maps from them.

Source: Virtual KITTI, the files `..._scenegt_rgb_encoding.txt` (1.3.1) and `colors.txt`
(2.0.3); CamVid, `label_colors.txt` and the test script of SegNet-Tutorial; Cityscapes,
`labels.py` of cityscapesScripts.
"""

from segnet.classes.colours import Colour

Rows = tuple[tuple[str, Colour], ...]


def vkitti(guard_rail: Colour) -> Rows:
    """Returns the classes of Virtual KITTI; the two versions differ in one colour."""
    return (
        ("Terrain", (210, 0, 200)),
        ("Sky", (90, 200, 255)),
        ("Tree", (0, 199, 0)),
        ("Vegetation", (90, 240, 0)),
        ("Building", (140, 140, 140)),
        ("Road", (100, 60, 100)),
        ("GuardRail", guard_rail),
        ("TrafficSign", (255, 255, 0)),
        ("TrafficLight", (200, 200, 0)),
        ("Pole", (255, 130, 0)),
        ("Misc", (80, 80, 80)),
        ("Truck", (160, 60, 60)),
        ("Car", (255, 127, 80)),
        ("Van", (0, 139, 139)),
    )


# Virtual KITTI 1 gives every car and van a colour of its own (`vkitti.read_encoding`);
# these two classes are displayed in the colours of Virtual KITTI 2.
VKITTI1 = vkitti(guard_rail=(255, 100, 255))
# Rendered city streets, where people are not Misc; their colours are Cityscapes'.
CITY16: Rows = (
    *VKITTI1,
    ("Pedestrian", (220, 20, 60)),
    ("Bicyclist", (119, 11, 32)),
)
VKITTI2 = vkitti(guard_rail=(250, 100, 255))

CAMVID11: Rows = (
    ("Sky", (128, 128, 128)),
    ("Building", (128, 0, 0)),
    ("Pole", (192, 192, 128)),
    ("Road", (128, 64, 128)),
    ("Pavement", (60, 40, 222)),
    ("Tree", (128, 128, 0)),
    ("SignSymbol", (192, 128, 128)),
    ("Fence", (64, 64, 128)),
    ("Car", (64, 0, 128)),
    ("Pedestrian", (64, 64, 0)),
    ("Bicyclist", (0, 128, 192)),
)

# The 32nd, Void in black, is not a class here.
CAMVID32: Rows = (
    ("Animal", (64, 128, 64)),
    ("Archway", (192, 0, 128)),
    ("Bicyclist", (0, 128, 192)),
    ("Bridge", (0, 128, 64)),
    ("Building", (128, 0, 0)),
    ("Car", (64, 0, 128)),
    ("CartLuggagePram", (64, 0, 192)),
    ("Child", (192, 128, 64)),
    ("Column_Pole", (192, 192, 128)),
    ("Fence", (64, 64, 128)),
    ("LaneMkgsDriv", (128, 0, 192)),
    ("LaneMkgsNonDriv", (192, 0, 64)),
    ("Misc_Text", (128, 128, 64)),
    ("MotorcycleScooter", (192, 0, 192)),
    ("OtherMoving", (128, 64, 64)),
    ("ParkingBlock", (64, 192, 128)),
    ("Pedestrian", (64, 64, 0)),
    ("Road", (128, 64, 128)),
    ("RoadShoulder", (128, 128, 192)),
    ("Sidewalk", (0, 0, 192)),
    ("SignSymbol", (192, 128, 128)),
    ("Sky", (128, 128, 128)),
    ("SUVPickupTruck", (64, 128, 192)),
    ("TrafficCone", (0, 0, 64)),
    ("TrafficLight", (0, 64, 64)),
    ("Train", (192, 64, 128)),
    ("Tree", (128, 128, 0)),
    ("Truck_Bus", (192, 128, 192)),
    ("Tunnel", (64, 0, 64)),
    ("VegetationMisc", (192, 192, 0)),
    ("Wall", (64, 192, 0)),
)

# In the order of the train ids.
CITYSCAPES19: Rows = (
    ("road", (128, 64, 128)),
    ("sidewalk", (244, 35, 232)),
    ("building", (70, 70, 70)),
    ("wall", (102, 102, 156)),
    ("fence", (190, 153, 153)),
    ("pole", (153, 153, 153)),
    ("traffic light", (250, 170, 30)),
    ("traffic sign", (220, 220, 0)),
    ("vegetation", (107, 142, 35)),
    ("terrain", (152, 251, 152)),
    ("sky", (70, 130, 180)),
    ("person", (220, 20, 60)),
    ("rider", (255, 0, 0)),
    ("car", (0, 0, 142)),
    ("truck", (0, 0, 70)),
    ("bus", (0, 60, 100)),
    ("train", (0, 80, 100)),
    ("motorcycle", (0, 0, 230)),
    ("bicycle", (119, 11, 32)),
)

# The classes that Virtual KITTI and Cityscapes share, and the coarse groups of
# Cityscapes without its humans, which Virtual KITTI lacks.
CITYSCAPES10: Rows = tuple(
    row
    for row in CITYSCAPES19
    if row[0]
    in ("road", "building", "pole", "traffic light", "traffic sign", "vegetation")
    + ("terrain", "sky", "car", "truck")
)
CATEGORIES6: Rows = (
    ("flat", (128, 64, 128)),
    ("construction", (70, 70, 70)),
    ("object", (220, 220, 0)),
    ("nature", (107, 142, 35)),
    ("sky", (70, 130, 180)),
    ("vehicle", (0, 0, 142)),
)
