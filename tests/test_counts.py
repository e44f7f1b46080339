"""Pixel counts: one pass over the labels, void last, strays refused."""

import dataclasses
import zlib
from collections import Counter

import numpy as np
import pytest

from segnet.classes import ClassMap
from segnet.data.batches import Batches
from segnet.data.prepare.packing import pack
from segnet.data.store import Split, class_counts, open_store
from segnet.data.store.counts import count_pixels
from segnet.data.store.joined import Joined
from segnet.data.store.writing import create_store
from segnet.models import MODELS
from segnet.train import train
from test_train import TINY, tiny

YARD = ClassMap("yard", ("ground", "wall"), [(90, 60, 30), (200, 200, 200)], void=9)
LABELS = np.array(
    [
        [[0, 0, 1], [1, 9, 1]],
        [[9, 9, 9], [9, 9, 0]],
        [[1, 1, 1], [1, 1, 1]],
    ],
    np.uint8,
)
IDS = {"train": ["a", "b"], "val": ["c"]}


def write(path, labels=LABELS):
    places = [(name, index) for name in IDS for index in range(len(IDS[name]))]
    attributes = {"source": "yard", "scale": 1.0, "split_rule": "by hand"}
    image = pack(np.zeros((2, 3, 3), np.uint8), 1)
    with create_store(path, YARD, IDS, (2, 3), attributes) as writer:
        for place, frame in zip(places, labels, strict=True):
            writer.write(*place, image, pack(frame, 4))
    return path


@pytest.fixture
def reads(monkeypatch):
    """Returns how often the labels of each frame are read without its image."""
    read, found = Split.read_labels, Counter()

    def counting(self, index):
        found[self.store.path, self.name, index] += 1
        return read(self, index)

    monkeypatch.setattr(Split, "read_labels", counting)
    return found


def test_one_frame_by_hand():
    assert count_pixels(LABELS[0], YARD).tolist() == [2, 3, 1]
    assert count_pixels(LABELS[1], YARD).tolist() == [1, 0, 5]


def test_the_most_frequent_stray_is_named():
    labels = np.array([[0, 7, 7], [9, 200, 1]], np.uint8)
    message = r"^label 7 on 2 pixels is neither a class \(0 to 1\) nor void \(9\)$"
    with pytest.raises(ValueError, match=message):
        count_pixels(labels, YARD)


def test_frames_of_a_split(tmp_path):
    with open_store(write(tmp_path / "store.h5")) as store:
        summary = store["train"].label_summary()
        assert summary.pixels.tolist() == [[2, 3, 1], [1, 0, 5]]
        assert summary.pixels.dtype == np.int64
        assert summary.checksum == zlib.crc32(LABELS[:2].tobytes())
        with pytest.raises(ValueError, match="read-only"):
            summary.pixels[0, 0] = 1
        both = Joined([store["train"], store["val"]])
        assert both.pixel_counts().tolist() == [[2, 3, 1], [1, 0, 5], [0, 6, 0]]
        pixels, frames = class_counts(both)
    assert pixels.tolist() == [3, 9] and frames.tolist() == [2, 2]
    assert pixels.dtype == frames.dtype == np.int64


def test_store_split_and_frame_of_a_stray_are_named(tmp_path):
    labels = LABELS.copy()
    labels[1, 0, 0] = 2
    path = write(tmp_path / "store.h5", labels)
    message = r"store.h5: frame 1 of 'train': label 2 on 1 pixels .*prepare the data"
    with open_store(path) as store:
        assert class_counts(store["val"])[0].tolist() == [0, 6]
        for _ in range(2):
            with pytest.raises(ValueError, match=message):
                class_counts(store["train"])


def test_labels_are_read_once_for_all_counts(tmp_path, reads):
    path = write(tmp_path / "store.h5")
    with open_store(path) as store:
        for _ in range(2):
            class_counts(store["train"])
            Joined([store["train"], store["val"]]).pixel_counts()
    assert reads == {(path, "train", 0): 1, (path, "train", 1): 1, (path, "val", 0): 1}


class Begun(Exception):
    """An error that ends a run at its first batch."""


@pytest.mark.parametrize("include_val", [False, True])
def test_training_counts_labels_once(
    store_path, tmp_path, monkeypatch, reads, include_val
):
    """For the check, class weights, balance and windows on rare classes."""
    monkeypatch.setitem(MODELS, "tiny", tiny)

    def begun(self, epoch, index, rows=None):
        raise Begun

    monkeypatch.setattr(Batches, "samples", begun)
    recipe = dataclasses.replace(
        TINY, class_weights="median", rare=0.5, balance=0.5, include_val=include_val
    )
    with pytest.raises(Begun):
        train(store_path, recipe, tmp_path / "run", verbose=0)
    with open_store(store_path) as store:
        expected = {
            (store_path, name, index): 1
            for name in ("train", "val")
            for index in range(len(store[name]))
        }
    assert reads == expected
