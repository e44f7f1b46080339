"""`segnet train` on the terminal: header, stopping, resuming, recipes from files."""

import csv
import dataclasses
import json
import re

import keras
import pytest

from segnet.cli import _parser, main
from segnet.cli.train import _recipe
from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.recipes import RECIPES
from segnet.runs.record import read_record
from segnet.train import train
from segnet.train.epoch_lines import EpochLines
from test_train import TINY, tiny

QUIET = ["--no-pictures", "--batch-size", "4", "--scale", "0.8", "1.25"]


@pytest.fixture(autouse=True)
def with_tiny(monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)


def begin(store_path, out):
    """Trains one epoch by the command, on the folder of a store."""
    words = ["train", str(store_path.parent), "--out", str(out), "--model", "tiny"]
    assert main([*words, "--epochs", "1", *QUIET]) == 0
    return out


@pytest.fixture
def begun(store_path, tmp_path):
    return begin(store_path, tmp_path / "run")


def rows_of(out):
    with open(out / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_prints_what_is_trained_and_no_bar(store_path, tmp_path, capsys):
    begun = begin(store_path, tmp_path / "run")
    printed = capsys.readouterr()
    assert not re.search(r"[\r\x1b\x08]", printed.out + printed.err)
    lines = printed.out.splitlines()
    assert lines[:6] == [
        "network  tiny, 290 parameters, 14 classes",
        "recipe   default, model=tiny, epochs=1, batch_size=4, scale=(0.8, 1.25)",
        "loss     cross_entropy",
        "start    random weights, seed 0",
        "frames   9 of 64x96; 3 others of val; batches of 4 at 64x96",
        f"device   {lines[5].split()[1]} {keras.backend.backend()}, float32",
    ]
    assert lines[6] == f"folder   {begun}"
    assert lines[7] == "compiling the first step, up to a minute"
    assert lines[8].startswith("epoch 1/1, loss ")
    header = next(line for line in lines if line.startswith("class "))
    assert header.split() == ["class", "last,", "epoch", "1", "best,", "epoch", "1"]
    assert lines[-1] == f"best weights: {begun / 'best.keras'}"


def test_resume_alone_knows_recipe_and_store_and_may_go_further(begun, capsys):
    capsys.readouterr()
    assert main(["train", "--out", str(begun), "--resume"]) == 0
    assert f"{begun}: 1 of 1 epochs done" in capsys.readouterr().out
    before = rows_of(begun)
    assert main(["train", "--out", str(begun), "--resume", "--epochs", "2"]) == 0
    printed = capsys.readouterr().out
    # The only step of one epoch was at its peak, half of a cosine of 4 steps is left.
    assert re.search(r"start +after epoch 1 of 2, from last.npz", printed)
    rows = rows_of(begun)
    assert rows[:1] == before and len(rows) == 2
    assert Recipe.from_json((begun / "recipe.json").read_text()).epochs == 2
    commands = read_record(begun)["commands"]
    assert ["--epochs 1" in c for c in commands] == [True, False]
    assert ["--epochs 2" in c for c in commands] == [False, True]


def test_a_longer_schedule_is_said(store_path, tmp_path, capsys):
    recipe = dataclasses.replace(TINY, epochs=2)
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    longer = dataclasses.replace(TINY, epochs=4)
    train(store_path, longer, out, resume=True)
    (said,) = re.findall("start .*", capsys.readouterr().out)
    # Of 4 and of 8 steps with 1 of warm-up: the rate of the fourth, by hand.
    # 0.02 x (1 + cos(pi 2/3)) / 2 and 0.02 x (1 + cos(pi 2/7)) / 2.
    assert said.endswith(
        "; the schedule is now one of 4 epochs, so the learning rate goes on from "
        "0.016, after 0.005"
    )


def test_a_refused_longer_run_leaves_the_folder_alone(store_path, tmp_path):
    recipe = dataclasses.replace(TINY, epochs=1)
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    (out / "best.keras").unlink()
    (out / "last.npz").write_bytes(b"")
    longer = dataclasses.replace(recipe, epochs=2)
    with pytest.raises(ValueError, match="last.npz: damaged"):
        train(store_path, longer, out, resume=True, verbose=0)
    assert Recipe.from_json((out / "recipe.json").read_text()) == recipe


def test_ctrl_c_says_how_to_go_on(store_path, tmp_path, capsys, monkeypatch):
    out, begin = tmp_path / "run", EpochLines.on_epoch_begin

    def stop(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt
        begin(self, epoch, logs)

    words = ["train", str(store_path), "--out", str(out), "--model", "tiny"]
    with monkeypatch.context() as patch:
        patch.setattr(EpochLines, "on_epoch_begin", stop)
        assert main([*words, "--epochs", "3", *QUIET]) == 130
    said = f"go on with: segnet train --out {out} --resume\n"
    error = capsys.readouterr().err
    assert error.endswith(f"segnet train: stopped after epoch 1 of 3; {said}")
    assert main(error.split("segnet ")[-1].split()) == 0
    assert len(rows_of(out)) == 3


def test_a_store_that_has_moved_is_asked_for(begun, store_path, capsys):
    record = json.loads((begun / "run.json").read_text())
    (begun / "run.json").write_text(json.dumps(record | {"store": "../gone.h5"}))
    assert main(["train", "--out", str(begun), "--resume"]) == 2
    said = f"the store of {begun} is not there any more; name it again"
    assert said in capsys.readouterr().err
    assert main(["train", str(store_path), "--out", str(begun), "--resume"]) == 0


def test_a_run_needs_a_store(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path / "run")]) == 2
    assert "which store? Name it before --out" in capsys.readouterr().err


def parsed(*words):
    arguments = _parser().parse_args(["train", "S", "--out", "run", *words])
    return _recipe(arguments, arguments.store)


def test_a_recipe_may_be_a_file_or_a_run(begun, tmp_path):
    path = tmp_path / "own.json"
    path.write_text(Recipe(epochs=7, seed=3).to_json())
    assert parsed("--recipe", str(path), "--seed", "4") == Recipe(epochs=7, seed=4)
    assert parsed("--recipe", str(begun)).model == "tiny"
    with pytest.raises(FileNotFoundError, match="no recipe 'qiuck': neither .*, quick"):
        parsed("--recipe", "qiuck")
    path.write_text("{")
    with pytest.raises(ValueError, match="own.json: recipe: no JSON"):
        parsed("--recipe", str(path))


@pytest.mark.parametrize(
    ("words", "every"),
    [
        ((), 20),
        (("--epochs", "20"), 4),
        (("--epochs", "3"), 1),
        (("--epochs", "200"), 20),
        (("--epochs", "20", "--validate-every", "20"), 20),
    ],
)
def test_a_shorter_run_is_scored_often_enough(words, every):
    assert RECIPES["camvid11_slim"].validate_every == 20
    assert parsed("--recipe", "camvid11_slim", *words).validate_every == every


def test_callbacks_see_the_scores(store_path, tmp_path):
    seen = []
    callback = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["val_miou"]))
    )
    recipe = dataclasses.replace(TINY, epochs=2)
    out = train(store_path, recipe, tmp_path / "r", verbose=0, callbacks=[callback])
    scores = [float(row["val_miou"]) for row in rows_of(out)]
    assert seen == [(0, scores[0]), (1, scores[1])]


def test_usual_options_come_first_in_the_help(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    _, usual, rest = re.split("usual options:|other options:", capsys.readouterr().out)
    assert "--epochs" in usual and "--resume" in usual
    assert "--cutmix" in rest and "--cutmix" not in usual


def test_layers_without_weights_to_start_from_are_named(
    begun, store_path, tmp_path, monkeypatch, capsys
):
    def other(input_shape, num_classes):
        model = tiny(input_shape, num_classes)
        *_, before, _ = model.layers
        outputs = keras.layers.Conv2D(num_classes, 3, padding="same", name="new_head")
        return keras.Model(model.inputs, outputs(before.output), name="tiny")

    monkeypatch.setitem(MODELS, "tiny", other)
    recipe = dataclasses.replace(TINY, epochs=1, init=str(begun / "best.keras"))
    train(store_path, recipe, tmp_path / "second")
    (said,) = re.findall("start +(.*)", capsys.readouterr().out)
    assert said.endswith("run/best.keras; new: new_head")
