"""Focal, OHEM, Lovász, Dice, Tversky and sums, against arithmetic and NumPy."""

import inspect
import math

import keras
import numpy as np
import pytest

from segnet import recipe
from segnet.losses import (
    LOSSES,
    Dice,
    Focal,
    Lovasz,
    LowResolution,
    OhemCrossEntropy,
    Sum,
    Tversky,
    WeightedCrossEntropy,
    named,
)
from segnet.metrics import confusion, iou

VOID = 255
WEIGHTS = [1.0, 0.5, 3.0, 2.0]


def probabilities(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def valid_pixels(labels, logits):
    """Returns (N,) class ids and (N, K) probabilities."""
    valid = labels != VOID
    return labels[valid], probabilities(logits.astype(np.float64)[valid])


def focal(labels, logits, gamma, weights):
    labels, p = valid_pixels(labels, logits)
    p = p[np.arange(len(labels)), labels]
    shares = np.array(weights)[labels]
    return (shares * (1 - p) ** gamma * -np.log(p)).sum() / shares.sum()


def ohem(labels, logits, threshold, min_kept, weights):
    labels, p = valid_pixels(labels, logits)
    p = p[np.arange(len(labels)), labels]
    least = np.sort(p)[math.ceil(min_kept * len(p)) - 1]
    kept = (p < threshold) | (p <= least)
    shares = np.array(weights)[labels][kept]
    return (shares * -np.log(p[kept])).sum() / shares.sum()


def lovasz(labels, logits):
    """Returns the Lovász loss by sorting, as published."""
    labels, p = valid_pixels(labels, logits)
    losses = []
    for k in np.unique(labels):
        truth = (labels == k).astype(float)
        errors = np.abs(truth - p[:, k])
        order = np.argsort(-errors, kind="stable")
        truth = truth[order]
        intersection = truth.sum() - truth.cumsum()
        union = truth.sum() + (1 - truth).cumsum()
        steps = np.diff(1 - intersection / union, prepend=0.0)
        losses.append(errors[order] @ steps)
    return np.mean(losses)


def tversky(labels, logits, alpha, beta):
    labels, p = valid_pixels(labels, logits)
    losses = []
    for k in np.unique(labels):
        own, others = p[labels == k, k], p[labels != k, k]
        hits, missed, extra = own.sum(), (1 - own).sum(), others.sum()
        losses.append(1 - hits / (hits + alpha * extra + beta * missed))
    return np.mean(losses)


def cross_entropy(labels, logits):
    return focal(labels, logits, 0, [1.0] * logits.shape[-1])


# Each loss beside what it should give.
PAIRS = {
    "focal": (Focal(), lambda y, x: focal(y, x, 2, [1.0] * 4)),
    "focal weighted": (Focal(0.5, WEIGHTS), lambda y, x: focal(y, x, 0.5, WEIGHTS)),
    "focal of 0": (Focal(0.0), cross_entropy),
    "ohem": (OhemCrossEntropy(), lambda y, x: ohem(y, x, 0.7, 1 / 16, [1.0] * 4)),
    "ohem share": (
        OhemCrossEntropy(0.05, 0.6, WEIGHTS),
        lambda y, x: ohem(y, x, 0.05, 0.6, WEIGHTS),
    ),
    "lovasz": (Lovasz(), lovasz),
    "dice": (Dice(), lambda y, x: tversky(y, x, 0.5, 0.5)),
    "tversky": (Tversky(0.2, 0.9), lambda y, x: tversky(y, x, 0.2, 0.9)),
    "sum": (
        0.5 * Lovasz() + Dice() * 2 + WeightedCrossEntropy(),
        lambda y, x: (
            0.5 * lovasz(y, x) + 2 * tversky(y, x, 0.5, 0.5) + cross_entropy(y, x)
        ),
    ),
}
ALL = pytest.mark.parametrize("loss", [loss for loss, _ in PAIRS.values()], ids=PAIRS)
WITH_ORACLE = pytest.mark.parametrize(("loss", "oracle"), PAIRS.values(), ids=PAIRS)


def pixels(*rows):
    """Returns labels (1, 1, N) and logits (1, 1, N, K) for these probabilities."""
    labels = np.array([[[label for label, _ in rows]]], np.uint8)
    return labels, np.log(np.array([[[p for _, p in rows]]], np.float32))


@pytest.fixture
def batch():
    """Returns one frame of 4x5 pixels and 4 classes, the last of them absent."""
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, (1, 4, 5)).astype(np.uint8)
    labels[:, 1, 1:4] = VOID
    return labels, (2 * rng.normal(size=(1, 4, 5, 4))).astype(np.float32)


def gradient_of(loss, labels, logits):
    """Returns the gradient of a network whose only weights are one frame's logits."""
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(logits.size, use_bias=False, name="logits"),
            keras.layers.Reshape(logits.shape[1:]),
        ]
    )
    model.set_weights([logits.reshape(1, -1)])
    model.compile(keras.optimizers.SGD(1.0), loss)
    model.train_on_batch(np.ones((1, 1), np.float32), labels)
    return (logits.reshape(1, -1) - model.get_weights()[0]).reshape(logits.shape)


@WITH_ORACLE
def test_against_numpy(loss, oracle, batch):
    assert float(loss(*batch)) == pytest.approx(oracle(*batch), rel=1e-5)


@WITH_ORACLE
def test_gradient_against_finite_differences(loss, oracle, batch):
    labels, logits = batch
    step, expected = 1e-6, np.zeros(logits.shape)
    for place in np.ndindex(logits.shape):
        moved = logits.astype(np.float64)
        moved[place] += step
        above = oracle(labels, moved)
        moved[place] -= 2 * step
        expected[place] = (above - oracle(labels, moved)) / (2 * step)
    np.testing.assert_allclose(gradient_of(loss, *batch), expected, atol=2e-6)


@ALL
def test_void_pixels_change_nothing(loss, batch):
    labels, logits = batch
    value = float(loss(labels, logits))
    wild = np.where((labels == VOID)[..., None], 30 * logits[..., ::-1], logits)
    assert float(loss(labels, wild)) == pytest.approx(value, rel=1e-6)
    rows = ((0, 0), (0, 3), (0, 0))
    wider = np.pad(labels, rows, constant_values=VOID)
    assert float(loss(wider, np.pad(logits, (*rows, (0, 0))))) == pytest.approx(
        value, rel=1e-6
    )


@ALL
def test_nothing_but_void_gives_zero_and_no_gradient(loss, batch):
    labels = np.full_like(batch[0], VOID)
    assert float(loss(labels, batch[1])) == 0
    np.testing.assert_array_equal(gradient_of(loss, labels, batch[1]), 0)


@ALL
def test_a_label_that_is_no_class_gives_nan(loss, batch):
    labels, logits = batch
    labels[0, 0, 0] = 4
    assert math.isnan(float(loss(labels, logits)))


@ALL
def test_certain_logits_stay_finite(loss, batch):
    labels, logits = batch
    value = float(loss(labels, 500 * logits))
    assert math.isfinite(value)
    low = keras.ops.cast(logits, "float16")
    exact = float(loss(labels, keras.ops.cast(low, "float32")))
    assert float(loss(labels, low)) == pytest.approx(exact, rel=1e-6)


@ALL
def test_round_trip_through_its_config(loss, batch):
    config = keras.saving.serialize_keras_object(loss)
    twin = keras.saving.deserialize_keras_object(config)
    assert keras.saving.serialize_keras_object(twin) == config
    assert float(twin(*batch)) == float(loss(*batch))


def test_focal_by_hand():
    batch = pixels((0, (0.9, 0.1)), (1, (0.5, 0.5)))
    expected = (0.1**2 * -math.log(0.9) + 0.5**2 * -math.log(0.5)) / 2
    assert float(Focal()(*batch)) == pytest.approx(expected, rel=1e-5)


def test_ohem_by_hand():
    rows = ((0, (p, 1 - p)) for p in (0.9, 0.8, 0.6, 0.5))
    batch = pixels(*rows)
    hard = -(math.log(0.6) + math.log(0.5)) / 2
    assert float(OhemCrossEntropy()(*batch)) == pytest.approx(hard, rel=1e-5)
    three = -(math.log(0.8) + math.log(0.6) + math.log(0.5)) / 3
    for share in (0.51, 0.75):
        loss = OhemCrossEntropy(min_kept=share)
        assert float(loss(*batch)) == pytest.approx(three, rel=1e-5)


def test_ohem_keeps_exactly_its_share_of_sure_pixels():
    rng = np.random.default_rng(0)
    p = rng.permutation(np.linspace(0.95, 0.99, 1000))
    batch = pixels(*((0, (q, 1 - q)) for q in p))
    found = np.count_nonzero(gradient_of(OhemCrossEntropy(), *batch)[..., 0])
    assert found == math.ceil(1000 / 16)


# Probabilities of class 0: 0.8 where it is true, 0.3 where it is not.
TWO = ((0, (0.8, 0.2)), (1, (0.3, 0.7)))


def test_lovasz_by_hand():
    # Class 0: 0.3 of another class costs 1/2, then 0.2 of its own the rest.
    # Class 1: 0.3 of its own costs all, 0.2 of another nothing more.
    expected = ((0.3 / 2 + 0.2 / 2) + 0.3) / 2
    assert float(Lovasz()(*pixels(*TWO))) == pytest.approx(expected, rel=1e-5)


def test_lovasz_of_certain_predictions_is_one_minus_the_iou():
    rng = np.random.default_rng(0)
    labels, found = rng.integers(0, 5, (2, 2, 30, 40)).astype(np.uint8)
    labels[:, :4] = VOID
    logits = 100 * np.eye(5, dtype=np.float32)[found]
    expected = 1 - iou(confusion(labels, found, 5)).mean()
    assert float(Lovasz()(labels, logits)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("spread", [0.01, 1, 5])
def test_lovasz_by_counting_is_near_that_by_sorting(spread):
    rng = np.random.default_rng(0)
    labels = rng.choice(5, (2, 40, 50), p=[0.5, 0.3, 0.15, 0.04, 0.01])
    logits = spread * rng.normal(size=(2, 40, 50, 5)).astype(np.float32)
    logits += 0.5 * spread * np.eye(5, dtype=np.float32)[labels]
    found = float(Lovasz()(labels.astype(np.uint8), logits))
    assert abs(found - lovasz(labels, logits)) < 1 / 1024


def test_lovasz_with_a_stride_takes_the_middle_of_each_square(batch):
    labels, logits = batch
    few = Lovasz()(labels[:, 1::2, 1::2], logits[:, 1::2, 1::2])
    assert float(Lovasz(stride=2)(labels, logits)) == float(few)


def test_dice_and_tversky_by_hand():
    batch = pixels(*TWO)
    expected = 1 - (2 * 0.8 / (0.8 + 0.3 + 1) + 2 * 0.7 / (0.7 + 0.2 + 1)) / 2
    assert float(Dice()(*batch)) == pytest.approx(expected, rel=1e-5)
    # alpha weighs what is predicted too much, beta what is missed
    first, second = 0.8 / (0.8 + 2 * 0.3 + 0.2), 0.7 / (0.7 + 2 * 0.2 + 0.3)
    expected = 1 - (first + second) / 2
    assert float(Tversky(2, 1)(*batch)) == pytest.approx(expected, rel=1e-5)


def test_sums_of_sums_are_flat():
    one, other = WeightedCrossEntropy(), Dice()
    total = 2 * (one + 0.25 * other) + other
    assert total.terms == [(2.0, one), (0.5, other), (1.0, other)]


def test_a_sum_takes_the_losses_of_keras(batch):
    keras_loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=VOID
    )
    found = (0.5 * WeightedCrossEntropy() + keras_loss)(*batch)
    assert float(found) == pytest.approx(1.5 * cross_entropy(*batch), rel=1e-5)


def test_low_resolution_compares_the_middle_of_each_square():
    labels = np.arange(6 * 9, dtype=np.uint8).reshape(1, 6, 9) % 7
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1, 2, 3, 7)).astype(np.float32)
    # Squares of 4: rows 0-3 and 4-5, columns 0-3, 4-7 and 8.
    few = labels[:, [2, 5]][:, :, [2, 6, 8]]
    found = LowResolution(WeightedCrossEntropy())(labels, logits)
    assert float(found) == float(WeightedCrossEntropy()(few, logits))


def test_each_loss_of_a_recipe_is_a_function_and_each_function_is_in_recipes():
    functions = inspect.getmembers(named, inspect.isfunction)
    assert sorted(recipe.LOSSES) == [name for name, _ in functions]
    assert dict(functions) == LOSSES


@pytest.mark.parametrize("name", LOSSES)
def test_losses_by_name_take_weights_and_void(name, batch):
    labels, logits = batch
    loss = LOSSES[name]([1.0, 2.0, 1.0, 0.0], VOID)
    moved = np.where(labels == VOID, 77, labels)
    twin = LOSSES[name]([1.0, 2.0, 1.0, 0.0], 77)
    value = float(loss(labels, logits))
    assert value > 0
    assert float(twin(moved, logits)) == pytest.approx(value, rel=1e-6)
    assert float(LOSSES[name](None, VOID)(labels, logits)) != pytest.approx(value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Focal(-1), "gamma must be 0 or more, got -1"),
        (lambda: OhemCrossEntropy(0), "threshold must be above 0, up to 1, got 0"),
        (lambda: OhemCrossEntropy(min_kept=16), "min_kept must be 0 to 1, got 16"),
        (lambda: Lovasz(stride=0), "stride must be 1 or more, got 0"),
        (lambda: Tversky(0.5, 0), "beta above 0, got 0.5 and 0"),
        (lambda: Sum([]), r"factors of 0 or more, got \[\]"),
        (lambda: -1 * Dice(), r"factors of 0 or more, got \[-1.0\]"),
        (lambda: Focal(class_weights=[1, -1]), "class weights must be 0 or more"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
