"""Recipes: invalid values are refused, and JSON keeps all values."""

import dataclasses
import json
import math
import sys
from pathlib import Path

import pytest

from segnet.recipe import Recipe, differences
from segnet.recipes import PURPOSES, RECIPES, own_recipe

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "make"))

import recipes as make_recipes  # noqa: E402


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_round_trip(name):
    recipe = RECIPES[name]
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_round_trip_of_a_crop_and_a_list():
    recipe = Recipe(crop=[96, 128], scale=[1, 2], teacher=["a.keras", "slim_city14"])
    assert recipe.crop == (96, 128) and recipe.teacher == ("a.keras", "slim_city14")
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert hash(recipe) == hash(Recipe.from_json(recipe.to_json()))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""),
        ("epochs", 0),
        ("epochs", 2.0),
        ("epochs", True),
        ("batch_size", -1),
        ("learning_rate", 0),
        ("learning_rate", math.nan),
        ("learning_rate", "fast"),
        ("schedule", "step"),
        ("warmup_epochs", -0.5),
        ("weight_decay", -1e-4),
        ("ema", 1.0),
        ("loss", "jaccard"),
        ("auxiliary", -0.4),
        ("class_weights", "inverse"),
        ("weight_cap", 0),
        ("crop", (63, 96)),
        ("crop", 96),
        ("crop", (96.0, 96)),
        ("scale", (0, 1)),
        ("scale", (2, 1)),
        ("scale", 1.5),
        ("flip", 1),
        ("colour", 1.0),
        ("rare", 1.1),
        ("balance", -0.1),
        ("rotate", 46),
        ("cutmix", 2),
        ("noise", 129),
        ("augment_on", "gpu"),
        ("teacher", "slim"),
        ("teacher", (1,)),
        ("teacher_share", 1),
        ("teacher_share", 0.0),
        ("validate_every", 0),
        ("save_every", 0),
        ("precision", "float16"),
        ("seed", -1),
        ("seed", 2**32),
    ],
)
def test_bad_values_raise_with_name_and_value(field, value):
    with pytest.raises(ValueError, match=f"recipe: {field} is ") as caught:
        Recipe(**{field: value})
    assert repr(value) in str(caught.value)


def test_every_field_is_checked_and_explained():
    for field in dataclasses.fields(Recipe):
        assert field.metadata["help"]
        with pytest.raises(ValueError, match=field.name):
            Recipe(**{field.name: object()})


def test_a_recipe_of_version_0_1_is_read():
    # Without the fields that came later; tuples are lists in JSON.
    text = """{"model": "slim", "epochs": 60, "batch_size": 8, "learning_rate": 0.002,
        "schedule": "cosine", "warmup_epochs": 1.0, "weight_decay": 0.02, "ema": 0.99,
        "loss": "lovasz", "class_weights": "enet", "weight_cap": 10.0,
        "crop": [240, 320], "scale": [0.6, 2.0], "flip": true, "colour": 0.3,
        "rare": 0.4, "balance": 0.5, "init": "slim_scenes14", "seed": 0}"""
    assert Recipe.from_json(text) == Recipe(
        loss="lovasz",
        class_weights="enet",
        crop=(240, 320),
        scale=(0.6, 2.0),
        rare=0.4,
        balance=0.5,
        init="slim_scenes14",
    )


def test_warm_up_ends_with_the_training_at_the_latest():
    assert Recipe(epochs=1).warmup_epochs == 1
    with pytest.raises(ValueError, match=r"warmup_epochs is 4, expected at most .*3"):
        Recipe(epochs=3, warmup_epochs=4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[1]", "expected a JSON object"),
        ('{"lr": 1, "model": "slim"}', "unknown lr; known are .*batch_size, "),
        ('{"epochs": 0}', "epochs is 0"),
    ],
)
def test_bad_json_raises(text, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_json(text)


def test_differences_name_the_field_and_both_values():
    assert differences(Recipe(), Recipe()) == []
    assert differences(Recipe(seed=1), Recipe(seed=2)) == ["seed: 1 -> 2"]


@pytest.mark.parametrize(
    ("frames", "epochs", "batch"),
    [(48, 100, 8), (47, 103, 8), (7, 200, 7), (1, 200, 1), (5000, 20, 8)],
)
def test_own_frames_train_the_longer_the_fewer_they_are(frames, epochs, batch):
    recipe = own_recipe(frames, (180, 240))
    assert (recipe.epochs, recipe.batch_size) == (epochs, batch)
    assert recipe.warmup_epochs == epochs / 20
    assert recipe.validate_every == epochs // 10
    assert (recipe.crop, recipe.class_weights) == (None, "enet")


@pytest.mark.parametrize(
    ("size", "crop"),
    [
        ((360, 480), None),
        ((361, 481), (360, 472)),
        # sqrt(172800 / (1080 * 1920)) = 0.2887: 311.8 and 554.3
        ((1080, 1920), (304, 552)),
        ((64, 8000), (64, 4640)),
        ((63, 8000), None),
    ],
)
def test_crops_of_own_frames_have_their_shape(size, crop):
    assert own_recipe(60, size).crop == crop


def test_values_that_are_given_replace_those_of_own():
    recipe = own_recipe(48, (96, 128), epochs=2, model="edgesegnet", scale=(1, 1))
    assert (recipe.epochs, recipe.warmup_epochs, recipe.validate_every) == (2, 0.1, 1)
    assert (recipe.init, recipe.scale) == ("edgesegnet_city14", (1, 1))
    assert own_recipe(48, (96, 128), model="fast_scnn").init == ""
    assert own_recipe(48, (96, 128), init="").init == ""


def test_each_recipe_says_what_it_is_for():
    assert list(PURPOSES) == list(RECIPES)


def test_the_listed_scores_are_those_of_figures_and_cards():
    assert json.loads(make_recipes.OUT.read_text()) == make_recipes.measured()
