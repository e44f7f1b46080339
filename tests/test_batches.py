"""Batches depend on seed, epoch and number only."""

import numpy as np
import pytest

from segnet.data.augment import Augmentation
from segnet.data.batches import Batches
from segnet.data.store import open_store


@pytest.fixture
def split(store_path):
    with open_store(store_path) as store:
        yield store["train"]


def frame_numbers(batches, epoch):
    """Which frames an epoch takes, in its order, told by their pixels."""
    images = batches.split.load()[0]
    numbers = []
    for index in range(len(batches)):
        for image in batches(epoch, index)[0]:
            (number,) = np.flatnonzero((images == image).all((1, 2, 3)))
            numbers.append(int(number))
    return numbers


def test_shapes_and_number_of_batches(split):
    batches = Batches(split, 4, Augmentation(crop=(64, 72)))
    assert len(split) == 9
    assert len(batches) == 2
    images, labels = batches(0, 1)
    assert images.shape == (4, 64, 72, 3)
    assert labels.shape == (4, 64, 72)
    assert images.dtype == labels.dtype == np.uint8


def test_an_epoch_is_a_permutation_and_epochs_differ(split):
    batches = Batches(split, 3)
    first, second = frame_numbers(batches, 0), frame_numbers(batches, 1)
    assert sorted(first) == sorted(second) == list(range(9))
    assert first != second


def test_left_over_frames_change_from_epoch_to_epoch(split):
    batches = Batches(split, 4)
    left = [set(range(9)) - set(frame_numbers(batches, epoch)) for epoch in range(8)]
    assert all(len(frames) == 1 for frames in left)
    assert len(set.union(*left)) > 1


def test_a_batch_is_a_function_of_seed_epoch_and_number(split):
    batches = Batches(split, 4, Augmentation(), seed=3)
    images, labels = batches(5, 1)
    batches(2, 0)
    again = Batches(split, 4, Augmentation(), seed=3)(5, 1)
    np.testing.assert_array_equal(images, again[0])
    np.testing.assert_array_equal(labels, again[1])
    for other in (batches(5, 0), batches(6, 1), Batches(split, 4, seed=4)(5, 1)):
        assert not np.array_equal(images, other[0])


def test_from_the_store_as_from_memory(split):
    memory = Batches(split, 4, Augmentation(), seed=1)
    disk = Batches(split, 4, Augmentation(), seed=1, memory_limit=0)
    assert memory._frames is not None
    assert disk._frames is None
    for ours, theirs in zip(memory(0, 0), disk(0, 0), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("size", [0, 10])
def test_a_batch_larger_than_the_split_raises(split, size):
    with pytest.raises(ValueError, match=f"batch_size is {size}.*9 frames.*1 to 9"):
        Batches(split, size)


def test_no_batch_beyond_the_epoch(split):
    with pytest.raises(IndexError, match="batch 2 of 2"):
        Batches(split, 4)(0, 2)
