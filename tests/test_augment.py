"""Image and labels move together, and no label is invented."""

import numpy as np
import pytest
from PIL import Image

from segnet.data import augment as module
from segnet.data.augment import NOTHING, PADDING, Augmentation, augment

VOID = 255
SIZE = (37, 53)
CONFIGS = [
    Augmentation(colour=0),
    Augmentation(colour=0, scale=(0.3, 0.6)),
    Augmentation(colour=0, scale=(2.0, 4.0)),
    Augmentation(colour=0, crop=(64, 20)),
    Augmentation(colour=0, crop=(20, 70), scale=(1.0, 1.0)),
]


@pytest.fixture
def labels():
    return np.random.default_rng(1).integers(0, 9, SIZE).astype(np.uint8)


@pytest.mark.parametrize("config", CONFIGS)
def test_image_and_labels_take_the_same_way(config, labels, monkeypatch):
    """The labels as an image, resized by nearest too, must come out equal."""
    monkeypatch.setattr(module, "IMAGE_FILTER", Image.Resampling.NEAREST)
    monkeypatch.setattr(module, "PADDING", VOID)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        image = labels[..., None].repeat(3, -1)
        moved, ids = augment(image, labels, rng, config)
        np.testing.assert_array_equal(moved, ids[..., None].repeat(3, -1))


@pytest.mark.parametrize("config", CONFIGS)
def test_bilinear_image_stays_aligned(config):
    """A ramp tells where each pixel came from; its label says the same, in steps."""
    ramp = np.arange(200, dtype=np.uint8)[None].repeat(90, 0)
    image = np.stack([ramp, ramp, ramp], -1)
    ids = ramp // 10
    for seed in range(25):
        moved, labels = augment(image, ids, np.random.default_rng(seed), config)
        inside = labels != VOID
        middle = moved[..., 0][inside].astype(float) - (10.0 * labels[inside] + 4.5)
        factor = config.scale[0]
        assert np.abs(middle).max() <= 4.5 + 1 / min(factor, 1)


@pytest.mark.parametrize("config", [*CONFIGS, Augmentation()])
def test_no_label_is_invented(config, labels):
    sparse = np.where(labels < 5, 3, 8).astype(np.uint8)
    image = np.zeros((*SIZE, 3), np.uint8)
    for seed in range(25):
        moved, ids = augment(image, sparse, np.random.default_rng(seed), config)
        assert set(np.unique(ids)) <= {3, 8, VOID}
        assert moved.dtype == ids.dtype == np.uint8
        assert moved.shape == (*ids.shape, 3)
        assert ids.shape == (config.crop or SIZE)


def test_shrinking_pads_with_void_and_grey(labels):
    image = np.full((*SIZE, 3), 250, np.uint8)
    config = Augmentation(flip=False, scale=(0.5, 0.5), colour=0)
    moved, ids = augment(image, labels, np.random.default_rng(0), config, void=77)
    outside = ids == 77
    assert outside.sum() == 37 * 53 - round(37 / 2) * round(53 / 2)
    assert (moved[outside] == PADDING).all()
    assert (moved[~outside] == 250).all()


def test_the_window_reaches_every_corner(labels):
    config = Augmentation(flip=False, scale=(1.0, 1.0), crop=(36, 52), colour=0)
    image = np.zeros((*SIZE, 3), np.uint8)
    found = {
        augment(image, labels, np.random.default_rng(seed), config)[1].tobytes()
        for seed in range(60)
    }
    corners = [labels[y : y + 36, x : x + 52].tobytes() for y in (0, 1) for x in (0, 1)]
    assert found == set(corners)


def test_nothing_changes_nothing(labels):
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    moved, ids = augment(image, labels, np.random.default_rng(0), NOTHING)
    np.testing.assert_array_equal(moved, image)
    np.testing.assert_array_equal(ids, labels)


def test_flip_mirrors_half_of_the_frames(labels):
    config = Augmentation(scale=(1.0, 1.0), colour=0)
    image = labels[..., None].repeat(3, -1)
    mirrored = 0
    for seed in range(100):
        moved, ids = augment(image, labels, np.random.default_rng(seed), config)
        np.testing.assert_array_equal(moved[..., 0], ids)
        mirrored += np.array_equal(ids, labels[:, ::-1])
        assert np.array_equal(ids, labels) or np.array_equal(ids, labels[:, ::-1])
    assert 30 < mirrored < 70


def test_colour_moves_the_image_only_and_within_its_strength(labels):
    config = Augmentation(flip=False, scale=(1.0, 1.0), colour=0.2)
    image = np.full((*SIZE, 3), 100, np.uint8)
    values = set()
    for seed in range(40):
        moved, ids = augment(image, labels, np.random.default_rng(seed), config)
        np.testing.assert_array_equal(ids, labels)
        assert len(np.unique(moved.reshape(-1, 3), axis=0)) == 1
        values.add(tuple(moved[0, 0]))
    low, high = np.array(sorted(values)).min(), np.array(sorted(values)).max()
    gain = 1.2 * 1.2 * (1 + 0.2 / 3)
    assert 100 * 0.8 * 0.8 * 0.93 - 1 <= low < 90
    assert 110 < high <= 100 * gain + 0.2 * 127.5 + 1
    assert len(values) > 30


def test_equal_generators_give_equal_frames(labels):
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    first, again, other = (
        augment(image, labels, np.random.default_rng(seed), Augmentation())[0]
        for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
