"""Batches from two stores, and training runs on them."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from segnet.classes import CAMVID11
from segnet.data.batches import Batches
from segnet.data.batches.augment import Augmentation
from segnet.data.batches.two_stores import TwoStoreBatches
from segnet.data.prepare import prepare
from segnet.data.store import Split, open_store
from segnet.models import MODELS
from segnet.train import train
from segnet.train.augmented_model import DeviceBatches
from segnet.train.run import Run
from test_train import TINY, arrays_of, rerendered, tiny

HALF = dataclasses.replace(TINY, extra_share=0.5)


@pytest.fixture(autouse=True)
def with_tiny(monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)


@pytest.fixture(scope="module")
def splits(store_path):
    with open_store(store_path) as store:
        yield store["train"], store["val"]


def test_a_batch_ends_with_frames_of_the_second(splits):
    train_split, val = splits
    mixed = TwoStoreBatches(Batches(train_split, 3), val, 2)
    assert len(mixed) == len(train_split) // 3 and mixed.batch_size == 5
    firsts, seconds = ({i.tobytes() for i in split.load()[0]} for split in splits)
    for index in range(len(mixed)):
        images, labels = mixed(0, index)
        assert images.shape == (5, *train_split.size, 3)
        assert labels.shape == (5, *train_split.size)
        assert {image.tobytes() for image in images[:3]} <= firsts
        assert {image.tobytes() for image in images[3:]} <= seconds


def test_the_second_goes_on_where_the_epoch_before_left_it(splits):
    train_split, val = splits
    mixed = TwoStoreBatches(Batches(train_split, len(train_split)), val, 1)
    assert len(mixed) == 1
    drawn = [mixed(epoch, 0)[0][-1].tobytes() for epoch in range(len(val))]
    assert set(drawn) == {image.tobytes() for image in val.load()[0]}
    assert mixed(0, 0)[0][-1].tobytes() == drawn[0]


def test_void_means_the_same_in_both(splits, monkeypatch):
    train_split, val = splits
    other = dataclasses.replace(val.store.class_map, void=254)
    second = Split(SimpleNamespace(class_map=other, path="other.h5"), "train")
    with pytest.raises(ValueError, match="other.h5 has void as 254, but .* as 255"):
        TwoStoreBatches(Batches(train_split, 2), second, 1)


def test_the_device_gets_the_same_frames(splits):
    train_split, val = splits
    changes = Augmentation(crop=(64, 64), cutmix=1.0)
    mixed = TwoStoreBatches(Batches(train_split, 2, changes), val, 2)
    inputs, labels = DeviceBatches(mixed)(0, 0)
    samples = mixed.samples(0, 0)
    assert inputs["images"].shape == (4, *train_split.size, 3)
    assert inputs["patches"].tolist() == [list(sample.patch) for sample in samples]
    np.testing.assert_array_equal(labels, [sample.labels for sample in samples])
    part = DeviceBatches(mixed)(0, 0, [1, 3])
    for name, array in inputs.items():
        np.testing.assert_array_equal(part[0][name], array[[1, 3]])
    np.testing.assert_array_equal(part[1], labels[[1, 3]])


def test_rows_made_apart_come_from_their_stores(splits):
    train_split, val = splits
    mixed = TwoStoreBatches(Batches(train_split, 3, Augmentation(), seed=4), val, 2)
    whole = mixed(2, 1)
    for rows in ([3, 0, 4], [1, 2], [4], range(0, 5, 2)):
        for part, all_rows in zip(mixed(2, 1, rows), whole, strict=True):
            np.testing.assert_array_equal(part, all_rows[list(rows)])
    with pytest.raises(IndexError, match="row 5 of a batch that has rows 0 to 4"):
        mixed(2, 1, [0, 5])


def test_other_classes_are_refused(splits, tmp_path):
    from PIL import Image

    for folder in ("train", "val"):
        (tmp_path / folder).mkdir()
        (tmp_path / f"{folder}annot").mkdir()
        Image.new("RGB", (80, 64)).save(tmp_path / folder / "a_0.png")
        Image.new("L", (80, 64)).save(tmp_path / f"{folder}annot" / "a_0.png")
    path = prepare("camvid", tmp_path, tmp_path / "store", scale=1)
    with open_store(path) as store, pytest.raises(ValueError, match="the classes are"):
        assert store.class_map == CAMVID11
        TwoStoreBatches(Batches(splits[0], 2), store["train"], 1)


def test_training_with_a_second_store(store_path, tmp_path):
    out = train(store_path, HALF, tmp_path / "run", verbose=0, extra=store_path)
    with open_store(store_path) as store:
        expected = len(store["train"])
    with np.load(out / "last.npz") as state:
        data = json.loads(str(state["progress"]))["data"]
    assert data["extra"] == data["train"] == expected


def test_resuming_ends_with_the_same_weights(store_path, tmp_path, monkeypatch):
    whole = train(store_path, HALF, tmp_path / "whole", verbose=0, extra=store_path)
    stopped = tmp_path / "stopped"
    calls = []
    validate = Run.validate

    def interrupt(run):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return validate(run)

    monkeypatch.setattr(Run, "validate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(store_path, HALF, stopped, verbose=0, extra=store_path)
    monkeypatch.undo()
    monkeypatch.setitem(MODELS, "tiny", tiny)
    train(store_path, HALF, stopped, resume=True, verbose=0, extra=store_path)
    ours, theirs = arrays_of(stopped), arrays_of(whole)
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array)


def test_resuming_with_a_second_store_prepared_anew_is_refused(store_path, tmp_path):
    recipe = dataclasses.replace(HALF, epochs=1)
    out = train(store_path, recipe, tmp_path / "run", verbose=0, extra=store_path)
    other = rerendered(store_path, tmp_path / "other.h5")
    said = "begun on other data: the labels of the second store are others; resume"
    with pytest.raises(ValueError, match=said):
        train(store_path, recipe, out, resume=True, verbose=0, extra=other)


@pytest.mark.parametrize(
    ("share", "named", "message"),
    [
        (0.5, False, r"extra_share is 0.5, and the second store is None"),
        (0.0, True, r"extra_share is 0.0, and the second store is .*store.h5"),
        (0.05, True, r"extra_share 0.05 of batch_size 4 is 0 frames"),
        (0.95, True, r"extra_share 0.95 of batch_size 4 is 4 frames"),
    ],
)
def test_share_and_store_go_together(store_path, tmp_path, share, named, message):
    recipe = dataclasses.replace(TINY, extra_share=share)
    extra = store_path if named else None
    with pytest.raises(ValueError, match=message):
        train(store_path, recipe, tmp_path / "run", verbose=0, extra=extra)
    assert not (tmp_path / "run").exists()
