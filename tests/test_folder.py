"""The reader of any folders of images and masks."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from conftest import prepare_folder
from segnet.check import check
from segnet.classes import ClassMap
from segnet.cli import main
from segnet.data import READERS
from segnet.data.prepare import prepare
from segnet.data.split import SplitRule
from segnet.data.store import open_store

CLASSES = {
    "version": 1,
    "name": "yard",
    "classes": [
        {"id": 0, "name": "ground", "colour": [90, 60, 30]},
        {"id": 1, "name": "wall", "colour": [200, 200, 200]},
    ],
    "void": 255,
}
IDS = np.array([[0, 1, 255], [1, 0, 0]], np.uint8)


@pytest.fixture
def yard(tmp_path):
    """Writes images, masks and the class map: 8 frames of two drives."""
    class_map = tmp_path / "map.json"
    class_map.write_text(json.dumps(CLASSES))
    for drive in ("a", "b"):
        for kind in ("images", "masks"):
            (tmp_path / kind / drive).mkdir(parents=True)
        for number in range(4):
            image = Image.fromarray(np.full((2, 3, 3), 40 * number, np.uint8))
            suffix = ".jpg" if number % 2 else ".PNG"
            image.save(tmp_path / "images" / drive / f"{number}{suffix}")
            Image.fromarray(IDS).save(tmp_path / "masks" / drive / f"{number}.png")
    return tmp_path


def read(yard, **options):
    arguments = {"masks": yard / "masks", "classes": yard / "map.json"} | options
    return READERS["folder"](yard / "images", **arguments)


def test_frames_are_paired_by_name_and_sub_folders_are_drives(yard):
    source = read(yard)
    ids = [frame.id for frame in source.frames]
    assert ids == [f"{drive}/{number}" for drive in "ab" for number in range(4)]
    assert source.frames[1].image.name == "1.jpg"
    assert source.frames[1].label == yard / "masks" / "a" / "1.png"
    assert [frame.drive for frame in source.frames] == ["a"] * 4 + ["b"] * 4
    assert {frame.publisher_split for frame in source.frames} == {""}
    assert source.class_map.names == ("ground", "wall")
    assert source.read_labels(source.frames[0]).tolist() == IDS.tolist()


def test_colours_and_palettes_are_read_as_colours(yard):
    source = read(yard)
    rgb = source.class_map.colourise(IDS)
    frame = source.frames[3]
    Image.fromarray(rgb).save(frame.label)
    assert source.read_labels(frame).tolist() == IDS.tolist()
    palette = Image.fromarray(np.array([[5, 3, 9], [3, 5, 5]], np.uint8), mode="P")
    table = np.zeros((256, 3), np.uint8)
    table[5], table[3] = source.class_map.colours
    palette.putpalette(table.tobytes())
    palette.save(frame.label)
    assert read(yard).read_labels(frame).tolist() == IDS.tolist()


def test_linked_folders_are_read(yard, tmp_path):
    for kind in ("images", "masks"):
        (yard / kind / "a").rename(yard / kind / "train")
        (yard / kind / "b").rename(tmp_path / f"far_{kind}")
        (yard / kind / "val").symlink_to(tmp_path / f"far_{kind}")
    splits = [frame.publisher_split for frame in read(yard).frames]
    assert splits == ["train"] * 4 + ["val"] * 4
    (yard / "masks" / "val").unlink()
    (yard / "masks" / "val").symlink_to(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match="masks/val: a link to .*gone"):
        read(yard)


def test_prepare_takes_masks_and_a_class_map(yard, tmp_path):
    path = prepare_folder(yard, split=SplitRule("fold", fold=(1, 2)))
    with open_store(path) as store:
        assert store["val"].frame_ids == ["a/0", "a/1", "b/0", "b/1"]
        assert store["train"].frame_ids == ["a/3", "b/3"]
        assert store["val"].labels[0].tolist() == IDS.tolist()
        assert store.class_map == ClassMap.load(yard / "map.json")
        assert store.attributes["void_share"] == pytest.approx(1 / 6)


def rename(yard, **folders):
    for kind in ("images", "masks"):
        for old, new in folders.items():
            (yard / kind / new).parent.mkdir(exist_ok=True)
            (yard / kind / old).rename(yard / kind / new)


@pytest.mark.parametrize(
    ("a", "b", "splits"),
    [
        ("train", "val", ("train", "val")),
        ("train", "valid", ("train", "val")),
        ("Training", "Validation", ("train", "val")),
        ("TESTING", "train", ("test", "train")),
        ("cam/Test", "cam/TRAIN", ("train", "test")),
        ("train/north", "val/south", ("train", "val")),
        ("trains", "my_val", ("", "")),
    ],
)
def test_folders_called_after_splits_are_the_split(yard, a, b, splits):
    rename(yard, a=a, b=b)
    found = {frame.drive: frame.publisher_split for frame in read(yard).frames}
    assert (found[min(a, b)], found[max(a, b)]) == splits


@pytest.mark.parametrize("other", ["dev", "cam/north"])
def test_a_half_known_set_of_folders_is_refused(yard, tmp_path, other):
    rename(yard, a="Test", b=other)
    message = (
        rf"4 frames lie in folders named after a split \(Test\), 4 do not "
        rf"\({other}\); "
        r"rename those to train, val or test, move them away, or name a split rule"
    )
    files = {"masks": yard / "masks", "classes": yard / "map.json", "workers": 1}
    with pytest.raises(ValueError, match=message):
        prepare("folder", yard / "images", tmp_path / "out", scale=1, **files)
    findings = check("folder", yard / "images", **files)
    (problem,) = [p for p in findings.problems if p.kind == "split"]
    assert findings.status == 1 and re.search(message, problem.text)
    assert not (tmp_path / "out").exists()
    assert check("folder", yard / "images", split="val-only", **files).frames == 8


def test_a_split_without_val_is_warned_of(yard, tmp_path, capsys):
    rename(yard, a="test", b="train")
    options = ["--classes", str(yard / "map.json"), "--workers", "1"]
    folders = [str(yard / "images"), str(yard / "masks")]
    warning = "warning: val has no frames, so a training run cannot be scored"
    assert main(["check", "folder", *folders, *options]) == 1
    assert warning in capsys.readouterr().out
    out = [str(tmp_path / "out"), "--scale", "1"]
    assert main(["prepare", "folder", *folders, *out, *options]) == 0
    assert warning in capsys.readouterr().out
    assert main(["check", str(tmp_path / "out")]) == 1
    assert warning in capsys.readouterr().out
    assert main(["check", "folder", *folders, *options, "--split", "val-only"]) == 0
    assert "val has no frames" not in capsys.readouterr().out
    assert main(["prepare", "folder", *folders, *out, *options, "--gap", "0"]) == 2
    assert "gap is 0, but the split rule is 'publisher'" in capsys.readouterr().err


def test_frames_of_test_do_not_train(yard, tmp_path):
    rename(yard, a="test", b="Training")
    path = prepare_folder(yard)
    with open_store(path) as store:
        assert store["train"].frame_ids == [f"Training/{n}" for n in range(4)]
        assert store["test"].frame_ids == [f"test/{n}" for n in range(4)]


@pytest.mark.parametrize("options", [{"masks": None}, {"classes": None}])
def test_masks_and_classes_are_needed(yard, options):
    with pytest.raises(ValueError, match="need a folder of masks and the classes"):
        read(yard, **options)


def test_an_id_that_is_no_class_is_named(yard):
    source = read(yard)
    Image.fromarray(np.where(IDS == 1, np.uint8(7), IDS)).save(source.frames[5].label)
    message = r"b/1\.png: id 7 on 2 pixels, yard has 0 to 1 and void 255"
    with pytest.raises(ValueError, match=message):
        source.read_labels(source.frames[5])


def test_a_colour_that_is_no_class_is_named(yard):
    source = read(yard)
    Image.fromarray(np.full((2, 3, 3), 9, np.uint8)).save(source.frames[5].label)
    message = r"b/1\.png \(yard\): colour \(9, 9, 9\) on 6 pixels"
    with pytest.raises(ValueError, match=message):
        source.read_labels(source.frames[5])


def test_missing_and_double_files_are_named(yard):
    mask = yard / "masks" / "b" / "2.png"
    mask.rename(yard / "masks" / "b" / "2.gif")
    with pytest.raises(FileNotFoundError, match="missing, its partner") as caught:
        read(yard)
    assert str(caught.value).startswith(str(mask))
    (yard / "masks" / "b" / "2.gif").rename(mask)
    (yard / "images" / "b" / "2.PNG").unlink()
    with pytest.raises(FileNotFoundError, match=r"images/b/2\.png: missing"):
        read(yard)
    for suffix in (".bmp", ".png"):
        Image.new("RGB", (3, 2)).save(yard / "images" / "b" / f"2{suffix}")
    with pytest.raises(ValueError, match=r"2\.png: 2\.bmp beside it has the same"):
        read(yard)


def test_missing_folders_and_class_maps_are_named(yard, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        read(yard, masks=yard / "nowhere")
    with pytest.raises(FileNotFoundError, match="nomap.json: no such file of classes"):
        read(yard, classes=yard / "nomap.json")
    (yard / "map.json").write_text('{"classes": []}')
    with pytest.raises(ValueError, match="map.json: "):
        read(yard)
    (yard / "map.json").write_text(json.dumps(CLASSES))
    for kind in ("images", "masks"):
        (tmp_path / "empty" / kind).mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="images: no image in it"):
        READERS["folder"](
            tmp_path / "empty" / "images",
            masks=tmp_path / "empty" / "masks",
            classes=yard / "map.json",
        )


def test_hidden_and_other_files_do_not_count(yard):
    for kind in ("images", "masks"):
        (yard / kind / "a" / "._0.png").write_bytes(b"\0")
        (yard / kind / "notes.txt").write_text("made in May")
    assert len(read(yard).frames) == 8
