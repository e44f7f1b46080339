"""Damaged and hostile exports: one sentence that names the file and the fault."""

import base64
import re
import zlib

import numpy as np
import pytest

from helpers import exports
from helpers.exports import SCENE, WRITERS, write_image, write_json, write_mask
from segnet.data import READERS


def labels_of(source, number=0):
    return source.read_labels(source.frames[number])


def coco_with(tmp_path, change):
    content = exports.coco(tmp_path)["train"]
    change(content)
    write_json(tmp_path / "annotations/instances_train.json", content)
    return READERS["coco"](tmp_path)


def annotation(content):
    return content["annotations"][1]


COCO = {
    "no_list": (lambda c: c.update(images={}), "no 'images' that is a list"),
    "category_twice": (
        lambda c: c["categories"].append({"id": 7, "name": "x"}),
        "category id 7 is there twice",
    ),
    "image_twice": (
        lambda c: c["images"].append(c["images"][0]),
        "image id 0 is there twice",
    ),
    "file_twice": (
        lambda c: c["images"][1].update(file_name="0.jpg"),
        "0.jpg is listed twice",
    ),
    "no_such_image": (
        lambda c: annotation(c).update(image_id=99),
        "1 annotated images are not listed, such as the image_id 99",
    ),
    "no_such_category": (
        lambda c: annotation(c).update(category_id=99),
        "annotation 1 has the unknown category_id 99",
    ),
    "list_as_id": (
        lambda c: annotation(c).update(image_id=[1]),
        "annotation 1 has no 'image_id' that is a whole number or a text",
    ),
    "null_row": (lambda c: c["annotations"].append(None), "annotation 4 has no"),
    "size_text": (
        lambda c: c["images"][0].update(height="6"),
        "image 0.jpg has no 'height' that is a whole number",
    ),
    "size_negative": (
        lambda c: c["images"][0].update(height=-6),
        "image 0.jpg is -6x8 pixels",
    ),
    "boxes_only": (
        lambda c: [a.pop("segmentation") for a in c["annotations"]],
        "boxes only, without polygons",
    ),
}


@pytest.mark.parametrize("fault", COCO)
def test_coco_faults_of_the_file(tmp_path, fault):
    change, message = COCO[fault]
    with pytest.raises(ValueError, match=message) as caught:
        coco_with(tmp_path, change)
    assert "instances_train.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../../secret.jpg", "/etc/passwd", "C:\\a\\b.jpg"])
def test_images_outside_are_not_read(tmp_path, name):
    root = tmp_path / "a" / "b"
    write_image(tmp_path / "secret.jpg")
    content = exports.coco(root)["train"]
    content["images"][0]["file_name"] = name
    write_json(root / "annotations/instances_train.json", content)
    with pytest.raises(FileNotFoundError, match=re.escape(f"{name}: missing, ")):
        READERS["coco"](root)
    assert len(READERS["coco"](root, partial=True).frames) == 3
    # The same name where the images are: the path is of another machine.
    last = name.replace("\\", "/").rpartition("/")[2]
    write_image(root / "train" / last.replace(".jpg", "") / "x.jpg")
    if last.endswith(".jpg"):
        write_image(root / "train" / last)
        assert len(READERS["coco"](root).frames) == 4


SHAPES = {
    "nan": ([float("nan")] * 6, "a coordinate is not finite"),
    "infinite": ([0, 0, 1e999, 0, 1, 1], "a coordinate is not finite"),
    "far": ([0, 0, 1e300, 0, 1, 1], r"a coordinate is 1e\+300, far outside"),
    "outside": ([90, 1, 95, 1, 95, 4], "outside the image: x from 90 to 95, y from 1"),
    "two_corners": ([0, 0, 1, 1], "it has 2 corners, a polygon has 3 or more"),
    "odd": ([0, 0, 1, 1, 5], "its points are no pairs of numbers"),
    "text": (["a"] * 6, "its points are no pairs of numbers"),
    "nested": ([[[0, 0], [1, 1]]] * 3, "its points are no pairs of numbers"),
    "triples": ([[0, 0, 1], [4, 0, 1], [0, 4, 1]], "its points are no pairs of num"),
    "object": ({"x": 1}, "its points are no pairs of numbers"),
}


@pytest.mark.parametrize("fault", SHAPES)
def test_bad_polygons_are_named_with_their_image(tmp_path, fault):
    points, message = SHAPES[fault]
    source = coco_with(tmp_path, lambda c: annotation(c).update(segmentation=[points]))
    with pytest.raises(ValueError, match=message) as caught:
        labels_of(source)
    text = str(caught.value)
    assert "instances_train.json: 0.jpg, annotation 2 ('car'): " in text
    # The other frames are read.
    assert (labels_of(source, 1) != 0).sum() == (SCENE != 0).sum()


RUNS = {
    "short": ({"size": [6, 8], "counts": [5, 3]}, "add up to 8 pixels, 6x8 .* are 48"),
    "negative": ({"size": [6, 8], "counts": [50, -2]}, "add up to 48 pixels"),
    "floats": ({"size": [6, 8], "counts": [48.0]}, "run lengths are no whole numbers"),
    "other_size": ({"size": [60, 80], "counts": [4800]}, r"are of \[60, 80\], the ima"),
    "huge_size": ({"size": [10**9, 10**9], "counts": "0"}, "the image is 6x8"),
    "no_size": ({"counts": [48]}, "are of None"),
    "no_counts": ({"size": [6, 8]}, "run lengths are no whole numbers"),
    "cut_off": ({"size": [6, 8], "counts": "P"}, "compressed run lengths are cut off"),
    "no_code": ({"size": [6, 8], "counts": " é"}, "are no compressed text of COCO"),
    "endless": ({"size": [6, 8], "counts": "o" * 99}, "are no compressed text of COCO"),
    "box": ([], "a box only, neither polygon nor run lengths"),
}


@pytest.mark.parametrize("fault", RUNS)
def test_bad_run_lengths_are_named(tmp_path, fault):
    segmentation, message = RUNS[fault]
    source = coco_with(
        tmp_path, lambda c: annotation(c).update(segmentation=segmentation)
    )
    with pytest.raises(ValueError, match=message):
        labels_of(source)


def test_an_image_of_another_size_than_listed_is_named(tmp_path):
    source = coco_with(tmp_path, lambda c: c["images"][0].update(height=8, width=6))
    with pytest.raises(ValueError, match="0.jpg is 8x6 there .* the image is 6x8"):
        labels_of(source)


LABELME = {
    "line": ({"shape_type": "line"}, "a 'line' has no area"),
    "one_point": (
        {"shape_type": "rectangle", "points": [[0, 0]]},
        "no two pairs of numbers",
    ),
    "mask_text": (
        {"shape_type": "mask", "mask": "%%", "points": [[0, 0], [2, 2]]},
        "its mask is no base64 text",
    ),
    "mask_no_png": (
        {"shape_type": "mask", "mask": "AAAA", "points": [[0, 0], [2, 2]]},
        "its mask is no PNG",
    ),
    "mask_none": (
        {"shape_type": "mask", "mask": None, "points": [[0, 0], [2, 2]]},
        "its mask is no text",
    ),
    "circle_infinite": (
        {"shape_type": "circle", "points": [[0, 0], [1e999, 0]]},
        "not finite or far outside",
    ),
}


@pytest.mark.parametrize("fault", LABELME)
def test_labelme_faults(tmp_path, fault):
    change, message = LABELME[fault]
    content = exports.labelme(tmp_path)
    content["shapes"][1] |= change
    write_json(tmp_path / "val/3.json", content)
    with pytest.raises(ValueError, match=message) as caught:
        labels_of(READERS["labelme"](tmp_path), 3)
    assert "3.json: 3.jpg, annotation 2 ('car')" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shapes": "none"}, "the file has no 'shapes' that is a list"),
        ({"shapes": [{}]}, "shape 1 has no 'label' that is a text"),
        ({"imagePath": 5}, "the file has no 'imagePath' that is a text"),
        ({"imagePath": "2.jpg"}, "2.jpg has annotations in .*2.json too; keep one"),
    ],
)
def test_labelme_files_that_contradict(tmp_path, change, message):
    content = exports.labelme(tmp_path)
    write_json(tmp_path / "val/3.json", content | change)
    with pytest.raises(ValueError, match=message) as caught:
        READERS["labelme"](tmp_path)
    assert "3.json" in str(caught.value)


def test_a_labelme_image_inside_the_json_is_an_orphan(tmp_path):
    content = exports.labelme(tmp_path)
    (tmp_path / "val/3.jpg").unlink()
    write_json(tmp_path / "val/3.json", content | {"imageData": "AAAA"})
    with pytest.raises(FileNotFoundError, match="it is only inside the JSON"):
        READERS["labelme"](tmp_path)


def sly_with(tmp_path, place, **change):
    content = exports.supervisely(tmp_path)
    content["objects"][place] |= change
    write_json(tmp_path / "val/ann/3.jpg.json", content)
    return READERS["supervisely"](tmp_path)


BITMAPS = {
    "no_zlib": (base64.b64encode(b"abc").decode(), [0, 0], "no compressed base64"),
    "no_png": (
        base64.b64encode(zlib.compress(b"abc")).decode(),
        [0, 0],
        "its mask is no PNG",
    ),
    "outside": (exports.sly_bitmap(np.ones((3, 8))), [0, 4], "not inside the image"),
    "above": (exports.sly_bitmap(np.ones((3, 8))), [0, -1], "not inside the image"),
    "origin": (exports.sly_bitmap(np.ones((3, 8))), "ab", "no 'origin' that is a list"),
    "origin_3": (
        exports.sly_bitmap(np.ones((3, 8))),
        [0, 1.5],
        r"\[0, 1.5\], expected",
    ),
}


@pytest.mark.parametrize("fault", BITMAPS)
def test_supervisely_bitmaps(tmp_path, fault):
    data, origin, message = BITMAPS[fault]
    source = sly_with(tmp_path, 0, bitmap={"data": data, "origin": origin})
    with pytest.raises(ValueError, match=message) as caught:
        labels_of(source, 3)
    assert "3.jpg.json: 3.jpg, annotation 1 ('road')" in str(caught.value)


def test_a_bitmap_that_grows_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("segnet.data.exports.supervisely.MOST_BYTES", 1 << 10)
    bomb = zlib.compress(bytes(1 << 11))
    data = base64.b64encode(bomb).decode()
    source = sly_with(tmp_path, 0, bitmap={"data": data, "origin": [0, 0]})
    with pytest.raises(ValueError, match="larger than any image"):
        labels_of(source, 3)


def test_other_supervisely_faults(tmp_path):
    source = sly_with(tmp_path, 1, geometryType="line")
    with pytest.raises(ValueError, match="a 'line' has no area"):
        labels_of(source, 3)
    source = sly_with(tmp_path, 1, classTitle="truck")
    with pytest.raises(ValueError, match=r"\('truck'\): an unknown class"):
        labels_of(source, 3)
    meta = tmp_path / "meta.json"
    write_json(meta, {"classes": [{"title": "a", "color": "red"}]})
    with pytest.raises(ValueError, match="meta.json: 'red' is no colour such as"):
        READERS["supervisely"](tmp_path)


LINES = {
    "class": ("2 0 0 1 0 1 1", "'2' is no class, data.yaml has 0 to 1"),
    "class_text": ("car 0 0 1 0 1 1", "'car' is no class"),
    "box": ("0 0.5 0.5 1 1", "line 1 is a box, not a polygon"),
    "odd": ("0 0 0 1 0 1 1 1", "line 1 has 7 coordinates, an odd number"),
    "pixels": ("0 0 0 640 0 640 480", "has the coordinate 640, expected shares"),
    "nan": ("0 nan 0 1 0 1 1", "a coordinate is not finite"),
    "text": ("0 a b c d e f", "its points are no pairs of numbers"),
}


@pytest.mark.parametrize("fault", LINES)
def test_ultralytics_lines(tmp_path, fault):
    line, message = LINES[fault]
    exports.ultralytics(tmp_path)
    (tmp_path / "labels/train/0.txt").write_text(line)
    with pytest.raises(ValueError, match=message) as caught:
        labels_of(READERS["ultralytics"](tmp_path))
    assert "0.txt" in str(caught.value)


YAML = {
    "no_yaml": ("a: [", "data.yaml: no YAML"),
    "no_names": ("train: images/train\n", "it has no 'names'"),
    "names_text": ("names: road\n", "'names' is no list of class names"),
    "names_twice": ("names: [a, a]\n", "'names' has 'a' twice"),
    "names_hole": ("names: {0: a, 2: b}\n", "the keys of 'names' are not 0, 1, 2"),
    "outside": ("names: [a]\ntrain: ../../etc\n", "train names ../../etc, which is no"),
    "number": ("names: [a]\ntrain: 5\n", "train is 5, expected a folder"),
    "nothing": ("names: [a]\n", "no image in the folders that train, val and test"),
    "python": ("names: !!python/object:os.system [a]\n", "no YAML"),
}


@pytest.mark.parametrize("fault", YAML)
def test_ultralytics_yaml(tmp_path, fault):
    text, message = YAML[fault]
    exports.ultralytics(tmp_path)
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises((ValueError, OSError), match=message):
        READERS["ultralytics"](tmp_path)


ROWS = {
    "mask": (
        {"name": "car", "mask": {"url": "https://x"}},
        "a mask behind a link, which needs an account",
    ),
    "box": ({"name": "car", "bounding_box": {}}, "is no polygon; draw it as one"),
    "no_name": ({"polygon": []}, "has no 'name' that is a text"),
}


@pytest.mark.parametrize("fault", ROWS)
def test_labelbox_objects(tmp_path, fault):
    item, message = ROWS[fault]
    rows = exports.labelbox(tmp_path)
    rows[1]["projects"]["p"]["labels"][0]["annotations"]["objects"][1] = item
    exports.write_rows(tmp_path, rows)
    with pytest.raises(ValueError, match=f"data row 2: object 2 of .*{message}"):
        READERS["labelbox"](tmp_path, images=tmp_path / "photos")


def test_labelbox_rows(tmp_path):
    rows = exports.labelbox(tmp_path)
    labels = rows[0]["projects"]["p"]["labels"]
    rows[0]["projects"]["p"]["labels"] = labels * 2
    exports.write_rows(tmp_path, rows)
    with pytest.raises(ValueError, match="0.jpg has 2 labels; export only one"):
        READERS["labelbox"](tmp_path, images=tmp_path / "photos")
    rows[0]["projects"]["p"]["labels"] = labels
    rows[1]["data_row"] = {}
    exports.write_rows(tmp_path, rows)
    with pytest.raises(ValueError, match="data row 2: it has no 'external_id'"):
        READERS["labelbox"](tmp_path)
    (tmp_path / "export.ndjson").write_text("[1]\n")
    with pytest.raises(ValueError, match="export.ndjson: no Labelbox export"):
        READERS["labelbox"](tmp_path)


LABELMAPS = {
    "no_fields": ("road\n", "line 1 is 'road', expected label:red,green,blue::"),
    "letters": ("road:a,b,c::\n", "line 1 is 'road:a,b,c::'"),
    "above": ("road:1,2,999::\n", "a colour is above 255"),
    "twice": ("a:1,2,3::\nb:1,2,3::\n", r"a or its colour \(1, 2, 3\) is there twice"),
    "empty": ("# label\n", "no label in it"),
}


@pytest.mark.parametrize("fault", LABELMAPS)
def test_cvat_label_maps(tmp_path, fault):
    text, message = LABELMAPS[fault]
    exports.cvat(tmp_path)
    (tmp_path / "labelmap.txt").write_text(text)
    with pytest.raises(ValueError, match=f"labelmap.txt: .*{message}"):
        READERS["cvat"](tmp_path)


def test_masks_that_the_table_does_not_explain(tmp_path):
    exports.cvat(tmp_path / "cvat")
    (tmp_path / "cvat/labelmap.txt").write_text("road:128,64,128::\n")
    with pytest.raises(ValueError, match=r"colour \(0, 0, 142\) on 9 pixels .*export"):
        labels_of(READERS["cvat"](tmp_path / "cvat"))
    exports.roboflow(tmp_path / "robo")
    for split in ("train", "valid"):
        path = tmp_path / "robo" / split / "_classes.csv"
        path.write_text("Pixel Value, Class\n0, background\n1, road\n")
    with pytest.raises(ValueError, match="value 2 on 9 pixels is not in _classes.csv"):
        labels_of(READERS["roboflow"](tmp_path / "robo"))
    path.write_text("Pixel Value, Class\n0, background\n1, pavement\n")
    with pytest.raises(ValueError, match="_classes.csv differ; export the splits"):
        READERS["roboflow"](tmp_path / "robo")
    exports.voc(tmp_path / "voc")
    (tmp_path / "voc/class_names.txt").write_text("_background_\nroad\n")
    with pytest.raises(ValueError, match="value 2 on 9 pixels is not in the list of"):
        labels_of(READERS["voc"](tmp_path / "voc"))


def test_names_in_two_splits_and_names_without_a_mask(tmp_path):
    exports.voc(tmp_path)
    sets = tmp_path / "ImageSets/Segmentation"
    (sets / "val.txt").write_text("2\n3\n9\n")
    with pytest.raises(FileNotFoundError, match="9.png: missing, .*val.txt lists it"):
        READERS["voc"](tmp_path)
    (sets / "val.txt").write_text("0\n2\n3\n")
    with pytest.raises(ValueError, match="val.txt: 0 is in train.txt too"):
        READERS["voc"](tmp_path)


def test_grey_masks_of_cvat_hold_line_numbers(tmp_path):
    exports.cvat(tmp_path)
    source = READERS["cvat"](tmp_path)
    write_mask(source.frames[0].label, "L")
    write_mask(source.frames[1].label, "P")
    assert labels_of(source, 0).tolist() == SCENE.tolist()
    assert labels_of(source, 1).tolist() == SCENE.tolist()


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_damaged_bytes_give_a_sentence(tmp_path, name):
    WRITERS[name](tmp_path)
    kinds = (".json", ".ndjson", ".yaml", ".txt", ".csv", ".png")
    paths = [p for p in sorted(tmp_path.rglob("*")) if p.suffix in kinds]
    for path in paths:
        content = path.read_bytes()
        for broken in (b"", content[: len(content) // 2], b"\xff\xfe\x00" + content):
            path.write_bytes(broken)
            try:
                options = {"images": tmp_path / "photos"} if name == "labelbox" else {}
                source = READERS[name](tmp_path, **options)
                found = [labels_of(source, n) for n in range(len(source.frames))]
            except (ValueError, OSError) as error:
                assert str(tmp_path) in str(error), (path, broken)
            else:
                # A list of names or an empty text file may be shorter, and right.
                assert all(labels.shape == SCENE.shape for labels in found)
        path.write_bytes(content)


def test_files_of_other_tools_are_recognised(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "cvat.json").write_text("<?xml version='1.0'?>\n<annotations>\n")
    with pytest.raises(ValueError, match="no JSON"):
        READERS["coco"](tmp_path / "cvat.json")
    for content, message in (
        ({"_via_img_metadata": {}}, "a project of the VGG Image Annotator; export it"),
        ([{"annotations": [], "data": {}}], "Label Studio's own JSON; export it as"),
        (
            {"shapes": [], "imagePath": "a"},
            "LabelMe JSON; use `segnet prepare labelme`",
        ),
        ({"type": "x", "features": []}, "this is GeoJSON"),
    ):
        path = write_json(tmp_path / "some.json", content)
        with pytest.raises(ValueError, match=f"no COCO JSON; this is .*{message[8:]}"):
            READERS["coco"](path)


def test_the_image_folder_is_named_where_it_is_missing(tmp_path):
    exports.cvat(tmp_path)
    (tmp_path / "JPEGImages").rename(tmp_path / "photos")
    with pytest.raises(FileNotFoundError, match="export the images too, or name their"):
        READERS["cvat"](tmp_path)
    source = READERS["cvat"](tmp_path, images=tmp_path / "photos")
    assert labels_of(source).tolist() == SCENE.tolist()
    (tmp_path / "photos/0.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="0.jpg: missing, its partner"):
        READERS["cvat"](tmp_path, images=tmp_path / "photos")


def test_json_nested_too_deeply_is_a_sentence(tmp_path):
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="deep.json: no JSON"):
        READERS["coco"](path)
