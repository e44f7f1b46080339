"""Run folders with missing files, and checks before any work."""

import csv
import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest

from segnet.classes import VKITTI1
from segnet.models import MODELS
from segnet.models.weight_file import name_variables
from segnet.runs import folder as run_folder
from segnet.runs.loading import load
from segnet.runs.packing import pack
from segnet.runs.state import Progress, read_state, save_state
from segnet.system.locks import alone
from segnet.train import train
from segnet.train.optimizer import WarmupDecay
from segnet.train.pair import (
    build_training_model,
    compile_training_model,
    name_state,
)
from segnet.train.run import Run, _optimizer
from test_pack import NOTES
from test_train import TINY, rows_of, tiny, variables_of

SHORT = dataclasses.replace(TINY, epochs=2)


@pytest.fixture(autouse=True)
def with_tiny(monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)


@pytest.fixture(scope="module")
def finished(store_path, tmp_path_factory):
    """Makes a finished run of two epochs; no test changes its files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "tiny", tiny)
        out = tmp_path_factory.mktemp("finished") / "run"
        return train(store_path, SHORT, out, verbose=0)


def copied(run, to, *missing):
    """Copies a run without some of its files."""
    return shutil.copytree(run, to, ignore=shutil.ignore_patterns(*missing))


def with_scores(run, *scores):
    """Writes other scores on val into a state."""
    progress, arrays = read_state(run / run_folder.STATE)
    for row, score in zip(progress.rows, scores, strict=True):
        row["val_miou"] = score
    save_state(run, variables_of(arrays), progress)
    return run


def files_of(run):
    return {path.name: path.read_bytes() for path in run.iterdir()}


def test_best_is_made_again_where_the_last_epoch_was_the_best(
    finished, store_path, tmp_path
):
    run = with_scores(copied(finished, tmp_path / "run", "best.keras"), 0.3, 0.4)
    train(store_path, SHORT, run, resume=True, verbose=0)
    best, last = (load(run / name).get_weights() for name in ("best.keras", "last.npz"))
    for ours, theirs in zip(best, last, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("scores", [(0.4, 0.3), (0.4, 0.4), (0.4, None)])
def test_a_best_that_no_state_holds_is_refused(finished, store_path, tmp_path, scores):
    run = with_scores(copied(finished, tmp_path / "run", "best.keras"), *scores)
    before = files_of(run)
    said = "best.keras is missing, the weights of epoch 1; .* those of epoch 2 in .*npz"
    with pytest.raises(ValueError, match=said):
        train(store_path, SHORT, run, resume=True, verbose=0)
    assert files_of(run) == before


def test_the_best_of_a_run_on_val_is_its_last(store_path, tmp_path):
    recipe = dataclasses.replace(SHORT, epochs=1, include_val=True)
    run = train(store_path, recipe, tmp_path / "run", verbose=0)
    before = load(run / "best.keras").get_weights()
    (run / "best.keras").unlink()
    train(store_path, recipe, run, resume=True, verbose=0)
    after = load(run / "best.keras").get_weights()
    for ours, theirs in zip(after, before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "missing",
    [
        ("last.npz",),
        ("last.npz", "report.json"),
        ("last.npz", "history.csv"),
        ("last.npz", "history.csv", "report.json"),
    ],
)
def test_a_finished_best_is_never_replaced(finished, store_path, tmp_path, missing):
    run = copied(finished, tmp_path / "run", *missing)
    before = files_of(run)
    with pytest.raises(ValueError, match="last.npz is missing, so .*bring it back"):
        train(store_path, SHORT, run, resume=True, verbose=0)
    assert files_of(run) == before


def test_a_best_without_anything_else_is_never_replaced(finished, store_path, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(finished / "best.keras", run)
    for resume in (False, True):
        with pytest.raises(ValueError, match="holds a run without its recipe.json"):
            train(store_path, SHORT, run, resume=resume, verbose=0)


def test_a_kill_before_the_first_state_starts_anew(store_path, tmp_path, monkeypatch):
    run, save = tmp_path / "run", Run.save_best

    def save_and_stop(self, out):
        save(self, out)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "save_best", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train(store_path, SHORT, run, verbose=0)
    names = {"recipe.json", "class_map.json", "history.csv", "best.keras", "run.json"}
    assert {*files_of(run)} == names
    # What a killed process leaves of a file it was writing.
    (run / "last.0123abcd.part.npz").touch()
    train(store_path, SHORT, run, resume=True, verbose=0)
    assert {*files_of(run)} == names | {"last.npz", "report.json"}
    assert rows_of(run, "epoch") == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("rows", "is_lost"), [(None, True), (0, False), (3, False), (4, True)]
)
def test_fewer_rows_than_save_every_had_no_state(tmp_path, rows, is_lost):
    recipe = dataclasses.replace(SHORT, save_every=4)
    run_folder.start(tmp_path, recipe, VKITTI1)
    (tmp_path / "best.keras").touch()
    if rows is None:
        (tmp_path / "history.csv").unlink()
    else:
        run_folder.write_history(tmp_path, [{"epoch": i} for i in range(rows)])
    if is_lost:
        with pytest.raises(ValueError, match="last.npz is missing"):
            run_folder.check(tmp_path, recipe, resume=True)
    else:
        assert run_folder.check(tmp_path, recipe, resume=True) is False


def test_the_folder_is_locked_before_any_work(tmp_path):
    run = tmp_path / "run"
    # There is no store: whoever looked for it first would say so.
    with (
        alone(run / "run.lock", "here"),
        pytest.raises(OSError, match="run: another process trains into it"),
    ):
        train(tmp_path / "none.h5", SHORT, run, verbose=0)
    with pytest.raises(FileNotFoundError, match="none.h5"):
        train(tmp_path / "none.h5", SHORT, tmp_path / "new", verbose=0)
    assert not (tmp_path / "new").exists()


def test_the_folder_is_checked_once_and_locked(finished, store_path, monkeypatch):
    check, calls = run_folder.check, []

    def counted(out, recipe, resume):
        calls.append((out / "run.lock").exists())
        return check(out, recipe, resume)

    monkeypatch.setattr(run_folder, "check", counted)
    train(store_path, SHORT, finished, resume=True, verbose=0)
    assert calls == [True]


def test_the_history_has_the_rate_of_the_last_step(finished):
    with open(finished / "history.csv", newline="") as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    # 9 frames in batches of 4 are 2 steps an epoch, and half an epoch is 1 step.
    rate = WarmupDecay(SHORT.learning_rate, steps=4, warmup_steps=1, decay="cosine")
    assert rates == pytest.approx([float(rate(1)), float(rate(3))])
    assert rates[-1] > 0


def test_the_best_epoch_is_the_first_of_equals():
    rows = [{"epoch": i, "val_miou": v} for i, v in enumerate((None, 0.2, 0.5, 0.5))]
    progress = Progress({}, rows)
    assert (progress.best, progress.best_epoch) == (0.5, 2)
    assert (Progress({}).best, Progress({}).best_epoch) == (None, None)


def pair(input_shape, num_classes):
    """Builds a network with two variables of the same name."""
    model = tiny(input_shape, num_classes)
    inner = keras.Sequential(
        [keras.layers.Conv2D(2, 1, name=name) for name in ("one", "two")], name="inner"
    )
    return keras.Model(model.inputs, inner(model.output), name="pair")


def test_two_variables_of_one_name_are_refused():
    model = pair((8, 8, 3), 4)
    with pytest.raises(ValueError, match="pair has two variables called inner/kernel"):
        name_variables(model)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_the_state_names_every_variable_once(precision):
    recipe = dataclasses.replace(TINY, precision=precision)
    model = build_training_model(recipe, (8, 8), 3)
    optimizer = _optimizer(recipe, 0.1, model)
    compile_training_model(model, optimizer, keras.losses.MeanSquaredError(), recipe)
    named = name_state(model)
    ids = {id(v) for v in (*model.variables, *model.optimizer.variables)}
    assert {id(variable) for variable in named.values()} == ids
    assert len(named) == len(ids)
    scaled = {name for name in named if name.startswith("optimizer/loss_scale/")}
    assert bool(scaled) is (precision == "mixed_float16")


def test_a_card_of_odd_scores_is_refused(finished, tmp_path):
    notes, path = tmp_path / "notes.json", tmp_path / "report.json"
    notes.write_text(json.dumps(NOTES))
    report = json.loads((finished / "report.json").read_text())["best"]
    said = "report.json: miou is .*, expected 0 to 1"
    for score in (float("nan"), -0.1, 1e308, True, "0.5"):
        path.write_text(json.dumps(report | {"miou": score}))
        with pytest.raises(ValueError, match=said):
            pack(finished, "tiny_x", [path], notes, folder=tmp_path / "out")
    for change, said in (
        ({"frames": "3"}, "frames is '3', not as `segnet evaluate` wrote it"),
        ({"size": [64]}, r"size is \[64\], expected \[height, width\]"),
        ({"per_class": []}, r"per_class is \[\], not as"),
    ):
        path.write_text(json.dumps(report | change))
        with pytest.raises(ValueError, match=f"report.json: {said}"):
            pack(finished, "tiny_x", [path], notes, folder=tmp_path / "out")
    per_class = report["per_class"] | {"Road": 2}
    path.write_text(json.dumps(report | {"per_class": per_class}))
    with pytest.raises(ValueError, match="report.json: Road is 2, expected 0 to 1"):
        pack(finished, "tiny_x", [path], notes, folder=tmp_path / "out")
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="report.json: no JSON"):
        pack(finished, "tiny_x", [path], notes, folder=tmp_path / "out")


def test_last_weights_of_an_unknown_network_are_refused_by_name(finished, tmp_path):
    run = copied(finished, tmp_path / "run")
    recipe = dataclasses.replace(SHORT, model="mine")
    (run / "recipe.json").write_text(recipe.to_json())
    with pytest.raises(ValueError, match="recipe.json: no network 'mine'; known are"):
        load(run / "last.npz")
