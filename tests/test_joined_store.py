"""The experiment that joins several stores into one."""

import sys
from pathlib import Path

import numpy as np
import pytest

from segnet.classes import CAMVID11, VKITTI1
from segnet.data.prepare.packing import pack
from segnet.data.store import open_store
from segnet.data.store.writing import create_store

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
import joined_store


def store(path, values, classes=VKITTI1, size=(4, 6)):
    """Writes a store with the splits of `values`, each frame filled with its value."""
    names = {s: [f"0001/{v}" for v in filled] for s, filled in values.items()}
    rules = {"source": "vkitti1", "scale": 2, "split_rule": "by hand"}
    with create_store(path, classes, names, size, rules) as writer:
        for split, filled in values.items():
            for index, value in enumerate(filled):
                image = np.full((*size, 3), value, np.uint8)
                labels = np.full(size, value % 3, np.uint8)
                writer.write(split, index, pack(image, 1), pack(labels, 4))
    return path


def test_train_of_all_and_val_of_the_first(tmp_path):
    first = store(tmp_path / "a.h5", {"train": [1, 2], "val": [3]})
    second = store(tmp_path / "b.h5", {"train": [1, 5], "val": [6]})
    joined_store.join([first, second], tmp_path / "out.h5")
    with open_store(tmp_path / "out.h5") as out:
        images, labels = out["train"].read(range(5))
        assert images[:, 0, 0, 0].tolist() == [1, 2, 1, 5, 6]
        assert labels[:, 3, 5].tolist() == [1, 2, 1, 2, 0]
        assert len(set(out["train"].frame_ids)) == 5
        assert out["val"].read([0])[0][0, 0, 0, 0] == 3
        assert len(out["val"]) == 1
        assert out.attributes["scale"] == 2
        assert out.attributes["split_rule"] == "by hand; 1 stores added to train"


def test_other_classes_or_sizes_are_named(tmp_path):
    first = store(tmp_path / "a.h5", {"train": [1], "val": [2]})
    classes = store(tmp_path / "b.h5", {"train": [1], "val": [2]}, CAMVID11)
    size = store(tmp_path / "c.h5", {"train": [1], "val": [2]}, size=(5, 6))
    with pytest.raises(ValueError, match="b.h5 has not the classes of"):
        joined_store.join([first, classes], tmp_path / "out.h5")
    with pytest.raises(ValueError, match=r"c.h5 has frames of \(5, 6\)"):
        joined_store.join([first, size], tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_a_missing_split_is_named_and_no_store_is_replaced_by_the_result(tmp_path):
    first = store(tmp_path / "a.h5", {"train": [1], "val": [2]})
    second = store(tmp_path / "b.h5", {"train": [1]})
    before = second.read_bytes()
    with pytest.raises(ValueError, match="b.h5 has no split 'val'"):
        joined_store.join([first, second], tmp_path / "out.h5")
    with pytest.raises(ValueError, match="b.h5 is one of the stores to join"):
        joined_store.join([first, second], tmp_path / "." / "b.h5")
    assert second.read_bytes() == before
