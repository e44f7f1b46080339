"""Starting from other weights, and training on val as well."""

import dataclasses

import keras
import numpy as np
import pytest

from segnet.data.store import open_store
from segnet.models import MODELS
from segnet.models.build import copy_matching
from segnet.runs.last import load_last
from segnet.train import train
from test_train import TINY, rows_of, tiny


@pytest.fixture(autouse=True)
def with_tiny(monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)


def test_layers_of_another_shape_stay_as_they_were():
    source, target = tiny((8, 8, 3), 5), tiny((16, 8, 3), 4)
    before = target.get_layer("head_logits").get_weights()
    assert copy_matching(source, target) == ["head_logits"]
    for name in ("stem_conv", "stem_bn"):
        for ours, theirs in zip(
            target.get_layer(name).get_weights(),
            source.get_layer(name).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)
    after = target.get_layer("head_logits").get_weights()
    for ours, theirs in zip(after, before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_networks_without_a_common_layer_are_refused():
    inputs = keras.Input((8, 8, 3))
    stranger = keras.Model(inputs, keras.layers.Conv2D(2, 1)(inputs), name="stranger")
    with pytest.raises(ValueError, match="stranger and tiny have 0 of 3 layers in"):
        copy_matching(stranger, tiny((8, 8, 3), 4))


def test_a_training_starts_from_given_weights(store_path, tmp_path):
    with open_store(store_path) as store:
        given = tiny((*store["train"].size, 3), store.class_map.num_classes)
    given.save(tmp_path / "given.keras")
    # A step so small that what comes out is what went in.
    recipe = dataclasses.replace(
        TINY, epochs=1, learning_rate=1e-9, init=str(tmp_path / "given.keras")
    )
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    best = keras.saving.load_model(out / "best.keras")
    for ours, theirs in zip(
        best.trainable_variables, given.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_run_starts_from_the_last_weights_of_another(store_path, tmp_path, capsys):
    recipe = dataclasses.replace(TINY, epochs=2, learning_rate=1e-2)
    first = train(store_path, recipe, tmp_path / "first", verbose=0)
    # A run folder stands for its best weights, or its last where they are missing.
    (first / "best.keras").unlink()
    recipe = dataclasses.replace(TINY, epochs=1, learning_rate=1e-9, init=str(first))
    second = train(store_path, recipe, tmp_path / "second", verbose=0)
    said = f"{first / 'best.keras'} is missing; these are its last weights\n"
    assert capsys.readouterr().err == said
    ours, theirs = load_last(second), load_last(first)
    for mine, given in zip(
        ours.trainable_variables, theirs.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(mine, given, atol=1e-6)


def test_a_few_equal_layers_are_no_start():
    inputs = keras.Input((8, 8, 6))
    outputs = keras.layers.BatchNormalization(name="stem_bn")(inputs)
    source = keras.Model(inputs, outputs, name="other")
    with pytest.raises(ValueError, match="other and tiny have 1 of 3 layers in common"):
        copy_matching(source, tiny((8, 8, 3), 4))


def test_a_run_goes_on_when_what_it_began_from_is_gone(store_path, tmp_path):
    given = tmp_path / "given.keras"
    with open_store(store_path) as store:
        tiny((*store["train"].size, 3), store.class_map.num_classes).save(given)
    recipe = dataclasses.replace(TINY, epochs=1, init=str(given))
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    given.unlink()
    assert train(store_path, recipe, out, resume=True, verbose=0) == out


def test_with_val_best_is_the_last_after_each_epoch(store_path, tmp_path, monkeypatch):
    recipe = dataclasses.replace(TINY, epochs=3, include_val=True, validate_every=3)
    saved = []
    monkeypatch.setattr(
        "segnet.train.epoch_end.update_inference_model",
        lambda model, inference: saved.append(inference.name),
    )
    train(store_path, recipe, tmp_path / "run", verbose=0)
    assert saved == ["tiny"] * 3


def test_weights_that_are_not_there_are_named(store_path, tmp_path):
    recipe = dataclasses.replace(TINY, init=str(tmp_path / "none.keras"))
    with pytest.raises(FileNotFoundError, match="none.keras"):
        train(store_path, recipe, tmp_path / "run", verbose=0)


def test_with_val_the_last_weights_are_kept_and_nothing_is_scored(store_path, tmp_path):
    recipe = dataclasses.replace(TINY, epochs=2, include_val=True)
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    assert not (out / "report.json").exists()
    assert rows_of(out, "val_miou", "val_loss") == [["", ""]] * 2
    best = (out / "best.keras").read_bytes()
    with np.load(out / "last.npz") as state:
        text = str(state["progress"])
    with open_store(store_path) as store:
        frames = len(store["train"]) + len(store["val"])
    assert f'"train": {frames},' in text
    assert train(store_path, recipe, out, resume=True, verbose=0) == out
    assert (out / "best.keras").read_bytes() == best
