"""Training on a tiny store: the run folder, resuming, and errors."""

import dataclasses
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from segnet.classes import VKITTI1
from segnet.data.prepare.packing import pack
from segnet.data.store import open_store
from segnet.data.store.integrity import SEAL, seal_of
from segnet.data.store.writing import create_store
from segnet.evaluate import evaluate
from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.runs import folder as run_folder
from segnet.runs import state as run_state
from segnet.runs.keras_file import read_class_map
from segnet.runs.loading import class_map_of, load
from segnet.system.locks import alone
from segnet.train import train
from segnet.train.class_weights import class_weights
from segnet.train.optimizer import AveragedAdamW, WarmupDecay
from segnet.train.run import Run, _optimizer

ROOT = Path(__file__).parents[1]
TINY = Recipe(
    model="tiny",
    epochs=3,
    batch_size=4,
    learning_rate=0.02,
    warmup_epochs=0.5,
    ema=0.6,
    scale=(0.8, 1.25),
)


def tiny(input_shape, num_classes, name="tiny"):
    """Builds the smallest network with all variables that a checkpoint must keep."""
    inputs = keras.Input(input_shape, dtype="uint8", name="input_image")
    x = keras.layers.Rescaling(1 / 127.5, -1, name="input_rescale")(inputs)
    x = keras.layers.Conv2D(6, 3, padding="same", name="stem_conv")(x)
    x = keras.layers.BatchNormalization(momentum=0.8, name="stem_bn")(x)
    x = keras.layers.ReLU(name="stem_relu")(x)
    x = keras.layers.Dropout(0.1, seed=1, name="stem_dropout")(x)
    x = keras.layers.Conv2D(num_classes, 1, name="head_logits")(x)
    return keras.Model(inputs, x, name=name)


@pytest.fixture(autouse=True)
def with_tiny(monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)


@pytest.fixture(scope="module")
def finished(store_path, tmp_path_factory):
    """Makes an undisturbed run of `TINY`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "tiny", tiny)
        out = tmp_path_factory.mktemp("finished") / "run"
        assert train(store_path, TINY, out, verbose=0) == out
    return out


def rows_of(out, *names):
    lines = (out / "history.csv").read_text().splitlines()
    header = lines[0].split(",")
    rows = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    return [[row[name] for name in names] for row in rows]


def arrays_of(out):
    with np.load(out / run_folder.STATE) as state:
        return {name: state[name] for name in state.files if name != "progress"}


def progress_of(out):
    with np.load(out / run_folder.STATE) as state:
        return json.loads(str(state["progress"]))


STEADY = ("epoch", "loss", "val_loss", "val_miou", "learning_rate")


def assert_same_run(first, second):
    """Asserts equality up to the summation order of threads."""
    a, b = arrays_of(first), arrays_of(second)
    assert a.keys() == b.keys()
    for name, array in a.items():
        np.testing.assert_allclose(array, b[name], atol=1e-6, rtol=1e-5)
    for ours, theirs in zip(
        rows_of(first, *STEADY), rows_of(second, *STEADY), strict=True
    ):
        np.testing.assert_allclose(
            np.array(ours, float), np.array(theirs, float), atol=1e-5
        )


def test_the_run_folder(finished, store_path):
    names = {path.name for path in finished.iterdir()}
    assert names == {
        *("recipe.json", "class_map.json", "history.csv"),
        *("best.keras", "last.npz", "report.json", "run.json"),
    }
    assert Recipe.from_json((finished / "recipe.json").read_text()) == TINY
    rows = rows_of(finished, *run_folder.COLUMNS)
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert all(row.count("") == 0 for row in rows)
    losses = [float(row[1]) for row in rows]
    assert losses[-1] < losses[0]
    reports = json.loads((finished / "report.json").read_text())
    assert list(reports) == ["last", "best"]
    scores = [float(row[3]) for row in rows]
    for name, score in (("last", scores[-1]), ("best", max(scores))):
        report = reports[name]
        assert report["miou"] == pytest.approx(score, abs=1e-6)
        assert report["epoch"] == 1 + scores.index(score)
        assert report["training"]["weights"] == name
        assert report["absent"] == ["Van"]
    for model in (finished, finished / "best.keras", finished / "last.npz"):
        assert class_map_of(model) == VKITTI1
    assert read_class_map(finished / "best.keras") == VKITTI1


def test_the_best_model_loads_with_plain_keras(finished, store_path):
    code = (
        "import sys, keras, numpy as np\n"
        "model = keras.saving.load_model(sys.argv[1])\n"
        "x = np.zeros((1, 64, 96, 3), 'uint8')\n"
        "print(model.predict(x, verbose=0).shape)\n"
        "raise SystemExit('segnet' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, finished / "best.keras"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "(1, 64, 96, 14)" in done.stdout


def test_best_holds_averaged_weights_and_training_goes_on_with_plain_ones(
    store_path, tmp_path
):
    out = tmp_path / "run"
    train(store_path, dataclasses.replace(TINY, epochs=1), out, verbose=0)
    state = arrays_of(out)
    average = state["average/stem_conv/kernel"]
    plain = state["stem_conv/kernel"]
    kernel = load(out / "best.keras").get_layer("stem_conv").kernel.numpy()
    assert plain.shape == kernel.shape
    assert not np.array_equal(plain, kernel)
    assert np.array_equal(average, kernel)


class Killed(Exception):
    """An error that no code handles."""


@pytest.mark.parametrize("moment", ["in an epoch", "before the state", "after it"])
def test_resumed_as_if_never_stopped(
    moment, finished, store_path, tmp_path, monkeypatch
):
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        kill_at(moment, patch)
        with pytest.raises(Killed):
            train(store_path, TINY, out, verbose=0)
    finished_epochs = {"in an epoch": 1, "before the state": 1, "after it": 2}
    assert len(progress_of(out)["rows"]) == finished_epochs[moment]
    train(store_path, TINY, out, resume=True, verbose=0)
    assert_same_run(finished, out)
    for name in ("stem_conv", "head_logits"):
        ours, theirs = (
            load(run / "best.keras").get_layer(name).kernel.numpy()
            for run in (finished, out)
        )
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def kill_at(moment, patch):
    """Ends the second epoch between two steps, or while the state is written."""
    if moment == "in an epoch":
        from segnet.train.run import Batches

        read = Batches.__call__

        def call(self, epoch, index):
            if (epoch, index) == (1, 1):
                raise Killed
            return read(self, epoch, index)

        patch.setattr(Batches, "__call__", call)
        return
    save = run_state.save_state

    def save_and_die(out, variables, progress):
        if len(progress.rows) < 2:
            return save(out, variables, progress)
        if moment == "after it":
            patch.setattr(run_state, "write_history", lambda *_: None)
            save(out, variables, progress)
        raise Killed

    patch.setattr(run_state, "save_state", save_and_die)


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {code!r}]
import time
from segnet.train import run as module
from segnet.train import train
from segnet.models import MODELS
from test_train import TINY, tiny
MODELS["tiny"] = tiny
read = module.Batches.__call__
def slow(self, epoch, index):
    time.sleep(0.3)
    return read(self, epoch, index)
module.Batches.__call__ = slow
train({store!r}, TINY, {out!r}, verbose=0)
"""


def test_sigkill_leaves_a_run_that_resumes(finished, store_path, tmp_path):
    out = tmp_path / "run"
    code = KILLED.format(
        tests=str(ROOT / "tests"),
        code=str(ROOT / "Code"),
        store=str(store_path),
        out=str(out),
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (out / "last.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 1 <= len(progress_of(out)["rows"]) < 3
    train(store_path, TINY, out, resume=True, verbose=0)
    assert_same_run(finished, out)


def test_resuming_a_finished_run_changes_nothing(finished, store_path):
    before = {path: path.stat().st_mtime_ns for path in finished.glob("[bl]*")}
    train(store_path, TINY, finished, resume=True, verbose=0)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_second_run_in_the_folder_is_refused(finished, store_path):
    with pytest.raises(ValueError, match="holds a run already; resume it"):
        train(store_path, TINY, finished, verbose=0)


def test_resuming_with_another_recipe_names_the_field(finished, store_path):
    for epochs, said in ((9, ""), (2, "epochs: 3 -> 2; ")):
        other = dataclasses.replace(TINY, epochs=epochs, seed=1)
        said = f"leave {said}seed: 0 -> 1 as it was, or begin another run .*--init"
        with pytest.raises(ValueError, match=said):
            train(store_path, other, finished, resume=True, verbose=0)


def test_resuming_on_other_data_is_refused(finished, store_path, tmp_path):
    other = small_store(tmp_path / "other.h5", {"train": 4, "val": 2})
    with pytest.raises(ValueError, match=r"begun on other data: train \d+ then, 4 now"):
        train(other, TINY, finished, resume=True, verbose=0)


def rerendered(path, to):
    """Copies a store with other labels under the same names and seal."""
    to.write_bytes(path.read_bytes())
    with h5py.File(to, "r+") as file:
        file["train/labels"][0] = file["train/labels"][0][::-1]
    return to


def renamed(path, to):
    """Copies a store with another name for a frame, sealed again."""
    to.write_bytes(path.read_bytes())
    with h5py.File(to, "r+") as file:
        file["val/frame_ids"][0] = "another"
        file.attrs[SEAL] = seal_of(file)
    return to


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (rerendered, "begun on other data: the labels of the store are others; resume"),
        (renamed, r"other data: the frame names or settings \(the seal\) of the store"),
    ],
)
def test_resuming_on_a_store_prepared_anew_is_refused(
    finished, store_path, tmp_path, change, said
):
    other = change(store_path, tmp_path / "other.h5")
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    with pytest.raises(ValueError, match=said):
        train(other, TINY, finished, resume=True, verbose=0)
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before


def test_a_store_without_a_seal_is_known_by_its_labels(store_path, tmp_path):
    recipe = dataclasses.replace(TINY, epochs=1)
    old = tmp_path / "old.h5"
    old.write_bytes(store_path.read_bytes())
    with h5py.File(old, "r+") as file:
        del file.attrs[SEAL]
    out = train(old, recipe, tmp_path / "run", verbose=0)
    assert train(old, recipe, out, resume=True, verbose=0) == out
    with pytest.raises(ValueError, match="data: the labels of the store are others;"):
        train(rerendered(old, tmp_path / "x.h5"), recipe, out, resume=True, verbose=0)


def test_a_run_from_before_the_marks_goes_on_and_has_them_then(
    store_path, tmp_path, monkeypatch
):
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        kill_at("in an epoch", patch)
        with pytest.raises(Killed):
            train(store_path, TINY, out, verbose=0)
    progress, arrays = run_state.read_state(out / run_folder.STATE)
    marks = {name: progress.data.pop(name) for name in ("seal", "labels")}
    run_state.save_state(out, variables_of(arrays), progress)
    train(store_path, TINY, out, resume=True, verbose=0)
    assert progress_of(out)["data"].items() >= marks.items()


def variables_of(arrays):
    """Returns variables by name, as `save_state` takes them."""
    return {
        name: keras.Variable(array, dtype=str(array.dtype))
        for name, array in arrays.items()
    }


def changed_state(run, to, change):
    """Copies a run and applies `change` to the arrays of its state."""
    shutil.copytree(run, to)
    progress, arrays = run_state.read_state(run / run_folder.STATE)
    change(arrays)
    run_state.save_state(to, variables_of(arrays), progress)
    return to


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda a: a.update({"stem_bn/beta": np.zeros(2)}),
            r"stem_bn/beta is \(2,\) in the file, \(6,\) in the network",
        ),
        (
            lambda a: a.pop("optimizer/iteration"),
            r"optimizer/iteration is missing in the file, \(\) in the network",
        ),
        (
            lambda a: a.update({"head/kernel": np.zeros(1)}),
            r"head/kernel is \(1,\) in the file, missing in the network",
        ),
        (
            lambda a: a.update({"optimizer/iteration": np.float32(0.5)}),
            r"optimizer/iteration has the dtype float32 in the file, int\d+ in the n",
        ),
    ],
)
def test_a_state_of_another_network_is_refused(
    finished, store_path, tmp_path, change, said
):
    other = changed_state(finished, tmp_path / "run", change)
    said = f"last.npz: not the state of this tiny, so start again in .*: {said}"
    with pytest.raises(ValueError, match=said):
        train(store_path, TINY, other, resume=True, verbose=0)


def test_last_weights_need_no_optimizer(finished, tmp_path):
    other = changed_state(
        finished,
        tmp_path / "run",
        lambda a: [a.pop(name) for name in [*a] if name.startswith("optimizer/")],
    )
    ours, theirs = (load(run / "last.npz").get_weights() for run in (other, finished))
    for mine, given in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, given)


def test_the_state_of_the_first_version_is_refused(finished, store_path, tmp_path):
    def numbered(arrays):
        values = [*arrays.values()]
        arrays.clear()
        arrays.update({f"v{i:05d}": value for i, value in enumerate(values)})

    other = changed_state(finished, tmp_path / "run", numbered)
    said = "last.npz: written by segnet 0.1, .*take the best.keras of this run instead"
    with pytest.raises(ValueError, match=said):
        train(store_path, TINY, other, resume=True, verbose=0)
    with pytest.raises(ValueError, match=said):
        load(other / "last.npz")
    assert load(other).name == "tiny"


def test_every_variable_has_a_name(finished):
    names = {*arrays_of(finished)}
    weights = {
        *("stem_conv/kernel", "stem_conv/bias", "stem_bn/gamma", "stem_bn/beta"),
        *("head_logits/kernel", "head_logits/bias"),
    }
    moments = {
        f"optimizer/{name.replace('/', '_')}_{moment}"
        for name in weights
        for moment in ("momentum", "velocity")
    }
    assert names == {
        *weights,
        *(f"average/{name}" for name in weights),
        *("stem_bn/moving_mean", "stem_bn/moving_variance"),
        "stem_dropout/seed_generator_state",
        "optimizer/iteration",
        *moments,
    }


def test_a_state_with_a_flipped_bit_is_refused(tmp_path):
    data = {"size": [64, 96], "classes": ["a"]}
    arrays = {f"a/{i}": np.full(3, i, np.float32) for i in (1, 2)}
    run_state.save_state(tmp_path, variables_of(arrays), run_state.Progress(data))
    path = tmp_path / run_folder.STATE
    whole = path.read_bytes()
    value = whole.index(np.full(3, 2.0, np.float32).tobytes())
    # NumPy alone reads the second variable twice where the first has its name.
    name = whole.rindex(b"a/1.npy") + len("a/1") - 1
    for place, mask, part in ((value, 1, "a/2"), (name, 3, "a/2")):
        content = bytearray(whole)
        content[place] ^= mask
        path.write_bytes(content)
        said = f"last.npz: damaged, so .* resumed .its part '{part}.npy': "
        with pytest.raises(ValueError, match=said):
            run_state.read_state(path)
    path.write_bytes(whole)
    _, found = run_state.read_state(path)
    np.testing.assert_equal(found, arrays)


@pytest.mark.parametrize("keep", [0, 100, -100])
def test_a_damaged_state_is_refused(finished, tmp_path, keep):
    state = tmp_path / run_folder.STATE
    state.write_bytes((finished / run_folder.STATE).read_bytes()[:keep])
    with pytest.raises(ValueError, match="last.npz: damaged, so this run cannot"):
        run_state.load_state(tmp_path, {})


@pytest.mark.parametrize(
    "progress",
    [
        "[" * 100_000,
        "[]",
        '{"data": {}, "rows": []}',
        '{"data": {"size": [1], "classes": []}, "rows": []}',
        '{"data": {"size": [1, "2"], "classes": []}, "rows": []}',
        '{"data": {"size": [1, 2], "classes": []}, "rows": [{}]}',
        '{"data": {"size": [1, 2], "classes": [3]}, "rows": []}',
    ],
)
def test_a_state_with_odd_progress_is_refused(tmp_path, progress):
    np.savez(tmp_path / run_folder.STATE, progress=np.array(progress))
    with pytest.raises(ValueError, match="last.npz: damaged, so this run cannot"):
        run_state.read_progress(tmp_path / run_folder.STATE)


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_a_damaged_recipe_is_named(tmp_path, text):
    (tmp_path / run_folder.RECIPE).write_text(text)
    with pytest.raises(ValueError, match="recipe.json: .*start in another folder"):
        run_folder.check(tmp_path, TINY, resume=True)


def small_store(path, counts, label=0, size=(64, 64)):
    """Writes a store whose frames all have one label."""
    from segnet.classes import CAMVID11

    ids = {split: [f"{split}{i}" for i in range(n)] for split, n in counts.items()}
    about = {"source": "hand", "scale": 1, "split_rule": "by hand"}
    with create_store(path, CAMVID11, ids, size, about) as writer:
        for split, names in ids.items():
            for i in range(len(names)):
                image = np.full((*size, 3), 10 * i, np.uint8)
                labels = np.full(size, label, np.uint8)
                writer.write(split, i, pack(image, 1), pack(labels, 1))
    return path


def test_crops_train_and_whole_frames_are_scored(store_path, tmp_path):
    recipe = dataclasses.replace(
        TINY, crop=(64, 72), epochs=1, ema=0.0, class_weights="median", schedule="poly"
    )
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    best = load(out / "best.keras")
    assert best.input_shape == (None, 64, 96, 3)
    kernel = best.get_layer("stem_conv").kernel.numpy()
    assert np.array_equal(kernel, arrays_of(out)["stem_conv/kernel"])
    report = json.loads((out / "report.json").read_text())["best"]
    assert evaluate(best, store_path)["miou"] == report["miou"]


def test_validation_only_every_so_often(store_path, tmp_path):
    recipe = dataclasses.replace(TINY, validate_every=2)
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    assert [bool(row[0]) for row in rows_of(out, "val_miou")] == [False, True, True]


def test_states_only_every_so_often(finished, store_path, tmp_path, monkeypatch):
    recipe = dataclasses.replace(TINY, save_every=2)
    out, kept, save = tmp_path / "run", [], run_state.save_state

    def counted(out, variables, progress):
        kept.append(len(progress.rows))
        save(out, variables, progress)

    monkeypatch.setattr(run_state, "save_state", counted)
    with monkeypatch.context() as patch:
        kill_at("in an epoch", patch)
        with pytest.raises(Killed):
            train(store_path, recipe, out, verbose=0)
    assert kept == []
    assert len(rows_of(out, "epoch")) == 1
    train(store_path, recipe, out, resume=True, verbose=0)
    assert kept == [2, 3]
    assert_same_run(finished, out)


def test_a_run_without_its_recipe_is_left_alone(store_path, tmp_path):
    recipe = dataclasses.replace(TINY, epochs=1)
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    (out / "recipe.json").unlink()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for resume in (False, True):
        with pytest.raises(ValueError, match="holds a run without its recipe.json"):
            train(store_path, recipe, out, resume=resume, verbose=0)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_second_process_is_kept_out_of_a_run(store_path, tmp_path):
    recipe = dataclasses.replace(TINY, epochs=1)
    with (
        alone(tmp_path / "run.lock", "here"),
        pytest.raises(OSError, match="another process trains into it"),
    ):
        train(store_path, recipe, tmp_path, verbose=0)
    assert not list(tmp_path.iterdir())


def test_labels_that_cannot_be_read_are_named(store_path, tmp_path, monkeypatch):
    def damaged(self, index):
        raise ValueError(f"damaged at frame {index}")

    monkeypatch.setattr("segnet.data.store.Split.read_labels", damaged)
    with pytest.raises(ValueError, match="^damaged at frame 0$"):
        train(store_path, TINY, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_a_frame_that_cannot_be_read_is_named(store_path, tmp_path, monkeypatch):
    def damaged(self, epoch, index):
        raise ValueError(f"damaged in epoch {epoch}")

    monkeypatch.setattr("segnet.data.batches.Batches.__call__", damaged)
    with pytest.raises(ValueError, match="^damaged in epoch 0$"):
        train(store_path, TINY, tmp_path / "run", verbose=0)


def test_a_loss_that_is_no_number_stops_the_training(store_path, tmp_path):
    def diverging(input_shape, num_classes):
        model = tiny(input_shape, num_classes)
        model.get_layer("head_logits").bias.assign([np.nan] * num_classes)
        return model

    MODELS["tiny"] = diverging
    said = "loss is nan in step 1 of epoch 1; lower .* holds no epoch yet"
    with pytest.raises(ValueError, match=said):
        train(store_path, TINY, tmp_path / "run", verbose=0)


def test_a_loss_on_val_that_is_no_number_leaves_the_best(
    store_path, tmp_path, monkeypatch
):
    validate = Run.validate
    found = []

    def diverged(run):
        found.append(validate(run))
        return found[-1] | ({"val_loss": np.nan, "val_miou": 1.0} if found[1:] else {})

    monkeypatch.setattr(Run, "validate", diverged)
    kept, save = [], Run.save_best
    monkeypatch.setattr(Run, "save_best", lambda r, o: kept.append(o) or save(r, o))
    out = tmp_path / "run"
    said = "the loss on val is nan at the end of epoch 2; lower .* still holds epoch 1"
    with pytest.raises(ValueError, match=said):
        train(store_path, TINY, out, verbose=0)
    assert kept == [out]
    assert len(progress_of(out)["rows"]) == 1


def test_an_unknown_network_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(
        ValueError, match="no network 'segformer'; known are edgesegnet"
    ):
        train(tmp_path / "none.h5", Recipe(model="segformer"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("crop", "scale", "shares"),
    [
        # A frame is 64x96: what the middle factor fills, and what the largest.
        ((81, 96), (0.8, 1.25), "79% of one when enlarged by 1, 99% by 1.25;"),
        ((64, 121), (0.8, 1.25), "79% of one when enlarged by 1, 99% by 1.25;"),
        ((128, 192), (0.5, 2.0), "25% of one when enlarged by 1, 100% by 2;"),
        ((64, 96), (0.25, 1.0), "25% of one when enlarged by 0.5, 100% by 1;"),
    ],
)
def test_crops_that_frames_do_not_fill_are_refused(
    store_path, tmp_path, crop, scale, shares
):
    recipe = dataclasses.replace(TINY, crop=crop, scale=scale)
    message = rf"crops of {crop[0]}x{crop[1]}, but the frames of .* are 64x96 and fill "
    with pytest.raises(ValueError, match=message + re.escape(shares)):
        train(store_path, recipe, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_crops_are_for_the_frames_of_a_second_store_as_well(store_path, tmp_path):
    small = small_store(tmp_path / "small.h5", {"train": 4, "val": 1}, size=(32, 48))
    recipe = dataclasses.replace(TINY, crop=(64, 72), extra_share=0.5)
    with pytest.raises(ValueError, match=r"frames of .*small.h5 are 32x48"):
        train(store_path, recipe, tmp_path / "run", verbose=0, extra=small)
    assert not (tmp_path / "run").exists()


def test_labels_that_are_no_class_are_refused(tmp_path):
    path = small_store(tmp_path / "store.h5", {"train": 4, "val": 1}, label=11)
    message = (
        r"frame 0 of 'train': label 11 on \d+ pixels is neither a class \(0 to 10\)"
    )
    with pytest.raises(ValueError, match=message):
        train(path, TINY, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_nothing_but_void_is_refused(tmp_path):
    path = small_store(tmp_path / "store.h5", {"train": 4, "val": 1}, label=255)
    with pytest.raises(ValueError, match="'train' has no pixel that is not void"):
        train(path, TINY, tmp_path / "run", verbose=0)


def test_a_store_without_val_is_refused(tmp_path):
    path = small_store(tmp_path / "store.h5", {"train": 4})
    with pytest.raises(ValueError, match="has no split 'val'"):
        train(path, TINY, tmp_path / "run", verbose=0)


def test_class_weights_follow_their_rule(store_path):
    with open_store(store_path) as store:
        split = store["train"]
        assert class_weights(split, "none", 10) is None
        median = class_weights(split, "median", 2.0)
        enet = class_weights(split, "enet", 100.0)
    assert median[13] == enet[13] == 0
    assert median.max() <= 2
    assert (enet[:13] > 1).all()


def test_a_class_of_the_second_store_alone_has_a_weight(tmp_path):
    first = small_store(tmp_path / "first.h5", {"train": 6, "val": 1}, label=2)
    second = small_store(
        tmp_path / "second.h5", {"train": 2, "val": 1}, size=(32, 32), label=3
    )
    with open_store(first) as one, open_store(second) as other:
        found = class_weights(one["train"], "enet", 100.0, other["train"], 0.25)
        alone = class_weights(one["train"], "enet", 100.0)
    # A quarter of what passes is of the second store, and all of that is class 3.
    assert found[2:4] == pytest.approx(1 / np.log(1.02 + np.array([0.75, 0.25])))
    assert not found[[0, 1, *range(4, 11)]].any()
    assert np.flatnonzero(alone).tolist() == [2]


def test_learning_rate_by_hand():
    rate = WarmupDecay(0.1, steps=12, warmup_steps=4, decay="cosine")
    found = [float(rate(step)) for step in (0, 3, 4, 8, 12, 20)]
    assert found == pytest.approx([0.025, 0.1, 0.1, 0.05, 0.0, 0.0], abs=1e-7)
    poly = WarmupDecay(0.1, steps=10, warmup_steps=0, decay="poly")
    found = [float(poly(step)) for step in (0, 5, 10)]
    assert found == pytest.approx([0.1, 0.1 * 0.5**0.9, 0.0], abs=1e-7)
    assert WarmupDecay.from_config(rate.get_config())(2) == rate(2)


def test_no_decay_on_biases_and_norms(store_path):
    model = tiny((64, 64, 3), 3)
    optimizer = _optimizer(TINY, 0.1, model)
    decayed = {
        v.path for v in model.trainable_variables if optimizer._use_weight_decay(v)
    }
    assert decayed == {"stem_conv/kernel", "head_logits/kernel"}


def test_averages_by_hand():
    optimizer = AveragedAdamW(0.1, momentum=0.15, weight_decay=0.0)
    variable = keras.Variable([1.0])
    optimizer.build([variable])
    average, kept = 0.0, [0.0, 1 / 11, 0.15, 0.15]
    for momentum in kept:
        optimizer.apply([keras.ops.ones(1)])
        average = momentum * average + (1 - momentum) * float(variable[0])
        assert float(optimizer.averages[0][0]) == pytest.approx(average, abs=1e-6)
    assert float(variable[0]) == pytest.approx(0.6, abs=1e-3)
    twin = AveragedAdamW.from_config(optimizer.get_config())
    assert twin.momentum == 0.15
