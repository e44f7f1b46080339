"""Scores from counts of frames, against plain loops and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from segnet.scores.boundary import (
    band_width,
    boundary_counts,
    near_border,
    trimap_counts,
)
from segnet.scores.calibration import BINS, Calibration, calibration_of
from segnet.scores.frame_counts import FrameCounts, image_miou, iou_of, three_means

VOID = 255


def matrix_of(labels, predictions, count):
    matrix = np.zeros((count, count), np.int64)
    for label, prediction in zip(labels.ravel(), predictions.ravel(), strict=True):
        if label != VOID:
            matrix[label, prediction] += 1
    return matrix


@pytest.fixture
def frames():
    """Returns 6 frames of 7x9 pixels, 4 classes; class 3 is in no ground truth."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (6, 7, 9)).astype(np.uint8)
    labels[:, 0] = VOID
    labels[4] = 1
    labels[5] = VOID
    wrong = rng.random(labels.shape) < 0.4
    guesses = rng.integers(0, 4, labels.shape).astype(np.uint8)
    predictions = np.where(wrong | (labels == VOID), guesses, labels).astype(np.uint8)
    return labels, predictions


@pytest.fixture
def counts(frames):
    matrices = [matrix_of(*pair, 4) for pair in zip(*frames, strict=True)]
    return FrameCounts.of([f"a/{i}" for i in range(6)], list("wxyz"), matrices)


def test_iou_and_f1_are_those_of_scikit_learn(frames, counts):
    labels, predictions = (array[frames[0] != VOID] for array in frames)
    hits, false, missed = (
        a.sum(0)
        for a in (
            counts.true_positives,
            counts.false_positives,
            counts.false_negatives,
        )
    )
    expected = jaccard_score(
        labels, predictions, labels=range(4), average=None, zero_division=0
    )
    np.testing.assert_allclose(iou_of(hits, false, missed)[:3], expected[:3])
    f1 = 2 * hits / (2 * hits + false + missed)
    expected = f1_score(labels, predictions, labels=range(4), average=None)
    np.testing.assert_allclose(f1[:3], expected[:3])


def test_a_predicted_class_without_ground_truth_is_left_out_and_said(frames, counts):
    means = three_means(counts)
    labels, predictions = (array[frames[0] != VOID] for array in frames)
    zero = jaccard_score(
        labels, predictions, labels=range(4), average="macro", zero_division=0
    )
    assert means.absent_as_zero == pytest.approx(zero)
    assert means.over_set == pytest.approx(zero * 4 / 3)


def test_three_means_are_those_of_a_loop(frames, counts):
    per_image, per_class = [], {}
    for label, prediction in zip(*frames, strict=True):
        found = []
        for k in np.unique(label[label != VOID]):
            inside, said = label == k, (prediction == k) & (label != VOID)
            value = (inside & said).sum() / (inside | said).sum()
            found.append(value)
            per_class.setdefault(k, []).append(value)
        if found:
            per_image.append(np.mean(found))
    means = three_means(counts, share=0.4)
    assert means.per_image == pytest.approx(np.mean(per_image))
    assert means.per_class == pytest.approx(
        np.mean([np.mean(v) for v in per_class.values()])
    )
    assert means.worst_images == pytest.approx(np.mean(sorted(per_image)[:2]))
    worst = [np.mean(sorted(v)[: int(0.4 * len(v))]) for v in per_class.values()]
    assert means.worst_of_classes == pytest.approx(np.mean(worst))
    np.testing.assert_allclose(image_miou(counts)[:5], per_image)
    assert np.isnan(image_miou(counts)[5])


def test_predictions_of_no_scored_class_are_misses():
    matrices = [[[3, 1, 2], [0, 4, 0]]]
    counts = FrameCounts.of(["f"], ["a", "b"], matrices)
    assert counts.true_positives.tolist() == [[3, 4]]
    assert counts.false_positives.tolist() == [[0, 1]]
    assert counts.false_negatives.tolist() == [[3, 0]]


def test_counts_come_back_from_their_file(counts, tmp_path):
    counts.save(tmp_path / "frames.npz")
    back = FrameCounts.load(tmp_path / "frames.npz")
    assert (back.frame_ids, back.class_names) == (counts.frame_ids, counts.class_names)
    np.testing.assert_array_equal(back.false_negatives, counts.false_negatives)


def test_damaged_counts_are_refused_by_name(counts, tmp_path):
    path = tmp_path / "frames.npz"
    counts.save(path)
    content = path.read_bytes()
    for damaged in (b"", b"no zip", content[:-30], content.replace(b"class", b"glass")):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"frames\.npz: no counts of frames"):
            FrameCounts.load(path)
    with pytest.raises(FileNotFoundError, match=r"other\.npz: no such file"):
        FrameCounts.load(tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("true_positives", lambda array: array + 0.5, "its counts are no numbers"),
        ("true_positives", lambda array: array * 1j, "its counts are no numbers"),
        ("true_positives", lambda array: array + 2**62, "its counts are no numbers"),
        ("false_positives", lambda array: array - 99, "its counts are no numbers"),
        ("false_negatives", lambda array: array[:1], "its counts do not fit"),
        ("frame_ids", lambda array: np.arange(len(array)), "are no text"),
        ("class_names", lambda array: array[:0], "no frames or no classes"),
        ("format", lambda array: array + 1, "its format is 2, expected 1"),
    ],
)
def test_counts_that_are_none_are_refused(counts, tmp_path, name, change, words):
    path = tmp_path / "frames.npz"
    counts.save(path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {name: change(arrays[name])})
    with pytest.raises(ValueError, match=rf"frames\.npz: no counts.*{words}"):
        FrameCounts.load(path)


def borders_by_loop(ids, width, edge):
    height, breadth = ids.shape
    found = np.zeros(ids.shape, bool)
    for y in range(height):
        for x in range(breadth):
            window = ids[
                max(0, y - width) : y + width + 1, max(0, x - width) : x + width + 1
            ]
            inside = min(y, x, height - 1 - y, breadth - 1 - x) >= width
            found[y, x] = (window != ids[y, x]).any() or (edge and not inside)
    return found


@pytest.mark.parametrize("edge", [True, False])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 20])
def test_borders_are_those_of_a_loop(width, edge):
    rng = np.random.default_rng(width)
    ids = np.kron(rng.integers(0, 3, (3, 4)), np.ones((5, 7), int)).astype(np.uint8)
    ids[7, 11] = 9
    expected = borders_by_loop(ids, width, edge)
    np.testing.assert_array_equal(near_border(ids, width, edge), expected)


def test_the_band_is_two_percent_of_the_diagonal():
    assert band_width((360, 480)) == 12
    assert band_width((3, 4)) == 1


def test_boundary_counts_are_those_of_a_loop():
    rng = np.random.default_rng(3)
    size = (60, 80)
    labels = np.kron(rng.integers(0, 3, (6, 8)), np.ones((10, 10), int))
    labels = labels.astype(np.uint8)
    labels[20:25, 30:50] = VOID
    predictions = np.roll(np.where(labels == VOID, 0, labels), 3, 1).astype(np.uint8)
    found = boundary_counts(labels, predictions, 4)
    width = band_width(size)
    assert width == 2
    near = [borders_by_loop(a, width, True) for a in (labels, predictions)]
    for k in range(4):
        truth = (labels == k) & near[0]
        guess = (predictions == k) & near[1] & (labels != VOID)
        assert found[:, k].tolist() == [(truth & guess).sum(), (truth | guess).sum()]


def test_the_trimap_counts_both_sides_of_a_border():
    labels = np.zeros((4, 20), np.uint8)
    labels[:, 10:] = 1
    predictions = labels.copy()
    predictions[:, 10:12] = 0
    found = trimap_counts(labels, predictions, widths=(1, 2, 4))
    assert found.tolist() == [[4, 8], [8, 16], [24, 32]]


def test_calibration_error_is_that_of_a_loop():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, (5, 40, 40)).astype(np.uint8)
    labels[0] = VOID
    confidence = rng.random(labels.shape).astype(np.float32)
    right = rng.random(labels.shape) < confidence**2
    predictions = np.where(right, labels, (labels + 1) % 3).astype(np.uint8)
    total = Calibration.empty()
    for frame in zip(labels, predictions, confidence, strict=True):
        total += calibration_of(*frame)
    valid, expected = labels != VOID, 0.0
    for i in range(BINS):
        inside = valid & (confidence > i / BINS) & (confidence <= (i + 1) / BINS)
        accuracy = (labels == predictions)[inside].mean()
        expected += inside.sum() * abs(accuracy - confidence[inside].mean())
    assert total.error == pytest.approx(expected / valid.sum(), abs=1e-6)
    assert total.error > 0.1
    assert sum(row["share"] for row in total.bins) == pytest.approx(1)


def test_a_perfectly_calibrated_network_has_no_error():
    labels = np.zeros(100, np.uint8)
    predictions = np.array([0] * 80 + [1] * 20, np.uint8)
    found = calibration_of(labels, predictions, np.full(100, 0.8))
    assert found.error == pytest.approx(0)
    assert np.isnan(Calibration.empty().error)
