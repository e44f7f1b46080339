"""Weighted cross-entropy against arithmetic, and the class-weight rules."""

import math

import keras
import numpy as np
import pytest

from segnet.data.camvid import reader
from segnet.losses import WeightedCrossEntropy, enet_weights, median_frequency_weights

VOID = 255


def by_hand(labels, logits, weights):
    """Returns the weighted mean of -log(probability) over the valid pixels."""
    total = share = 0.0
    for label, row in zip(
        labels.flat, logits.reshape(-1, logits.shape[-1]), strict=True
    ):
        if label != VOID:
            total -= weights[label] * math.log(
                math.exp(row[label]) / sum(math.exp(value) for value in row)
            )
            share += weights[label]
    return total / share


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (2, 5, 7)).astype(np.uint8)
    labels[:, 0] = VOID
    return labels, rng.normal(size=(2, 5, 7, 4)).astype(np.float32)


def test_sample_weights_are_refused_and_sum_adds(batch):
    loss = WeightedCrossEntropy()
    with pytest.raises(ValueError, match="takes no sample weights; give weights to"):
        loss(*batch, sample_weight=[1.0, 2.0])
    assert float(sum([loss, loss])(*batch)) == pytest.approx(2 * float(loss(*batch)))


def test_uniform_logits_give_the_log_of_the_number_of_classes():
    labels = np.array([[[0, 3, VOID]]], np.uint8)
    loss = WeightedCrossEntropy()(labels, np.zeros((1, 1, 3, 4), np.float32))
    assert float(loss) == pytest.approx(math.log(4))


@pytest.mark.parametrize("weights", [None, [1.0, 0.5, 3.0, 0.0]])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_against_the_sum_over_pixels(batch, weights, dtype):
    labels, logits = batch
    loss = WeightedCrossEntropy(weights)(labels.astype(dtype), logits)
    expected = by_hand(labels, logits, weights or [1.0] * 4)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_without_weights_it_is_the_loss_of_keras(batch):
    keras_loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=VOID
    )
    expected = float(keras_loss(*batch))
    assert float(WeightedCrossEntropy()(*batch)) == pytest.approx(expected, rel=1e-5)


def test_weights_change_the_share_of_classes_and_not_the_size(batch):
    small = WeightedCrossEntropy([0.1] * 4)(*batch)
    large = WeightedCrossEntropy([10.0] * 4)(*batch)
    assert float(small) == pytest.approx(float(large), rel=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision_logits_lose_only_their_own_digits(batch, dtype):
    labels, logits = batch
    low = keras.ops.cast(60 * logits, dtype)
    loss = WeightedCrossEntropy()(labels, low)
    exact = WeightedCrossEntropy()(labels, keras.ops.cast(low, "float32"))
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert float(loss) == pytest.approx(float(exact), rel=1e-6)
    assert math.isfinite(float(loss))


def trained_one_step(labels, weights=None):
    model = keras.Sequential(
        [keras.Input((2, 3, 3)), keras.layers.Conv2D(4, 1, name="classifier")]
    )
    before = model.get_weights()
    model.compile("sgd", WeightedCrossEntropy(weights))
    images = np.ones((1, 2, 3, 3), np.float32)
    loss = model.train_on_batch(images, labels)
    pairs = zip(before, model.get_weights(), strict=True)
    return float(loss), max(np.abs(new - old).max() for old, new in pairs)


def test_a_batch_of_void_gives_zero_and_moves_nothing():
    labels = np.full((1, 2, 3), VOID, np.uint8)
    assert trained_one_step(labels) == (0.0, 0.0)


def test_a_batch_of_unweighted_classes_gives_zero_and_moves_nothing():
    labels = np.full((1, 2, 3), 2, np.uint8)
    assert trained_one_step(labels, [1, 1, 0, 1]) == (0.0, 0.0)
    assert trained_one_step(labels)[1] > 0


def test_a_label_that_is_no_class_gives_nan():
    labels = np.array([[[0, 4]]], np.uint8)
    loss = WeightedCrossEntropy()(labels, np.zeros((1, 1, 2, 4), np.float32))
    assert math.isnan(float(loss))


def test_round_trip_through_its_config(batch):
    loss = WeightedCrossEntropy([1, 2, 3, 4], ignore_class=254)
    text = keras.saving.serialize_keras_object(loss)
    twin = keras.saving.deserialize_keras_object(text)
    assert twin.get_config() == loss.get_config()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -1], "0 or more"),
        ([1, math.nan], "0 or more"),
        ([0, 0], "nothing could be learned"),
    ],
)
def test_bad_weights_raise(weights, message):
    with pytest.raises(ValueError, match=message):
        WeightedCrossEntropy(weights)


def test_wrong_number_of_weights_raises(batch):
    with pytest.raises(ValueError, match="3 class weights for logits of 4 classes"):
        WeightedCrossEntropy([1, 2, 3])(*batch)


def test_median_frequency_by_hand():
    # frequencies 60/2, 30/1, 10/2 -> 30, 30, 5; the median is 30; class 3 is absent
    weights = median_frequency_weights([60, 30, 10, 0], [2, 1, 2, 0])
    np.testing.assert_allclose(weights, [1, 1, 6, 0])
    capped = median_frequency_weights([60, 30, 10, 0], [2, 1, 2, 0], cap=4)
    np.testing.assert_allclose(capped, [1, 1, 4, 0])


def test_enet_by_hand():
    weights = enet_weights([75, 25, 0])
    np.testing.assert_allclose(weights, [1 / math.log(1.77), 1 / math.log(1.27), 0])
    np.testing.assert_allclose(enet_weights([1, 0], c=2.0), [1 / math.log(3), 0])
    with pytest.raises(ValueError, match="above 1, got 1"):
        enet_weights([1], c=1)


def test_weights_of_nothing_raise():
    with pytest.raises(ValueError, match="no class occurs"):
        enet_weights([0, 0])
    with pytest.raises(ValueError, match=r"\(2,\) and frames \(3,\)"):
        median_frequency_weights([1, 2], [1, 2, 3])


def test_median_frequency_of_the_real_camvid(camvid_root):
    source = reader(camvid_root)
    pixels, frames = np.zeros(11), np.zeros(11)
    for frame in source.frames:
        if frame.publisher_split == "train":
            counts = np.bincount(source.read_labels(frame).ravel(), minlength=256)[:11]
            pixels += counts
            frames += counts > 0
    expected = [
        *(0.2793, 0.2017, 4.7865, 0.1490, 1.0, 0.4217),
        *(3.8467, 1.9736, 0.7889, 6.3747, 8.8587),
    ]
    found = median_frequency_weights(pixels, frames)
    np.testing.assert_allclose(found, expected, atol=5e-5)
