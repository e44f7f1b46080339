"""Polygons and run lengths, by hand."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from helpers import exports
from helpers.exports import write_json
from segnet.data import READERS
from segnet.data.exports import polygons
from segnet.data.exports.polygons import fill, ring, run_lengths


def full(patch, size):
    mask = np.zeros(size, int)
    height, width = patch.mask.shape
    mask[patch.top : patch.top + height, patch.left : patch.left + width] = patch.mask
    return mask.tolist()


def test_pixels_count_whose_centre_is_inside():
    # x from 0.5 on holds the centre of column 0, up to 2.5 not that of column 2.
    square = ring([0.5, 0.4, 2.5, 0.4, 2.5, 2.6, 0.5, 2.6])
    assert full(fill([square], (4, 4)), (4, 4)) == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 0],
    ]


def test_a_triangle():
    # The edge x + y = 4 leaves the centres with x + y < 4.
    assert full(fill([ring([[0, 0], [4, 0], [0, 4]])], (4, 4)), (4, 4)) == [
        [1, 1, 1, 0],
        [1, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ]


def test_a_ring_inside_is_a_hole_and_corners_may_run_either_way():
    outer, inner = [[0, 0], [4, 0], [4, 4], [0, 4]], [[1, 1], [3, 1], [3, 3], [1, 3]]
    expected = [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    for hole in (inner, inner[::-1]):
        assert full(fill([ring(outer), ring(hole)], (4, 4)), (4, 4)) == expected


def test_polygons_over_the_edge_are_cut_off():
    wide = ring([-5, 1, 9, 1, 9, 99, -5, 99])
    assert full(fill([wide], (3, 2)), (3, 2)) == [[0, 0], [1, 1], [1, 1]]
    left = ring([-5, 0, 1, 0, 1, 3, -5, 3])
    assert full(fill([left], (3, 2)), (3, 2)) == [[1, 0]] * 3


def test_polygons_in_parts_are_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    corners = ring(rng.uniform(-3, 40, (200, 2)))
    whole = fill([corners], (31, 33)).mask
    monkeypatch.setattr(polygons, "CROSSINGS", 7)
    assert (fill([corners], (31, 33)).mask == whole).all()


def test_polygons_that_nobody_drew_are_refused(monkeypatch):
    zigzag = np.stack([np.arange(100), np.tile([0, 10], 50)], 1)
    monkeypatch.setattr(polygons, "MOST_CROSSINGS", 999)
    with pytest.raises(ValueError, match="100 corners and its edges cross .* 1000 tim"):
        fill([ring(zigzag)], (10, 100))


# Of pycocotools 2.0.11: `encode` of the mask [[0, 1, 1], [0, 1, 0]], and so on.
@pytest.mark.parametrize(
    ("text", "lengths", "mask"),
    [
        ("231", [2, 3, 1], [[0, 1, 1], [0, 1, 0]]),
        ("06", [0, 6], [[1, 1, 1], [1, 1, 1]]),
        ("6", [6], [[0, 0, 0], [0, 0, 0]]),
        ("111000", [1, 1, 1, 1, 1, 1], [[0, 0, 0], [1, 1, 1]]),
    ],
)
def test_run_lengths(text, lengths, mask):
    assert full(run_lengths(lengths, (2, 3)), (2, 3)) == mask
    assert full(run_lengths(text, (2, 3)), (2, 3)) == mask


def test_long_and_shrinking_run_lengths():
    # `encode` of pycocotools 2.0.11 for a 100x50 mask of ones in rows 20 to 69 of
    # columns 3 and 7: 320 zeros, 50 ones, 350 zeros, 50 ones, 4230 zeros.
    lengths = [320, 50, 350, 50, 4230]
    mask = np.zeros((100, 50), bool)
    mask[20:70, [3, 7]] = True
    assert (run_lengths(lengths, (100, 50)).mask == mask).all()
    assert (run_lengths("P:b1n:0Xi3", (100, 50)).mask == mask).all()


def test_parts_of_an_object_may_overlap_and_crowds_lie_below(tmp_path):
    content = exports.coco(tmp_path, ("train/0", "val/2"))["train"]
    road, car = content["annotations"]
    # Two squares that share the column 1: both of it, no hole.
    car["segmentation"] = [[0, 0, 2, 0, 2, 2, 0, 2], [1, 0, 3, 0, 3, 2, 1, 2]]
    # Last in the file, but of a crowd: below the car.
    crowd = road | {
        "iscrowd": 1,
        "segmentation": {"size": [6, 8], "counts": [0, 48]},
    }
    content["annotations"] = [car, crowd]
    write_json(tmp_path / "annotations/instances_train.json", content)
    source = READERS["coco"](tmp_path)
    assert source.class_map.names == ("background", "car", "road")
    labels = source.read_labels(source.frames[0])
    assert labels[:3, :4].tolist() == [[1, 1, 1, 2], [1, 1, 1, 2], [2, 2, 2, 2]]


def test_roboflows_group_of_classes_is_no_class(tmp_path):
    content = exports.coco(tmp_path, ("train/0", "val/2"))["train"]
    content["categories"] = [
        {"id": 0, "name": "street", "supercategory": "none"},
        {"id": 3, "name": "car", "supercategory": "street"},
        {"id": 7, "name": "road", "supercategory": "street"},
    ]
    write_json(tmp_path / "annotations/instances_train.json", content)
    assert READERS["coco"](tmp_path).class_map.names == ("background", "car", "road")
    content["annotations"][0]["category_id"] = 0
    write_json(tmp_path / "annotations/instances_train.json", content)
    with pytest.raises(ValueError, match="annotation 0 is of the category 0, a group"):
        READERS["coco"](tmp_path)


def test_holes_and_masks_of_supervisely_and_labelme(tmp_path):
    content = exports.supervisely(tmp_path / "sly")
    content["objects"][1] |= {
        "geometryType": "polygon",
        "points": {
            "exterior": [[1, 1], [5, 1], [5, 5], [1, 5]],
            "interior": [[[2, 2], [4, 2], [4, 4], [2, 4]]],
        },
    }
    content["objects"][0]["bitmap"] = {
        # The 3x3 ring in the documentation of Supervisely's SDK.
        "data": "eJzrDPBz5+WS4mJgYOD19HAJAtLMIMwIInOeqf8BUmwBPiGuQPr///9Lb86/C2Qxlg"
        "T5BTM4PLuRBuTwebo4hlTMSa44sKHhISMDuxpTYrr03F6gDIOnq5/LOqeEJgDM5ht6",
        "origin": [5, 0],
    }
    write_json(tmp_path / "sly/train/ann/0.jpg.json", content)
    source = READERS["supervisely"](tmp_path / "sly")
    labels = source.read_labels(source.frames[0])
    # Corners are pixels, and half of the outline's pixels count.
    assert (labels[1:6, 1:6] == 2).sum() == 16 - 4 and labels[3, 3] == 0
    assert labels[:3, 5:].tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]


def test_circles_masks_and_ignored_shapes_of_labelme(tmp_path):
    content = exports.labelme(tmp_path)
    mask = io.BytesIO()
    Image.fromarray(np.array([[0, 1], [1, 1]], np.uint8)).save(mask, format="PNG")
    road, car = content["shapes"]
    content["shapes"] = [
        road,
        # Of radius 1.6 about the corner of four pixels: 12 of 16 centres are inside.
        car | {"shape_type": "circle", "points": [[2, 2], [2, 3.6]]},
        car
        | {
            "shape_type": "mask",
            "points": [[6, 0], [7, 1]],
            "mask": base64.b64encode(mask.getvalue()).decode(),
        },
        {
            "label": "__ignore__",
            "shape_type": "polygon",
            "points": [[0, 5], [2, 5], [2, 6], [0, 6]],
        },
    ]
    write_json(tmp_path / "train/0.json", content | {"imagePath": "0.jpg"})
    source = READERS["labelme"](tmp_path)
    assert source.class_map.names == ("background", "road", "car")
    assert source.read_labels(source.frames[0]).tolist() == [
        [0, 2, 2, 0, 0, 0, 0, 2],
        [2, 2, 2, 2, 0, 0, 2, 2],
        [2, 2, 2, 2, 0, 0, 0, 0],
        [1, 2, 2, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1, 1],
        [255, 255, 1, 1, 1, 1, 1, 1],
    ]
    assert any("annotated, but void: __ignore__" in note for note in source.notes)
