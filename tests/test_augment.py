"""Augmentation: image and labels move together, and no label is invented."""

import numpy as np
import pytest
from PIL import Image

from segnet.data.batches import warp as module
from segnet.data.batches.augment import (
    NO_AUGMENTATION,
    Augmentation,
    augment,
    draw_transform,
)
from segnet.data.batches.warp import PADDING, Axis, Transform, warp

VOID = 255
SIZE = (37, 53)
CONFIGS = [
    Augmentation(colour=0),
    Augmentation(colour=0, scale=(0.3, 0.6)),
    Augmentation(colour=0, scale=(2.0, 4.0)),
    Augmentation(colour=0, crop=(64, 20)),
    Augmentation(colour=0, crop=(20, 70), scale=(1.0, 1.0)),
    Augmentation(colour=0, scale=(1.0, 2.0), rotate=10),
    Augmentation(colour=0, scale=(1.5, 3.0), crop=(20, 30), rare=0.7, rotate=20),
]
SHRUNK_AND_ROTATED = [
    Augmentation(colour=0, scale=(0.4, 1.0), rotate=15),
    Augmentation(colour=0, scale=(0.6, 0.6), crop=(20, 70), rotate=5),
]
CHANCES = np.full(9, 1 / 9)


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
        moved, ids = augment(image, labels, rng, config, VOID, CHANCES)
        np.testing.assert_array_equal(moved, ids[..., None].repeat(3, -1))


@pytest.mark.parametrize("config", [*CONFIGS, *SHRUNK_AND_ROTATED])
def test_labels_lie_where_the_matrix_says(config, labels):
    """The matrix alone, pixel by pixel; Pillow counts in steps of 1/65536."""
    for seed in range(25):
        change = draw_transform(labels, np.random.default_rng(seed), config, CHANCES)
        image = np.zeros((*SIZE, 3), np.uint8)
        found = warp(image, labels, change, VOID)[1]
        y, x = np.mgrid[: change.size[0], : change.size[1]] + 0.5
        column, row = np.floor(
            change.matrix @ [x.ravel(), y.ravel(), np.ones(x.size)]
        ).astype(int)
        inside = (column >= 0) & (column < SIZE[1]) & (row >= 0) & (row < SIZE[0])
        expected = np.where(inside, labels[row * inside, column * inside], VOID)
        assert np.mean(found.ravel() != expected) < 0.005


@pytest.mark.parametrize("config", [*CONFIGS, *SHRUNK_AND_ROTATED])
def test_bilinear_image_stays_aligned(config):
    """A ramp shows where each pixel came from; its label says the same, in steps."""
    ramp = np.arange(200, dtype=np.uint8)[None].repeat(90, 0)
    image = np.stack([ramp, ramp, ramp], -1)
    ids = ramp // 10
    for seed in range(25):
        rng = np.random.default_rng(seed)
        moved, labels = augment(image, ids, rng, config, VOID, np.full(20, 0.05))
        inside = labels != VOID
        middle = moved[..., 0][inside].astype(float) - (10.0 * labels[inside] + 4.5)
        factor = config.scale[0]
        assert np.abs(middle).max() <= 4.5 + 1 / min(factor, 1)


@pytest.mark.parametrize("config", [*CONFIGS, *SHRUNK_AND_ROTATED, Augmentation()])
def test_no_label_is_invented(config, labels):
    sparse = np.where(labels < 5, 3, 8).astype(np.uint8)
    image = np.zeros((*SIZE, 3), np.uint8)
    for seed in range(25):
        rng, chances = np.random.default_rng(seed), np.array([0, 0, 0, 1.0])
        moved, ids = augment(image, sparse, rng, config, VOID, chances)
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
    moved, ids = augment(image, labels, np.random.default_rng(0), NO_AUGMENTATION)
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


@pytest.mark.parametrize("rotate", [0, 30])
@pytest.mark.parametrize("factor", [1.0, 1.7, 3.0])
def test_a_rare_window_holds_the_one_rare_pixel(factor, rotate):
    """Wherever it lies, and at every place of the window."""
    scale = factor, factor
    config = Augmentation(scale=scale, crop=(6, 8), colour=0, rare=1.0, rotate=rotate)
    image = np.zeros((*SIZE, 3), np.uint8)
    chances = np.array([0.0, 0.0, 1.0])
    places = set()
    for row, column in ((0, 0), (36, 52), (20, 25)):
        labels = np.zeros(SIZE, np.uint8)
        labels[row, column] = 2
        for seed in range(150):
            rng = np.random.default_rng(seed)
            ids = augment(image, labels, rng, config, VOID, chances)[1]
            assert (ids == 2).any()
            places |= set(zip(*np.nonzero(ids == 2), strict=True))
    assert len(places) > 0.8 * 6 * 8


def test_a_quarter_turn_by_hand(labels):
    whole = Axis(0, 20, 0, 20)
    change = Transform((20, 20), whole, whole, angle=90, pivot=(10, 10))
    square = labels[:20, :20]
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)
    moved, ids = warp(image, square, change, VOID)
    np.testing.assert_array_equal(ids, np.rot90(square))
    # Pillow's bilinear transform cuts fractions off.
    np.testing.assert_allclose(moved.astype(int), np.rot90(image), atol=1)


def test_rotation_uncovers_grey_and_void_together():
    config = Augmentation(scale=(0.7, 1.4), rotate=20)
    image, labels = np.zeros((*SIZE, 3), np.uint8), np.zeros(SIZE, np.uint8)
    angles = []
    for seed in range(40):
        change = draw_transform(labels, np.random.default_rng(seed), config)
        moved, ids = warp(image, labels, change, 77)
        angles.append(change.angle)
        assert set(np.unique(ids)) <= {0, 77}
        assert (moved[ids == 77] == PADDING).all()
    assert 10 < angles.count(0.0) < 30
    assert -20 <= min(angles) < -15
    assert 15 < max(angles) <= 20


def test_rare_windows_are_the_given_share():
    """By itself a window hardly ever holds the pixel in the corner."""
    config = Augmentation(scale=(1.0, 1.0), crop=(18, 26), colour=0, rare=0.3)
    labels = np.zeros(SIZE, np.uint8)
    labels[0, 0] = 1
    image = np.zeros((*SIZE, 3), np.uint8)
    held = sum(
        1 in augment(image, labels, rng, config, VOID, np.array([0.0, 1.0]))[1]
        for rng in map(np.random.default_rng, range(400))
    )
    assert 90 < held < 150


def test_a_frame_of_void_has_no_rare_pixel():
    config = Augmentation(rare=1.0)
    image, void = np.zeros((*SIZE, 3), np.uint8), np.full(SIZE, VOID, np.uint8)
    rng = np.random.default_rng(0)
    assert (augment(image, void, rng, config, VOID, np.zeros(3))[1] == VOID).all()


def test_equal_generators_give_equal_frames(labels):
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    first, again, other = (
        augment(image, labels, np.random.default_rng(seed), Augmentation())[0]
        for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
