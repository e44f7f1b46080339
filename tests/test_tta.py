"""Averaging at test time, against the same sums written out by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from segnet.evaluate import evaluate, table
from segnet.evaluate.tta import averaged
from segnet.models import MODELS
from segnet.models.build import at_size
from test_evaluate import colour_matcher


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """Builds slim with random weights; its output for a mirrored frame differs."""
    keras.utils.set_random_seed(0)
    return MODELS["slim"]((64, 80, 3), 5)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 64, 80, 3), np.uint8)


def said(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return softmax(ops.convert_to_numpy(model(images, training=False)))


def test_one_view_leaves_the_probabilities(network, images):
    alone = averaged(network, flip=False)
    expected = said(network, images)
    np.testing.assert_allclose(said(alone, images), expected, atol=1e-6)


def test_the_mirrored_view_counts_half(network, images):
    mirrored = said(network, images[:, :, ::-1])[:, :, ::-1]
    expected = (said(network, images) + mirrored) / 2
    assert np.abs(expected - mirrored).max() > 1e-3
    found = said(averaged(network), images)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_scale_is_a_network_of_that_size(network, images):
    double = at_size(network, (128, 160))
    large = ops.image.resize(images.astype("float32"), (128, 160))
    large = np.round(ops.convert_to_numpy(large)).astype(np.uint8)
    small = ops.image.resize(said(double, large), (64, 80))
    expected = (said(network, images) + ops.convert_to_numpy(small)) / 2
    found = said(averaged(network, flip=False, scales=(1.0, 2.0)), images)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "scales", [(), (0.0,), (1.0, -2.0), (float("inf"),), (float("nan"),)]
)
def test_scales_out_of_range_are_refused(network, scales):
    with pytest.raises(ValueError, match="expected numbers above 0"):
        averaged(network, scales=scales)


@pytest.mark.parametrize(("scale", "made"), [(1e-9, "0x0"), (0.9, "58x72")])
def test_frames_below_64_pixels_are_refused_with_the_range(network, scale, made):
    words = (
        f"scale {scale:g} makes frames of {made}, .* of 64x80, scales from 1.00 to 8"
    )
    with pytest.raises(ValueError, match=words):
        averaged(network, scales=(1.0, scale))


def test_frames_of_any_size_cannot_be_averaged():
    inputs = keras.Input((None, None, 3), dtype="uint8")
    free = keras.Model(inputs, keras.layers.Conv2D(2, 1)(inputs), name="free")
    with pytest.raises(ValueError, match="free takes frames of any size"):
        averaged(free)


def test_the_report_says_what_was_averaged(store_path):
    # It predicts each pixel alone, so a mirrored view gives the same, except for ties.
    plain = evaluate(colour_matcher(), store_path)
    found = evaluate(colour_matcher(), store_path, flip=True)
    assert plain["test_time"] is None
    assert found["test_time"] == {"flip": True, "scales": [1.0]}
    assert found["miou"] == pytest.approx(plain["miou"], abs=1e-3)
    assert found["parameters"] == plain["parameters"]
    assert "scales 1 and their mirror images" in table(found)
    assert "mirror" not in table(plain)
