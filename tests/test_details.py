"""Details that `evaluate` reports beside its scores, on frames with known answers."""

import csv
import json

import keras
import numpy as np
import pytest

from segnet.classes import VKITTI1
from segnet.data.store import open_store
from segnet.evaluate import evaluate
from segnet.scores.frame_counts import FrameCounts


@pytest.fixture(scope="module")
def half_sure():
    """Returns a network that always predicts class 0 (Terrain), probability 27/40."""
    inputs = keras.Input((64, 96, 3), dtype="uint8")
    x = keras.layers.Rescaling(0.0)(inputs)
    x = keras.layers.Conv2D(14, 1, name="logits")(x)
    model = keras.Model(inputs, x, name="half_sure")
    bias = np.zeros(14, np.float32)
    bias[0] = np.log(27)
    model.get_layer("logits").set_weights([np.zeros((1, 1, 3, 14)), bias])
    return model


def test_the_details_are_those_of_a_hand_computed_network(
    half_sure, store_path, tmp_path
):
    report = evaluate(half_sure, store_path, "val", out=tmp_path)
    details = report["details"]
    with open_store(store_path) as store:
        _, labels = store["val"].load()
        names = store["val"].frame_ids
    share = (labels == 0).sum() / (labels != VKITTI1.void).sum()
    terrain, sky = (details["per_class"][VKITTI1.names[k]] for k in (0, 1))
    assert terrain["recall"] == 1.0
    assert terrain["precision"] == pytest.approx(share)
    assert terrain["f1"] == pytest.approx(2 * share / (1 + share))
    assert terrain["share"] == pytest.approx(share)
    assert (sky["recall"], sky["precision"], sky["f1"]) == (0, 0, 0)
    assert details["calibration"]["error"] == pytest.approx(27 / 40 - share, abs=1e-5)
    full = [row for row in details["calibration"]["bins"] if row["share"]]
    assert len(full) == 1
    assert full[0]["confidence"] == pytest.approx(27 / 40, abs=1e-5)
    assert details["confident_mistakes"]["share"] == 0
    kept = FrameCounts.load(tmp_path / "frames.npz")
    head, *rows = csv.reader((tmp_path / "frames.csv").read_text().splitlines())
    assert head == ["frame", "miou", *VKITTI1.names]
    for row, label, name in zip(rows, labels, names, strict=True):
        terrain_iou = (label == 0).sum() / (label != VKITTI1.void).sum()
        # Terrain alone is predicted, so the others have 0 where they occur.
        present = len(set(label.flat) - {VKITTI1.void})
        assert row[0] == name
        assert float(row[1]) == pytest.approx(terrain_iou / present, abs=1e-4)
        assert float(row[2]) == pytest.approx(terrain_iou, abs=1e-4)
        assert row[2:].count("") == len(VKITTI1.names) - present
    assert kept.frame_ids == tuple(names)
    assert kept.true_positives[:, 0].sum() == (labels == 0).sum()
    assert details["drives"] == [
        {"name": "0001/clone", "frames": 3, "miou": pytest.approx(report["miou"])}
    ]
    json.dumps(report, allow_nan=False)


def test_an_interval_needs_two_blocks(half_sure, store_path):
    report = evaluate(half_sure, store_path, "train")
    interval = report["details"]["interval"]
    assert (interval["blocks"], interval["drives"]) == (3, 1)
    low, high = interval["miou"]
    assert low <= report["miou"] <= high
    absent = VKITTI1.names.index("Van")
    assert details_of_class(report, absent)["interval"] is None


def details_of_class(report, index):
    return report["details"]["per_class"][VKITTI1.names[index]]


def test_a_run_behind_a_model_is_named_in_its_report(half_sure, store_path, tmp_path):
    from segnet.recipe import Recipe

    recipe = Recipe(model="slim", seed=7)
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    half_sure.save(tmp_path / "best.keras")
    report = evaluate(tmp_path / "best.keras", store_path)
    assert report["training"]["recipe"]["seed"] == 7
    assert report["training"]["weights"] == "best"
    assert evaluate(half_sure, store_path)["training"] is None


def test_a_gallery_shows_one_frame_of_each_block():
    from segnet.evaluate.writing import _apart

    blocks = np.array([0, 0, 1, 1, 2])
    assert _apart([3, 2, 0, 4, 1], blocks) == [3, 0, 4]
    assert _apart([], blocks) == []
