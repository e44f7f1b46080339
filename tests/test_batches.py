"""Batches depend on seed, epoch and index only."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from segnet.data.batches import Batches
from segnet.data.batches.augment import NO_AUGMENTATION, Augmentation, draw_transform
from segnet.data.batches.sampling import local_rows
from segnet.data.store import open_store


@pytest.fixture
def split(store_path):
    with open_store(store_path) as store:
        yield store["train"]


def frame_numbers(batches, epoch):
    """Returns the frames of an epoch in order, found by their pixels."""
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


def test_a_row_is_drawn_from_its_own_generator(split):
    config = Augmentation(colour=0, rotate=5)
    samples = Batches(split, 4, config, seed=3).samples(5, 1)
    for row, sample in enumerate(samples):
        rng = np.random.default_rng((3, 5, 1 + 1, row))
        assert sample.transform == draw_transform(sample.labels, rng, config)
    assert len({sample.transform.rows for sample in samples}) == 4


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_rows_made_apart_are_those_made_together(split, processes):
    config = Augmentation(rare=0.5, rotate=5, noise=9.0, crop=(48, 72))
    batches = Batches(split, 8, config, seed=6)
    whole = batches(3, 0)
    for process in range(processes):
        rows = local_rows(8, process, processes)
        assert len(rows) == 8 // processes
        for part, all_rows in zip(batches(3, 0, rows), whole, strict=True):
            np.testing.assert_array_equal(part, all_rows[rows])
    shares = [local_rows(8, process, processes) for process in range(processes)]
    assert sorted(row for rows in shares for row in rows) == list(range(8))


def test_only_the_rows_made_are_read(split, monkeypatch):
    batches = Batches(split, 8, seed=6, memory_limit=0)
    read, frames = type(split).read, []
    monkeypatch.setattr(
        type(split),
        "read",
        lambda self, wanted: frames.extend(wanted) or read(self, wanted),
    )
    batches(3, 0, [2, 5])
    assert len(frames) == 2


def test_cutmix_takes_from_the_local_rows(split):
    batches = Batches(split, 8, dataclasses.replace(NO_AUGMENTATION, cutmix=1.0))
    together = batches.samples(0, 0)
    for process in range(2):
        rows = local_rows(8, process, 2)
        samples = batches.samples(0, 0, rows)
        assert [s.patch for s in samples] == [together[row].patch for row in rows]
        images, labels = batches(0, 0, rows)
        for number, sample in enumerate(samples):
            partner = samples[(number + 1) % 4]
            top, left, bottom, right = sample.patch
            box = np.s_[top:bottom, left:right]
            image, ids = sample.image.copy(), sample.labels.copy()
            image[box], ids[box] = partner.image[box], partner.labels[box]
            np.testing.assert_array_equal(images[number], image)
            np.testing.assert_array_equal(labels[number], ids)


def test_rows_that_processes_cannot_share_are_refused():
    with pytest.raises(ValueError, match="batch_size is 8, which 3 .*multiple of 3"):
        local_rows(8, 0, 3)
    for process in (-1, 2):
        with pytest.raises(ValueError, match=f"process is {process}, expected 0 to 1"):
            local_rows(8, process, 2)


def test_from_the_store_as_from_memory(split):
    memory = Batches(split, 4, Augmentation(), seed=1)
    disk = Batches(split, 4, Augmentation(), seed=1, memory_limit=0)
    assert memory._frames is not None
    assert disk._frames is None
    for ours, theirs in zip(memory(0, 0), disk(0, 0), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_balance_draws_rare_frames_more_often_in_as_many_batches(split, monkeypatch):
    """Class 1 lies in frame 7 only, which weighs 9 among 8 of weight 1."""
    counts = np.tile([100, 0, 7], (9, 1))
    counts[7] = 50, 50, 7
    monkeypatch.setattr(type(split), "pixel_counts", lambda split: counts)
    batches = Batches(split, 3, seed=2, balance=1.0)
    assert len(batches) == 3
    drawn = [frame_numbers(batches, epoch) for epoch in range(30)]
    assert drawn[4] == frame_numbers(Batches(split, 3, seed=2, balance=1.0), 4)
    assert all(len(numbers) == 9 for numbers in drawn)
    # 9 draws of weight 9 / 17 each.
    assert {numbers.count(7) for numbers in drawn} == {4, 5}
    others = {number for numbers in drawn for number in numbers}
    assert others == set(range(9))


def test_rare_windows_know_the_chances_of_their_frame(split):
    batches = Batches(split, 9, Augmentation(rare=1.0, colour=0), seed=1)
    again = Batches(split, 9, Augmentation(rare=1.0, colour=0), seed=1)
    plain = Batches(split, 9, Augmentation(colour=0), seed=1)
    np.testing.assert_array_equal(batches(0, 0)[1], again(0, 0)[1])
    assert not np.array_equal(batches(0, 0)[1], plain(0, 0)[1])


def test_all_changes_together_keep_image_and_labels_aligned(split, monkeypatch):
    """The labels as an image, by nearest too, with windows, rotation and cut-mix."""
    monkeypatch.setattr(
        "segnet.data.batches.warp.IMAGE_FILTER", Image.Resampling.NEAREST
    )
    monkeypatch.setattr("segnet.data.batches.warp.PADDING", 255)
    config = Augmentation(
        scale=(1.0, 2.0), colour=0, rare=0.5, rotate=10, cutmix=0.5, crop=(64, 72)
    )
    batches = Batches(split, 9, config)
    labels = batches._frames[1]
    batches._frames = labels[..., None].repeat(3, -1), labels
    for epoch in range(5):
        assert any(any(sample.patch) for sample in batches.samples(epoch, 0))
        images, ids = batches(epoch, 0)
        np.testing.assert_array_equal(images, ids[..., None].repeat(3, -1))


@pytest.mark.parametrize("size", [0, 10])
def test_a_batch_larger_than_the_split_raises(split, size):
    with pytest.raises(ValueError, match=f"batch_size is {size}.*9 frames.*1 to 9"):
        Batches(split, size)


def test_no_batch_beyond_the_epoch(split):
    with pytest.raises(IndexError, match="batch 2 of 2"):
        Batches(split, 4)(0, 2)


@pytest.mark.parametrize("row", [-1, 4])
def test_no_row_beyond_the_batch(split, row):
    with pytest.raises(IndexError, match=f"row {row} of a batch that has rows 0 to 3"):
        Batches(split, 4)(0, 0, [1, row])
