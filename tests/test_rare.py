"""Sampling probabilities of classes, frames and pixels, by hand."""

import numpy as np
import pytest

from segnet.data.batches.rare import (
    class_probabilities,
    frame_probabilities,
    sample_pixel,
)

# Class 0 everywhere, class 1 in one frame of four, class 2 nowhere; the last is void.
COUNTS = np.array([[90, 10, 0], [100, 0, 0], [10, 0, 0], [0, 0, 0]])


def test_classes_by_the_inverse_of_their_pixels():
    chances = class_probabilities(COUNTS)
    expected = [[1 / 21, 20 / 21, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(chances, expected)


@pytest.mark.parametrize(
    ("balance", "weights"),
    [(0.0, [1, 1, 1, 1]), (0.5, [2, (4 / 3) ** 0.5, (4 / 3) ** 0.5, 1])],
)
def test_frames_by_their_rarest_class(balance, weights):
    expected = np.array(weights) / sum(weights)
    np.testing.assert_allclose(frame_probabilities(COUNTS, balance), expected)


def test_pixels_are_those_of_the_class_and_equally_likely():
    labels = np.array([[0, 1, 1], [2, 0, 1]], np.uint8)
    rng = np.random.default_rng(0)
    picked = [sample_pixel(labels, np.array([0, 0.75, 0.25]), rng) for _ in range(400)]
    assert set(picked) == {(0, 1), (0, 2), (1, 2), (1, 0)}
    assert all(70 < picked.count(pixel) < 130 for pixel in set(picked))


def test_no_pixel_where_there_is_no_class():
    labels = np.full((2, 3), 255, np.uint8)
    rng = np.random.default_rng(0)
    assert sample_pixel(labels, np.zeros(3), rng) is None
    assert sample_pixel(labels, np.array([0.0, 1.0]), rng) is None
