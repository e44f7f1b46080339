"""The output and pictures of a run during training."""

import csv
import dataclasses

import numpy as np
import pytest
from PIL import Image

from segnet.cli import main
from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.runs import folder as run_folder
from segnet.runs.record import read_record
from segnet.runs.state import Progress
from segnet.train import train
from segnet.train.epoch_lines import EpochLines, duration
from test_train import TINY, tiny


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (59.4, "59 s"),
        (112, "1 min 52 s"),
        (660, "11 min"),
        (10_920, "3 h 2 min"),
    ],
)
def test_times_in_words(seconds, text):
    assert duration(seconds) == text


def test_the_time_left_leaves_the_compilation_out():
    rows = [{"epoch": 2, "loss": 0.5, "val_miou": 0.25}]
    lines = EpochLines(Recipe(epochs=5), Progress({}, rows))
    lines.seconds = [60.0, 4.0, 6.0]
    assert lines.line() == (
        "epoch 2/5, loss 0.500, mIoU 25.0 (best 25.0), 6 s an epoch, about 15 s left"
    )
    rows[0] |= {"epoch": 5, "val_miou": None}
    assert lines.line() == "epoch 5/5, loss 0.500, 6 s an epoch"


def test_a_run_prints_a_line_an_epoch_and_draws(store_path, tmp_path, capsys):
    recipe = dataclasses.replace(TINY, epochs=2)
    out = tmp_path / "run"
    train(store_path, recipe, out, pictures=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[7].startswith("compiling the first step")
    assert [line[:9] for line in lines[8:]] == ["epoch 1/2", "epoch 2/2"]
    assert "left" in lines[8] and "left" not in lines[9]
    sizes = {}
    for name in ("curves.png", "classes.png", "predictions.jpg", "train_batch.jpg"):
        with Image.open(out / name) as picture:
            sizes[name] = picture.size
            assert np.asarray(picture).std() > 1
    # 3 frames of val and 4 of the batch, 240 pixels wide each, at 2:3.
    assert sizes["train_batch.jpg"] == (4 * 240, 2 * 160)
    assert sizes["predictions.jpg"][0] == 3 * 240
    # Images, ground truth and a look after each of two epochs: the first is drawn
    # at once, the last always.
    assert sizes["predictions.jpg"][1] == 4 * 160


def test_without_pictures_none_are_drawn(store_path, tmp_path, capsys):
    recipe = dataclasses.replace(TINY, epochs=1)
    train(store_path, recipe, tmp_path / "run", verbose=0)
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.rglob("*.jpg")) + list(tmp_path.rglob("*.png"))


def test_a_run_goes_on_where_a_picture_cannot_be_drawn(store_path, tmp_path, capsys):
    recipe = dataclasses.replace(TINY, epochs=1)
    out = tmp_path / "run"
    for name in run_folder.PICTURES:
        # A folder of that name can be replaced no more than a file on a full disk.
        (out / name / "inside").mkdir(parents=True)
    train(store_path, recipe, out, pictures=True, verbose=0)
    assert (out / "report.json").is_file()
    assert read_record(out)["state"] == "finished"
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    for name, line in zip(
        ("train_batch.jpg", "curves.png", "predictions.jpg", "classes.png"),
        lines,
        strict=True,
    ):
        assert line.startswith(f"warning: {out / name} was not drawn (")
    assert not list(out.glob("*.part*"))


def test_parts_of_pictures_of_a_killed_run_are_removed(tmp_path):
    left = tmp_path / "curves.0123abcd.part.png"
    left.touch()
    with run_folder.claimed(tmp_path):
        assert not left.exists()


def test_tensorboard_gets_the_columns_of_the_history(store_path, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    out = tmp_path / "run"
    short = ["--epochs", "2", "--batch-size", "4", "--verbose", "0", "--no-pictures"]
    command = ["train", str(store_path), "--model", "tiny", "--out", str(out), *short]
    assert main([*command, "--tensorboard"]) == 0
    shown = {"train": [], "validation": []}
    for part, points in shown.items():
        (path,) = (out / "tensorboard" / part).iterdir()
        points += [
            (value.tag, event.step, float(make_ndarray(value.tensor)))
            for event in EventFileLoader(str(path)).Load()
            for value in event.summary.value
        ]
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    for tag, part, column in (
        ("epoch_loss", "train", "loss"),
        ("epoch_miou", "validation", "val_miou"),
    ):
        found = {step: value for name, step, value in shown[part] if name == tag}
        assert found == {
            step: pytest.approx(float(row[column])) for step, row in enumerate(rows)
        }


def test_without_tensorboard_the_package_is_named(
    store_path, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("segnet.cli.train.find_spec", lambda name: None)
    out = tmp_path / "run"
    command = ["train", str(store_path), "--model", "tiny", "--out", str(out)]
    assert main([*command, "--tensorboard"]) == 2
    assert "not installed: pip install tensorboard" in capsys.readouterr().err
    assert not out.exists()
