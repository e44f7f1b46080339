"""The confusion matrix and its scores, against scikit-learn and a short loop."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import confusion_matrix, jaccard_score

from segnet import metrics
from segnet.metrics import MeanIoU, confusion, iou, onehot_miou_as_reported, scores

VOID = 255
# truth          prediction
# 0 0 1          0 1 1
# 1 v 0          1 0 0
LABELS = np.array([[0, 0, 1], [1, VOID, 0]], np.uint8)
PREDICTIONS = np.array([[0, 1, 1], [1, 0, 0]], np.uint8)


def onehot_logits(predictions, num_classes):
    """Returns logits with the largest value at the predicted class."""
    return 3.0 * np.eye(num_classes, dtype=np.float32)[predictions]


def test_confusion_counts_by_hand():
    matrix = confusion(LABELS, PREDICTIONS, 3)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == [[2, 1, 0], [0, 2, 0], [0, 0, 0]]


def test_scores_by_hand():
    found = scores(confusion(LABELS, PREDICTIONS, 3))
    np.testing.assert_allclose(found.per_class, [2 / 3, 2 / 3, np.nan])
    assert found.miou == pytest.approx(2 / 3)
    assert found.absent == (2,)
    assert found.pixel_accuracy == pytest.approx(4 / 5)
    assert found.frequency_weighted_iou == pytest.approx(3 / 5 * 2 / 3 + 2 / 5 * 2 / 3)


def test_predicting_an_absent_class_hurts_the_class_it_took_from():
    found = scores(confusion([0, 0, 0, 1], [0, 0, 2, 1], 3))
    np.testing.assert_allclose(found.per_class, [2 / 3, 1, np.nan])
    assert found.miou == pytest.approx(5 / 6)


def test_nothing_but_void_has_no_score():
    found = scores(confusion([VOID, VOID], [0, 1], 2))
    assert np.isnan([found.miou, found.pixel_accuracy]).all()
    assert found.absent == (0, 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 20), st.data())
def test_against_scikit_learn_and_a_loop(num_classes, data):
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 7)))
    ids = st.integers(0, num_classes - 1)
    truth_ids = st.one_of(ids, st.just(VOID))
    labels = data.draw(arrays(np.uint8, shape, elements=truth_ids))
    predictions = data.draw(arrays(np.uint8, shape, elements=ids))
    matrix = confusion(labels, predictions, num_classes)
    by_loop = np.zeros((num_classes, num_classes), np.int64)
    for truth, prediction in zip(labels.flat, predictions.flat, strict=True):
        if truth != VOID:
            by_loop[truth, prediction] += 1
    np.testing.assert_array_equal(matrix, by_loop)
    valid = labels != VOID
    if not valid.any():
        return
    pair = labels[valid], predictions[valid]
    everything = range(num_classes)
    np.testing.assert_array_equal(matrix, confusion_matrix(*pair, labels=everything))
    expected = jaccard_score(*pair, labels=everything, average=None, zero_division=0)
    present = matrix.sum(1) > 0
    np.testing.assert_allclose(iou(matrix)[present], expected[present])
    assert np.isnan(iou(matrix)[~present]).all()


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([0, 3], [0, 0], "label 3 in 1 pixels is outside 0 to 2, and void is 255"),
        ([0, -1], [0, 0], "label -1"),
        ([0, 1], [0, 3], "prediction 3"),
        ([0, 1], [[0, 1]], "did you forget the argmax"),
    ],
)
def test_ids_out_of_range_and_shapes_raise(labels, predictions, message):
    with pytest.raises(ValueError, match=message):
        confusion(labels, predictions, 3)


def test_a_matrix_must_be_square():
    for shape in ((3, 2), (2, 4)):
        with pytest.raises(ValueError, match=rf"got \({shape[0]}, {shape[1]}\)"):
            iou(np.zeros(shape, int))


def test_predictions_of_no_class_are_misses():
    # truth      prediction
    # 0 0 0 1    0 1 other 1   and void, predicted other, does not count
    matrix = confusion([0, 0, 0, 1, VOID], [0, 1, 2, 1, 2], 2, other=True)
    assert matrix.tolist() == [[1, 1, 1], [0, 1, 0]]
    found = scores(matrix)
    np.testing.assert_allclose(found.per_class, [1 / 3, 1 / 2])
    assert found.miou == pytest.approx(5 / 12)
    assert found.pixel_accuracy == pytest.approx(2 / 4)
    assert found.frequency_weighted_iou == pytest.approx(3 / 4 / 3 + 1 / 4 / 2)
    # The same as a class of its own that is absent from the ground truth.
    square = scores(confusion([0, 0, 0, 1], [0, 1, 2, 1], 3))
    assert square.miou == found.miou
    assert square.absent == (2,)
    with pytest.raises(ValueError, match="prediction 3 in 1 pixels is outside 0 to 2"):
        confusion([0, 1], [0, 3], 2, other=True)
    with pytest.raises(ValueError, match="label 2 in 1 pixels is outside 0 to 1"):
        confusion([0, 2], [0, 1], 2, other=True)


def test_keras_metric_sums_over_batches_and_partial_ones():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, (5, 9, 13)).astype(np.uint8)
    labels[labels == 4] = VOID
    logits = rng.normal(size=(5, 9, 13, 5)).astype(np.float32)
    metric = MeanIoU(5)
    for rows in (slice(0, 2), slice(2, 4), slice(4, 5)):
        metric.update_state(labels[rows], logits[rows])
    matrix = confusion(labels, logits.argmax(-1), 5)
    np.testing.assert_array_equal(metric.matrix(), matrix)
    assert float(metric.result()) == pytest.approx(scores(matrix).miou, abs=1e-6)
    metric.reset_state()
    assert metric.matrix().sum() == 0


def test_keras_metric_inside_evaluate_and_from_its_config():
    metric = MeanIoU(3, ignore_class=9, name="overlap")
    model = keras.Sequential([keras.Input((2, 3, 3)), keras.layers.Identity()])
    labels = np.where(LABELS == VOID, 9, LABELS)[None].repeat(3, 0)
    logits = onehot_logits(PREDICTIONS, 3)[None].repeat(3, 0)
    model.compile(
        loss=lambda y, p: keras.ops.mean(p),
        metrics=[MeanIoU.from_config(metric.get_config())],
    )
    logs = model.evaluate(logits, labels, batch_size=2, verbose=0, return_dict=True)
    assert logs["overlap"] == pytest.approx(2 / 3, abs=1e-6)


def test_keras_metric_counts_beyond_int32(monkeypatch):
    monkeypatch.setattr(metrics, "WORD", 4)
    metric = MeanIoU(3)
    for _ in range(7):
        metric.update_state(LABELS[None], onehot_logits(PREDICTIONS, 3)[None])
    assert metric.matrix().tolist() == [[14, 7, 0], [0, 14, 0], [0, 0, 0]]
    assert metric.low.numpy().max() < 4
    assert float(metric.result()) == pytest.approx(2 / 3, abs=1e-6)


@pytest.mark.parametrize("stray", [3, 254, -1])
def test_keras_metric_does_not_swallow_labels_that_are_no_class(stray):
    metric = MeanIoU(3)
    labels = LABELS.astype(np.int32)[None]
    labels[0, 0, 0] = stray
    metric.update_state(labels, onehot_logits(PREDICTIONS, 3)[None])
    assert np.isnan(float(metric.result()))
    with pytest.raises(ValueError, match="1 pixels have a label"):
        metric.matrix()


def test_the_old_figure_for_a_network_that_learned_nothing():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 14, (1, 20, 30))
    logits = rng.normal(size=(1, 20, 30, 14))
    assert onehot_miou_as_reported(labels, logits) == pytest.approx(13 / 14 / 2)
    true = scores(confusion(labels, logits.argmax(-1), 14)).miou
    assert true < 0.1


def test_the_old_figure_counts_only_certainty():
    labels = np.array([[[0, 1]]])
    sure, unsure = [200.0, 0.0], [0.0, 5.0]
    # channels of both pixels: truth 1 0 0 1, "prediction" 1 0 0 0
    value = onehot_miou_as_reported(labels, np.array([[[sure, unsure]]]))
    assert value == pytest.approx((2 / 3 + 1 / 2) / 2)
