"""The table that the benchmark over CamVid's drives keeps."""

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import folds

from segnet.recipe import Recipe

RECIPE = Recipe(model="slim", epochs=2, init="slim_scenes14")


def test_drives_of_one_budget_gather_and_another_budget_starts_anew(tmp_path):
    path = tmp_path / "folds.json"
    folds.note(path, RECIPE, "some", "0001TP", {"miou": 0.25})
    folds.note(path, RECIPE, "some", "0006R0", {"miou": 0.5})
    folds.note(path, replace(RECIPE, model="edgesegnet"), "more", "0006R0", {"miou": 1})
    kept = json.loads(path.read_text())
    assert kept["some"]["drives"] == {"0001TP": {"miou": 0.25}, "0006R0": {"miou": 0.5}}
    budget = {"model": "slim", "epochs": 2, "init": "slim_scenes14", "seed": 0}
    assert kept["some"]["budget"] == budget
    folds.note(path, replace(RECIPE, epochs=3), "some", "0006R0", {"miou": 0.75})
    kept = json.loads(path.read_text())
    assert kept["some"]["drives"] == {"0006R0": {"miou": 0.75}}
    assert kept["more"]["drives"] == {"0006R0": {"miou": 1}}


def test_no_recipe_that_has_seen_val_is_offered():
    assert "camvid11_slim" in folds.CHOICES
    assert not any(folds.RECIPES[name].include_val for name in folds.CHOICES)
