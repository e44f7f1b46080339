"""An absent class beside much void: reported by check, prepare and train."""

import keras
import numpy as np
import pytest
from PIL import Image

from conftest import prepare_folder
from segnet.check import check
from segnet.check.doubts import MUCH_VOID, label_doubts
from segnet.classes import CITYSCAPES19, ClassMap
from segnet.cli import main
from segnet.data.prepare import prepare
from segnet.data.store import open_store
from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.train import train
from segnet.train.checks import check_labels

COLOURS = [(90, 60, 30), (200, 200, 200), (0, 0, 250)]
NAMES = ("ground", "wall", "door")


def class_map(classes, void=255):
    return ClassMap("yard", NAMES[:classes], COLOURS[:classes], void)


def write(root, classes, *masks):
    """Writes 12 images of 64x96 and their masks from rows of values."""
    class_map(classes).save(root / "map.json")
    for kind in ("images", "masks"):
        (root / kind).mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        image = rng.integers(0, 255, (64, 96, 3), np.uint8)
        Image.fromarray(image).save(root / "images" / f"{number:02}.png")
        mask = np.array(masks[number % len(masks)], np.uint8)
        mask = np.repeat(mask, 64 * 96 // len(mask), axis=0).reshape(64, 96, -1)
        Image.fromarray(mask.squeeze()).save(root / "masks" / f"{number:02}.png")
    return root


def folder(root):
    return [str(root / "images"), str(root / "masks")]


# Masks, classes, and the class that nothing is left of.
LOST = {
    "0 and 255": ([0, 0, 0, 255], 2, "wall"),
    "little 255": ([0] * 95 + [255], 2, "wall"),
    "1 and 255": ([1, 1, 1, 255], 2, "ground"),
    "one of three": ([0, 1, 1, 255], 3, "door"),
    "black in colour": ([COLOURS[1], COLOURS[2], (0, 0, 0), (0, 0, 0)], 3, "ground"),
}


@pytest.mark.parametrize("case", LOST)
def test_a_class_that_void_may_hide_is_a_warning(tmp_path, capsys, case):
    mask, classes, name = LOST[case]
    write(tmp_path, classes, mask)
    options = ["--classes", str(tmp_path / "map.json"), "--workers", "1"]
    text = rf"warning: no pixel of {name} anywhere, but "
    assert main(["check", "folder", *folder(tmp_path), *options]) == 1
    assert text in capsys.readouterr().out
    out = tmp_path / "out"
    options += ["--scale", "1", "--shard-frames", "3"]
    assert not main(["prepare", "folder", *folder(tmp_path), str(out), *options])
    assert capsys.readouterr().out.count(text) == 1
    assert check(out, workers=1).status == 1
    with open_store(out / "store.h5") as store:
        _, (line,) = check_labels([store["train"], store["val"]])
    assert line.startswith(f"{out / 'store.h5'}: no pixel of {name} anywhere, but ")
    assert f"give black to a class in the class map, or leave {name} out" in line


@pytest.mark.parametrize(
    ("masks", "classes"),
    [
        ([[0, 1, 1, 255]], 2),
        ([[0, 0, 0, 255]], 1),
        ([[0, 0, 1, 1]], 3),
        ([[0, 0, 0, 255], [1, 1, 0, 0]], 2),
    ],
)
def test_void_beside_all_classes_is_none(tmp_path, capsys, masks, classes):
    write(tmp_path, classes, *masks)
    options = ["--classes", str(tmp_path / "map.json"), "--workers", "1"]
    assert "but" not in main_output(capsys, "check", *folder(tmp_path), *options)
    out = [str(tmp_path / "out"), *options, "--scale", "1"]
    assert "warning" not in main_output(capsys, "prepare", *folder(tmp_path), *out)


def main_output(capsys, verb, *arguments):
    main([verb, "folder", *arguments])
    return capsys.readouterr().out


def test_much_void_is_measured():
    yard = class_map(3)
    much = int(10_000 * MUCH_VOID)
    half = (10_000 - much) // 2
    assert label_doubts("folder", yard, [half, half, 0, much])
    assert not label_doubts("folder", yard, [half + 1, half, 0, much - 1])
    assert label_doubts("folder", yard, [10_000, 0, 0, 1])
    assert not label_doubts("folder", yard, [10_000, 0, 0, 0])
    assert "Void is 9 in grey" in label_doubts("folder", class_map(2, 9), [8, 0, 2])[0]


def test_datasets_with_published_labels_are_not_doubted():
    pixels = [50] * 18 + [0, 900]
    assert not label_doubts("cityscapes", CITYSCAPES19, pixels)
    assert label_doubts("folder, rendered by segnet", CITYSCAPES19, pixels)


def test_counts_are_those_of_the_stored_labels(tmp_path):
    write(tmp_path, 2, [0, 1, 1, 255])
    options = {"masks": tmp_path / "masks", "classes": tmp_path / "map.json"}
    for name, frames in (("one", None), ("many", 2)):
        path = prepare(
            "folder",
            tmp_path / "images",
            tmp_path / name,
            scale=2,
            split="val-only",
            shard_frames=frames,
            workers=1,
            **options,
        )
        with open_store(path) as store:
            assert store.attributes["class_pixels"] == [384 * 12, 768 * 12, 384 * 12]
            assert store.attributes["void_share"] == pytest.approx(0.25)


def tiny(input_shape, num_classes, name="tiny"):
    inputs = keras.Input(input_shape, dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(inputs)
    logits = keras.layers.Conv2D(num_classes, 1, name="head_logits")(scaled)
    return keras.Model(inputs, logits, name=name)


def test_train_says_it_once(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)
    write(tmp_path, 2, [0, 0, 0, 255])
    path = prepare_folder(tmp_path)
    recipe = Recipe("tiny", batch_size=2, epochs=1)
    train(path, recipe, tmp_path / "run", verbose=2)
    shown = capsys.readouterr().out
    assert shown.count(f"warning: {path}: no pixel of wall anywhere, but 25 %") == 1
    train(path, recipe, tmp_path / "quiet", verbose=0)
    assert not capsys.readouterr().out
