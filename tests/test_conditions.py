"""Corrupted frames, and the scores of networks on them."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
import conditions

from segnet.data.store import open_store
from segnet.evaluate import evaluate
from segnet.evaluate.match import match
from test_train import tiny

GREY = np.full((6, 8, 3), 100, np.uint8)


def two_tone() -> np.ndarray:
    """Left half 50, right half 200, every channel."""
    image = np.full((4, 4, 3), 50, np.uint8)
    image[:, 2:] = 200
    return image


def test_brightness_is_a_factor_and_ends_at_white():
    assert conditions.exposed(two_tone(), 0.5)[0, :, 0].tolist() == [25, 25, 100, 100]
    assert conditions.exposed(two_tone(), 1.6)[0, :, 0].tolist() == [80, 80, 255, 255]


def test_half_of_the_contrast_is_half_way_to_the_mean():
    # The mean is 125, 75 away from both.
    found = conditions.flattened(two_tone(), 0.5)
    assert found[0, :, 0].tolist() == [88, 88, 162, 162]


def test_warmth_raises_red_and_lowers_blue():
    assert conditions.tinted(GREY, 0.2)[0, 0].tolist() == [120, 100, 80]
    assert conditions.tinted(GREY, -0.2)[0, 0].tolist() == [80, 100, 120]


def test_noise_has_its_deviation_and_is_the_same_each_time():
    grey = np.full((100, 100, 3), 128, np.uint8)
    found = conditions.noisy(grey, 10)
    assert found.std() == pytest.approx(10, rel=0.02)
    np.testing.assert_array_equal(found, conditions.noisy(grey, 10))


def test_a_coarse_camera_sees_the_mean_of_its_pixels():
    fine = np.zeros((4, 4, 3), np.uint8)
    fine[::2, ::2] = 200
    assert (conditions.coarse(fine, 2) == 50).all()


@pytest.mark.parametrize("name", conditions.CONDITIONS)
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (16, 9)])
def test_each_keeps_size_and_type_and_the_frame_it_is_given(name, size):
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    before = image.copy()
    found = conditions.CONDITIONS[name](image)
    assert (found.shape, found.dtype) == (image.shape, np.uint8)
    np.testing.assert_array_equal(image, before)


def test_the_table_starts_with_what_evaluate_says(store_path):
    with open_store(store_path) as store:
        frames = store["val"]
        model = tiny((*frames.size, 3), store.class_map.num_classes)
        said = 100 * evaluate(model, store, "val")["miou"]
        lines = conditions.table({"tiny": match(model, frames)}, frames).splitlines()
    assert lines[:2] == ["| val | tiny |", "| --- | ---: |"]
    assert lines[2] == f"| as it is | {said:.1f} |"
    assert len(lines) == 2 + len(conditions.CONDITIONS)
