"""One's own data: names of files, colours and values, drives, and `segnet classes`."""

import json
import shlex

import numpy as np
import pytest
from PIL import Image

from helpers import exports
from helpers.exports import CAR_COLOUR, ROAD_COLOUR, SCENE, write_image, write_mask
from segnet.cli import main
from segnet.data.find import find_source
from segnet.data.source import WrongOption
from segnet.data.store import open_store

CLASSES = "background,road,car"


def segnet(text, capsys):
    """Returns exit status and both outputs of a command."""
    status = main(shlex.split(text))
    out = capsys.readouterr()
    return status, out.out + out.err


def test_masks_may_lie_beside_the_images(tmp_path):
    for name in ("IMG 1", "sub/IMG 2"):
        write_image(tmp_path / f"{name}.png")
        write_mask(tmp_path / f"{name}_mask.png", "L")
    source = find_source("folder", tmp_path, CLASSES, mask_suffix="_mask")
    assert [frame.id for frame in source.frames] == ["IMG 1", "sub/IMG 2"]
    assert source.read_labels(source.frames[0]).tolist() == SCENE.tolist()
    (tmp_path / "sub/IMG 2_mask.png").unlink()
    with pytest.raises(FileNotFoundError, match="IMG 2_mask.png: missing, its partner"):
        find_source("folder", tmp_path, CLASSES, mask_suffix="_mask")


def test_suffixes_as_those_of_cityscapes(tmp_path):
    images, masks = tmp_path / "leftImg8bit", tmp_path / "gtFine"
    ends = {"image_suffix": "_leftImg8bit", "mask_suffix": "_gtFine_labelTrainIds"}
    for name in ("train/ulm/ulm_0", "val/bonn/bonn_0"):
        write_image(images / f"{name}_leftImg8bit.png")
        write_mask(masks / f"{name}_gtFine_labelTrainIds.png", "L")
        write_mask(masks / f"{name}_gtFine_color.png", "RGB")
    source = find_source("folder", images, CLASSES, masks=masks, **ends)
    assert [frame.id for frame in source.frames] == [
        "train/ulm/ulm_0",
        "val/bonn/bonn_0",
    ]
    assert [frame.publisher_split for frame in source.frames] == ["train", "val"]
    with pytest.raises(FileNotFoundError, match="no image in it; .* _left.jpg"):
        find_source(
            "folder",
            images,
            CLASSES,
            masks=masks,
            image_suffix="_left",
            mask_suffix="_right",
        )


def test_several_colours_may_mean_one_class(tmp_path):
    write_image(tmp_path / "images/0.jpg")
    write_mask(tmp_path / "masks/0.png", "RGB")
    rows = [
        {"name": "ground", "colour": [0, 0, 0]},
        {"name": "ground", "colour": list(ROAD_COLOUR)},
        {"name": "car", "colour": list(CAR_COLOUR)},
    ]
    table = tmp_path / "map.json"
    table.write_text(json.dumps(rows))
    source = find_source("folder", tmp_path / "images", table, masks=tmp_path / "masks")
    labels = source.read_labels(source.frames[0])
    assert labels.tolist() == (SCENE == 2).astype(int).tolist()
    (tmp_path / "classes.csv").write_text(
        "name,r,g,b\nground,0,0,0\nground,128,64,128\ncar,0,0,142\n"
    )
    source = find_source(
        "folder",
        tmp_path / "images",
        tmp_path / "classes.csv",
        masks=tmp_path / "masks",
    )
    assert source.read_labels(source.frames[0]).tolist() == labels.tolist()


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_classes_found_in_masks_are_written_edited_and_read(tmp_path, capsys, mode):
    for number in range(4):
        write_image(tmp_path / f"images/{number}.jpg")
        write_mask(tmp_path / f"masks/{number}.png", mode)
    table = tmp_path / "map.json"
    status, text = segnet(f"classes {tmp_path / 'masks'} --out {table}", capsys)
    assert status == 0
    rows = json.loads(table.read_text())["classes"]
    # Black, (0, 0, 142), (128, 64, 128): colours are sorted.
    order = (0, 2, 1) if mode == "RGB" else (0, 1, 2)
    shares = [float((SCENE == value).mean()) for value in order]
    assert [row["share"] for row in rows] == pytest.approx(shares, abs=1e-6)
    by_colour = {(0, 0, 0): "void", ROAD_COLOUR: "road", CAR_COLOUR: "car"}
    by_value = {0: "void", 1: "road", 2: "car"}
    for row in rows:
        if "value" in row:
            row["name"] = by_value[row["value"]]
        else:
            row["name"] = by_colour[tuple(row["colour"])]
    table.write_text(json.dumps({"classes": rows}))
    command = (
        f"prepare folder {tmp_path / 'images'} {tmp_path / 'masks'} {tmp_path / 'S'} "
        f"--classes {table} --split random"
    )
    status, text = segnet(command, capsys)
    assert status == 0, text
    with open_store(tmp_path / "S/store.h5") as store:
        names = store.class_map.names
        assert sorted(names) == ["car", "road"]
        labels = store["val"].read_labels(0)
    expected = np.array([255, names.index("road"), names.index("car")])[SCENE]
    assert labels.tolist() == expected.tolist()
    status, text = segnet(f"classes {tmp_path / 'masks'} --out {table}", capsys)
    assert status == 2 and "there already" in text


def test_photographs_are_no_masks(tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "0.png")
    status, text = segnet(f"classes {tmp_path} --out {tmp_path / 'm.json'}", capsys)
    assert status == 2 and "0.png: more than 255 colours or values" in text
    assert not (tmp_path / "m.json").exists()
    (tmp_path / "empty").mkdir()
    status, text = segnet(f"classes {tmp_path / 'empty'} --out m.json", capsys)
    assert status == 2 and "no mask in it; their names end with .png" in text


def test_drives_are_found_in_the_names(tmp_path):
    exports.class_dict(tmp_path)
    source = find_source("class-dict", tmp_path, drive=r"(\d+TP)_")
    assert {frame.drive for frame in source.frames} == {"0001TP"}
    source = find_source("class-dict", tmp_path, drive="train|val")
    assert [frame.drive for frame in source.frames] == ["train"] * 2 + ["val"] * 2
    with pytest.raises(WrongOption, match=r"--drive \[: unterminated character set"):
        find_source("class-dict", tmp_path, drive="[")
    with pytest.raises(WrongOption, match="matches nothing in 2 of 4 names, such as v"):
        find_source("class-dict", tmp_path, drive="train")


def test_help_lists_every_reader_with_an_example(capsys):
    from segnet.data import READERS

    with pytest.raises(SystemExit):
        main(["prepare", "--help"])
    text = capsys.readouterr().out
    for name, reader in READERS.items():
        assert f"  {name:12} {reader.about}\n" in text and reader.about
        assert reader.example.startswith(f"{name} ") and reader.example in text


def test_unrelated_photographs_are_told_about_random(tmp_path, capsys):
    for number in range(10):
        write_image(tmp_path / f"images/{number}.jpg")
        write_mask(tmp_path / f"masks/{number}.png", "L")
    command = (
        f"folder {tmp_path / 'images'} {tmp_path / 'masks'} {tmp_path / 'S'} "
        f"--classes {CLASSES}"
    )
    status, text = segnet(f"prepare {command}", capsys)
    assert status == 0 and "unrelated photographs: --split random leaves none" in text
    status, text = segnet(f"prepare {command} --split random", capsys)
    assert status == 0 and "leaves none" not in text
    assert "train 8, val 2" in text


def test_another_file_in_place_of_classes_is_named(tmp_path):
    exports.coco(tmp_path)
    path = tmp_path / "annotations/instances_train.json"
    masks = tmp_path / "masks"
    with pytest.raises(ValueError, match="no list of classes; this is COCO JSON; use"):
        find_source("folder", tmp_path / "train", path, masks=masks)
    with pytest.raises(ValueError, match="no list of classes; this is COCO JSON; use"):
        find_source("coco", tmp_path, path)
