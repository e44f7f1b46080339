"""The store: data read back unchanged, and wrong files refused."""

import multiprocessing
import pickle
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from segnet.classes import CAMVID11
from segnet.data.prepare.packing import pack
from segnet.data.store import class_counts, open_store
from segnet.data.store.writing import create_store

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 5, 7, 3), np.uint8)
LABELS = RNG.integers(0, 11, (6, 5, 7), np.uint8)
LABELS[0] = 3
LABELS[1, 0, 0] = 255
IDS = {"train": ["a", "b", "\u00fc", "d"], "val": ["e", "f"]}


def write(path, frames=range(6), ids=IDS):
    places = [(name, index) for name in ids for index in range(len(ids[name]))]
    attributes = {"source": "camvid", "scale": 1.5, "split_rule": "by hand"}
    with create_store(path, CAMVID11, ids, (5, 7), attributes) as writer:
        for frame in frames:
            packed = pack(IMAGES[frame], 1), pack(LABELS[frame], 4)
            writer.write(*places[frame], *packed)
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "store.h5")


def test_what_was_written_is_read(path):
    with open_store(path) as store:
        assert store.splits == ("train", "val")
        assert store.class_map == CAMVID11
        assert store.attributes["scale"] == 1.5
        assert store.attributes["split_rule"] == "by hand"
        assert type(store.attributes["format_version"]) is int
        train = store["train"]
        assert (len(train), train.size) == (4, (5, 7))
        assert train.frame_ids == ["a", "b", "\u00fc", "d"]
        np.testing.assert_array_equal(train.images[2], IMAGES[2])
        np.testing.assert_array_equal(train.labels[1:3], LABELS[1:3])
        images, labels = store["val"].load()
        np.testing.assert_array_equal(images, IMAGES[4:])
        np.testing.assert_array_equal(labels, LABELS[4:])


@pytest.mark.parametrize("indices", [[0], [2, 3, 0], [3, 3, 1, 2], [3, 2, 1], []])
def test_read_keeps_the_order_asked_for(path, indices):
    with open_store(path) as store:
        images, labels = store["train"].read(indices)
    np.testing.assert_array_equal(images, IMAGES[indices])
    np.testing.assert_array_equal(labels, LABELS[indices])
    assert images.dtype == labels.dtype == np.uint8


@pytest.mark.parametrize("indices", [[4], [-1]])
def test_read_outside_is_an_error(path, indices):
    with (
        open_store(path) as store,
        pytest.raises(IndexError, match="'train' has 0 to 3"),
    ):
        store["train"].read(indices)


def test_the_file_is_plain_hdf5(path):
    with h5py.File(path) as file:
        dataset = file["train/images"]
        assert dataset.chunks == (1, 5, 7, 3)
        assert dataset.compression == "gzip"
        np.testing.assert_array_equal(dataset[:], IMAGES[:4])
        assert bool(file.attrs["complete"])


def test_class_counts(path):
    with open_store(path) as store:
        pixels, frames = class_counts(store["train"])
    valid = LABELS[:4][LABELS[:4] != 255]
    np.testing.assert_array_equal(pixels, np.bincount(valid, minlength=11))
    assert pixels.dtype == np.int64
    assert pixels.sum() == 4 * 35 - 1
    holds = [(LABELS[:4] == k).any(axis=(1, 2)).sum() for k in range(11)]
    assert frames.tolist() == holds
    assert frames[3] >= 1


def test_describe_says_what_is_inside(path):
    with open_store(path) as store:
        assert "train 4, val 2 frames of 5x7, 11 classes" in store.describe()
        assert "split: by hand" in store.describe()


def test_a_missing_split_lists_those_there_are(path):
    with (
        open_store(path) as store,
        pytest.raises(ValueError, match="no split 'test'; it has train, val"),
    ):
        store["test"]


def test_a_store_travels_to_another_process(path):
    with open_store(path) as store:
        split = store["val"]
        split.load()
        with pickle.loads(pickle.dumps(split)).store as copy:
            np.testing.assert_array_equal(copy["val"].images[1], IMAGES[5])
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            images, labels = pool.apply(split.read, ([1, 0],))
        np.testing.assert_array_equal(images, IMAGES[[5, 4]])
        np.testing.assert_array_equal(labels, LABELS[[5, 4]])


def test_a_closed_store_opens_again(path):
    store = open_store(path)
    store.close()
    assert len(store["val"]) == 2
    store.close()


def test_an_error_in_the_middle_leaves_the_old_store(path):
    before = path.read_bytes()
    with pytest.raises(IndexError):
        write(path, frames=[0, 1, 99])
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def change(path, **attributes):
    with h5py.File(path, "a") as file:
        for name, value in attributes.items():
            if value is None:
                del file.attrs[name]
            else:
                file.attrs[name] = value


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"complete": False}, "incomplete"),
        ({"complete": None}, "incomplete"),
        ({"format": "other"}, "no store made by segnet"),
        ({"format": None}, "no store made by segnet"),
        ({"format_version": 3}, "version 3.*reads 1 to 2"),
        ({"class_map": None}, "not a class map"),
        ({"class_map": "{"}, "not a class map"),
    ],
)
def test_a_file_that_is_no_whole_store_is_refused(path, attributes, message):
    change(path, **attributes)
    with pytest.raises(ValueError, match=message) as caught:
        open_store(path)
    assert str(path) in str(caught.value)


def test_other_files_are_refused(tmp_path, path):
    with pytest.raises(FileNotFoundError, match="no such store"):
        open_store(tmp_path / "none.h5")
    text = tmp_path / "text.h5"
    text.write_text("no HDF5")
    with pytest.raises(ValueError, match="no readable HDF5 file"):
        open_store(text)
    cut = shutil.copy(path, tmp_path / "cut.h5")
    cut.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="no readable HDF5 file"):
        open_store(cut)


def test_a_damaged_chunk_is_named(path):
    with h5py.File(path) as file:
        place = file["train/images"].id.get_chunk_info(1)
    content = bytearray(path.read_bytes())
    content[place.byte_offset + place.size // 2] ^= 255
    path.write_bytes(content)
    with (
        open_store(path) as store,
        pytest.raises(ValueError, match="damaged at frames 1 to 1 of 'train'"),
    ):
        store["train"].read([1])


@pytest.mark.parametrize("module", ["store.writing", "prepare.packing"])
def test_modules_of_store_and_prepare_can_be_imported_first(module):
    code = f"import segnet.data.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
