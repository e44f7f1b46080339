"""The table of the experiment over CamVid's drives."""

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
import folds

from segnet.models import MODELS
from segnet.models.shipped import read_index
from segnet.recipe import Recipe

RECIPE = Recipe(model="slim", epochs=2, init="slim_scenes14")


def test_a_budget_tells_apart_networks_and_starts_of_one_name():
    budget = folds.budget_of("some", RECIPE)
    assert budget["recipe"] == "some"
    assert budget["parameters"] == MODELS["slim"]((64, 64, 3), 11).count_params()
    assert budget["start_sha256"] == read_index()["slim_scenes14"]["sha256"]
    assert folds.budget_of("some", replace(RECIPE, init=""))["start_sha256"] == ""


def test_drives_of_one_budget_gather_and_another_budget_starts_anew(tmp_path):
    path = tmp_path / "folds.json"
    budget = {"model": "slim", "epochs": 2}
    folds.note(path, budget, "some", "0001TP", {"miou": 0.25})
    folds.note(path, budget, "some", "0006R0", {"miou": 0.5})
    folds.note(path, budget | {"model": "edgesegnet"}, "more", "0006R0", {"miou": 1})
    kept = json.loads(path.read_text())
    assert kept["some"]["drives"] == {"0001TP": {"miou": 0.25}, "0006R0": {"miou": 0.5}}
    assert kept["some"]["budget"] == budget
    folds.note(path, budget | {"epochs": 3}, "some", "0006R0", {"miou": 0.75})
    kept = json.loads(path.read_text())
    assert kept["some"]["drives"] == {"0006R0": {"miou": 0.75}}
    assert kept["more"]["drives"] == {"0006R0": {"miou": 1}}


def test_no_recipe_that_has_seen_val_is_offered():
    assert "camvid11_slim" in folds.CHOICES
    assert not any(folds.RECIPES[name].include_val for name in folds.CHOICES)
