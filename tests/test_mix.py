"""Cut-mix: place and number of rectangles, the same in image and labels."""

import numpy as np

from segnet.data.batches.cutmix import NO_PATCH, draw_patch, paste


def test_paste_by_hand():
    labels = np.stack([np.full((3, 4), frame, np.uint8) for frame in range(3)])
    images = labels[..., None].repeat(3, -1).copy()
    paste(images, labels, [(0, 1, 2, 3), NO_PATCH, (0, 0, 3, 2)])
    np.testing.assert_array_equal(labels[0], [[0, 1, 1, 0], [0, 1, 1, 0], [0] * 4])
    np.testing.assert_array_equal(labels[1], np.ones((3, 4)))
    # From the first frame as it was, not as it is now.
    np.testing.assert_array_equal(labels[2], [[0, 0, 2, 2]] * 3)
    np.testing.assert_array_equal(images, labels[..., None].repeat(3, -1))


def test_patches_lie_inside_and_are_at_most_half():
    size = 37, 53
    rng = np.random.default_rng(0)
    patches = np.array([draw_patch(size, 0.4, rng) for _ in range(600)])
    drawn = patches[patches.any(1)]
    assert 190 < len(drawn) < 290
    top, left, bottom, right = drawn.T
    assert (top >= 0).all() and (bottom <= 37).all()
    assert (left >= 0).all() and (right <= 53).all()
    share = (bottom - top) * (right - left) / (37 * 53)
    assert 0 < share.min() < 0.05
    assert 0.45 < share.max() < 0.53
    assert top.min() == left.min() == 0
    assert bottom.max() == 37 and right.max() == 53


def test_no_share_draws_nothing():
    rng = np.random.default_rng(5)
    assert draw_patch((8, 9), 0.0, rng) == NO_PATCH
    assert rng.random() == np.random.default_rng(5).random()
