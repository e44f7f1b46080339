"""Augmentation on the device: the same as on the CPU, and resumable."""

import dataclasses

import keras
import numpy as np
import pytest

from segnet.data.batches import Batches
from segnet.data.batches.augment import NO_AUGMENTATION, Augmentation, draw_transform
from segnet.data.batches.cutmix import draw_patch, paste
from segnet.data.batches.warp import PADDING
from segnet.data.store import open_store
from segnet.losses import WeightedCrossEntropy
from segnet.models import MODELS
from segnet.train import augmented_model as module
from segnet.train import train
from segnet.train.augmented_model import (
    AugmentedModel,
    DeviceBatches,
    augments_on_device,
)
from segnet.train.device_warp import cutmix, warp_images, warp_labels
from test_train import TINY, assert_same_run, tiny

VOID = 255
CONFIGS = [
    NO_AUGMENTATION,
    Augmentation(),
    Augmentation(scale=(0.5, 0.5), rotate=15),
    Augmentation(scale=(1.0, 2.0), crop=(37, 101), rotate=15, rare=0.5),
]


@pytest.fixture
def split(store_path):
    with open_store(store_path) as store:
        yield store["train"]


def on_device(change, *arrays, **keywords):
    """Returns the result of `change` on the arrays as a NumPy array."""
    tensors = map(keras.ops.convert_to_tensor, arrays)
    return keras.ops.convert_to_numpy(change(*tensors, **keywords))


def moved(inputs, labels, batches):
    """Returns a batch augmented by the device, as NumPy arrays."""
    images, matrix, colour = (inputs[name] for name in ("images", "matrix", "colour"))
    size, void = batches.size, batches.void
    shrinks = batches.augmentation.scale[0] < 1
    images = on_device(warp_images, images, matrix, colour, size=size, shrinks=shrinks)
    return images, on_device(warp_labels, labels, matrix, size=size, void=void)


@pytest.mark.parametrize("config", CONFIGS)
def test_frames_are_those_of_the_workers(config, split):
    batches = Batches(split, 9, config, seed=2)
    images, labels = batches(0, 0)
    found, ids = moved(*DeviceBatches(batches)(0, 0), batches)
    assert found.dtype == ids.dtype == np.uint8
    assert found.shape == images.shape
    assert ids.shape == labels.shape
    assert np.mean(ids != labels) < 0.005
    error = np.abs(found.astype(int) - images)
    # Four samples are not quite Pillow's filter; the frames are full of noise.
    assert error.mean() < (0.01 if config == NO_AUGMENTATION else 2.5)


def test_nothing_changes_nothing(split):
    batches = Batches(split, 9)
    images, labels = batches(0, 0)
    found, ids = moved(*DeviceBatches(batches)(0, 0), batches)
    np.testing.assert_array_equal(found, images)
    np.testing.assert_array_equal(ids, labels)


@pytest.mark.parametrize("scale", [(0.4, 1.0), (1.0, 3.0)])
def test_image_and_labels_stay_aligned(scale):
    """A ramp shows where each pixel came from; its label says the same, in steps."""
    ramp = np.arange(200, dtype=np.uint8)[None].repeat(90, 0)
    config = Augmentation(colour=0, scale=scale, crop=(41, 77), rotate=10)
    changes = [
        draw_transform(ramp, np.random.default_rng(s), config) for s in range(25)
    ]
    matrix = np.float32([change.matrix for change in changes])
    images = np.broadcast_to(ramp[..., None], (25, 90, 200, 3)).copy()
    colour = np.broadcast_to(np.eye(3, 4, dtype=np.float32), (25, 3, 4)).copy()
    size = 41, 77
    found = on_device(warp_images, images, matrix, colour, size=size)
    labels = images[..., 0] // 10
    labels = on_device(warp_labels, labels, matrix, size=size, void=VOID)
    inside = labels != VOID
    assert 0.5 < inside.mean() <= 1
    middle = found[..., 0][inside].astype(float) - (10.0 * labels[inside] + 4.5)
    assert np.abs(middle).max() <= 4.5 + 1 / min(scale[0], 1)
    assert (found[~inside] == PADDING).all()


def test_cutmix_is_paste():
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (5, 13, 17, 3), np.uint8)
    labels = rng.integers(0, 9, (5, 13, 17), np.uint8)
    patches = np.int32([draw_patch((13, 17), 0.8, rng) for _ in range(5)])
    assert patches.any()
    found = on_device(cutmix, images, patches)
    ids = on_device(cutmix, labels[..., None], patches)[..., 0]
    paste(images, labels, patches)
    np.testing.assert_array_equal(found, images)
    np.testing.assert_array_equal(ids, labels)


def test_the_loss_is_that_of_the_moved_frames(split):
    batches = Batches(split, 4, Augmentation(crop=(64, 72), rotate=9, cutmix=0.5))
    network = tiny((64, 72, 3), 14)
    model = AugmentedModel(network, batches)
    for each in (network, model):
        each.compile(loss=WeightedCrossEntropy([1.0] * 14))
    inputs, labels = DeviceBatches(batches)(1, 0)
    images, ids = moved(inputs, labels, batches)
    paste(images, ids, inputs["patches"])
    expected = network.test_on_batch(images, ids)
    assert model.test_on_batch(inputs, labels) == pytest.approx(expected, rel=1e-4)
    assert model.get_layer("stem_conv") is network.get_layer("stem_conv")
    assert len(model.trainable_variables) == len(network.trainable_variables)


@pytest.mark.parametrize(
    ("place", "device", "expected"),
    [
        ("cpu", "cuda:0", False),
        ("device", "cpu", True),
        ("auto", "/job:localhost/replica:0/task:0/device:GPU:0", True),
        ("auto", "/job:localhost/replica:0/task:0/device:CPU:0", False),
        ("auto", "cuda:0", True),
        ("auto", "TFRT_CPU_0", False),
    ],
)
def test_auto_is_the_device_unless_it_is_a_cpu(place, device, expected, monkeypatch):
    class Tensor:
        def __init__(self, shape):
            self.device = device

    monkeypatch.setattr(module.ops, "zeros", Tensor)
    assert augments_on_device(place) is expected


class Killed(Exception):
    """An error that no code handles."""


def test_a_training_on_the_device_resumes(store_path, tmp_path, monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)
    recipe = dataclasses.replace(
        TINY, epochs=2, augment_on="device", rotate=5.0, cutmix=0.5, crop=(64, 72)
    )
    whole = train(store_path, recipe, tmp_path / "whole", verbose=0)
    samples = Batches.samples

    def killed(self, epoch, index, rows):
        if epoch == 1:
            raise Killed
        return samples(self, epoch, index, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "samples", killed)
        with pytest.raises(Killed):
            train(store_path, recipe, tmp_path / "run", verbose=0)
    train(store_path, recipe, tmp_path / "run", resume=True, verbose=0)
    assert_same_run(whole, tmp_path / "run")
