"""Camera noise: strength, frequency, and equality on the accelerator."""

import dataclasses

import keras
import numpy as np
import pytest

from segnet.data.batches import Batches
from segnet.data.batches import camera_noise as noise
from segnet.data.batches.augment import NO_AUGMENTATION, augment, draw_transform
from segnet.data.batches.camera_noise import (
    SIDE,
    Noise,
    add_noise,
    draw_noise,
    noise_table,
)
from segnet.data.store import open_store
from segnet.losses import WeightedCrossEntropy
from segnet.train.augmented_model import AugmentedModel, DeviceBatches
from segnet.train.device_warp import add_noise as add_on_device
from test_train import tiny

NOISY = dataclasses.replace(NO_AUGMENTATION, noise=20.0)
GREY = np.full((200, 150, 3), 128, np.uint8)


def test_by_hand(monkeypatch):
    """A table of two rows and columns; the frame begins at its last corner."""
    table = np.array([[[0, 1, 2]] * 2, [[-1, -2, -3]] * 2], np.float32)
    table[1, 1] = 9
    monkeypatch.setattr(noise, "SIDE", 2)
    monkeypatch.setattr(noise, "noise_table", lambda: table)
    image = np.array([[[100, 0, 250]] * 2] * 2, np.uint8)
    found = add_noise(image, Noise(2.0, 1, 1))
    # Twice the table, which goes on with its first row and column:
    #   9  9  9 | -1 -2 -3
    #   0  1  2 |  0  1  2
    assert found[0].tolist() == [[118, 18, 255], [98, 0, 244]]
    assert found[1].tolist() == [[100, 2, 254], [100, 2, 254]]


def test_the_noise_has_its_deviation_and_no_colour():
    found = add_noise(GREY, Noise(12.0, 500, 3)).astype(float) - 128
    assert found.std() == pytest.approx(12, rel=0.02)
    assert np.abs(found.mean((0, 1))).max() < 0.3
    assert np.abs(np.corrcoef(found.reshape(-1, 3).T) - np.eye(3)).max() < 0.02


def test_half_of_the_frames_up_to_the_most_each_elsewhere():
    drawn = [draw_noise(np.random.default_rng(seed), 20) for seed in range(400)]
    noises = [each for each in drawn if each]
    assert 160 < len(noises) < 240
    deviations = [each.deviation for each in noises]
    assert 0 <= min(deviations) < 1 and 19 < max(deviations) < 20
    assert len({(each.row, each.column) for each in noises}) == len(noises)
    assert max(max(each.row, each.column) for each in noises) < SIDE


def test_a_frame_larger_than_the_table_has_noise_everywhere():
    high = np.full((SIDE + 3, 4, 3), 128, np.uint8)
    found = add_noise(high, Noise(10.0, 0, 0))
    np.testing.assert_array_equal(found[SIDE:], found[:3])
    assert found.std() > 9


def test_labels_and_windows_stay_as_without_it():
    labels = np.zeros((200, 150), np.uint8)
    noisy = dataclasses.replace(NO_AUGMENTATION, noise=20.0, rotate=10.0)
    silent = dataclasses.replace(noisy, noise=0.0)
    changed = 0
    for seed in range(20):
        image, ids = augment(GREY, labels, np.random.default_rng(seed), NOISY)
        np.testing.assert_array_equal(ids, labels)
        changed += (image != GREY).any()
        one, other = (
            draw_transform(labels, np.random.default_rng(seed), config)
            for config in (noisy, silent)
        )
        assert (one.rows, one.columns, one.flip) == (other.rows, other.columns, False)
    assert 5 <= changed <= 15


def test_the_device_adds_the_same():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (3, 37, 41, 3), np.uint8)
    noises = [Noise(0.0, 0, 0), Noise(7.5, 511, 490), Noise(60.0, 3, 200)]
    given = np.float32([dataclasses.astuple(each) for each in noises])
    found = add_on_device(*map(keras.ops.convert_to_tensor, (images, given)))
    expected = np.stack(list(map(add_noise, images, noises)))
    # Last bits decide how a half is rounded.
    difference = keras.ops.convert_to_numpy(found).astype(int) - expected
    assert np.abs(difference).max() <= 1
    assert np.mean(difference != 0) < 1e-3


def test_a_training_on_the_device_sees_the_frames_of_the_workers(store_path):
    with open_store(store_path) as store:
        batches = Batches(store["train"], 4, NOISY, seed=3)
        network = tiny((*store["train"].size, 3), 14)
        model = AugmentedModel(network, batches)
        for each in (network, model):
            each.compile(loss=WeightedCrossEntropy([1.0] * 14))
        images, labels = batches(2, 0)
        assert np.any(
            images != Batches(store["train"], 4, NO_AUGMENTATION, seed=3)(2, 0)[0]
        )
        expected = network.test_on_batch(images, labels)
        found = model.test_on_batch(*DeviceBatches(batches)(2, 0))
    assert found == pytest.approx(expected, rel=1e-3)


def test_nobody_changes_the_table():
    with pytest.raises(ValueError, match="read-only"):
        noise_table()[0, 0, 0] = 1
