"""The command that a run keeps, and where its stores are."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from segnet.cli import _parser
from segnet.cli.train import _recipe
from segnet.recipe import Recipe
from segnet.recipes import RECIPES, closest, described
from segnet.runs.command import (
    path_of_place,
    place_of,
    resume_command,
    train_command,
)

OWN = Recipe(
    model="edgesegnet",
    crop=(64, 96),
    scale=(0.5, 1.5),
    flip=False,
    include_val=True,
    init="slim_city14",
    teacher=("slim_city14", "slim_scenes14"),
    validate_every=7,
    learning_rate=1e-5,
)


FEWER = replace(RECIPES["camvid11_slim"], epochs=20)


@pytest.mark.parametrize("recipe", [OWN, FEWER, Recipe(), *RECIPES.values()])
def test_the_command_makes_the_recipe_again(recipe):
    words = shlex.split(train_command(recipe, "Store/store.h5", "runs/a b"))
    arguments = _parser().parse_args(words[1:])
    assert _recipe(arguments, arguments.store) == recipe
    assert (arguments.store, arguments.out) == (
        Path("Store/store.h5"),
        Path("runs/a b"),
    )


def test_the_command_is_short_and_names_no_place():
    recipe = Recipe(epochs=3, init="/home/ann/runs/a/best.keras")
    places = "/home/ann/S/store.h5", "/x/y/z", "/e/f/g.h5"
    command = train_command(recipe, *places, "fast")
    assert command == (
        "segnet train S/store.h5 --out y/z --epochs 3 --init a/best.keras "
        "--extra f/g.h5 --kernels fast"
    )
    assert resume_command("runs/a b") == "segnet train --out 'runs/a b' --resume"


def test_the_closest_recipe_is_the_one_with_fewest_changes():
    assert closest(Recipe(seed=3)) == ("", ["seed"])
    short = Recipe(epochs=20, learning_rate=1e-3, class_weights="enet", seed=2)
    assert closest(short) == ("camvid11_short", ["seed"])
    assert described(short) == "camvid11_short, seed=2"
    assert described(Recipe()) == "default"


@pytest.mark.parametrize(
    ("store", "out", "place"),
    [
        ("home/ann/Store/s.h5", "home/ann/runs/a", "../../Store/s.h5"),
        ("data/s.h5", "home/ann/runs/a", "../../../../data/s.h5"),
        ("home/ann/Store/s.h5", "scratch/a", "~/Store/s.h5"),
    ],
)
def test_a_store_is_found_from_the_run_folder(tmp_path, monkeypatch, store, out, place):
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "ann"))
    assert place_of(tmp_path / store, tmp_path / out) == place
    assert path_of_place(place, tmp_path / out) == tmp_path / store


def test_a_store_of_another_user_is_named_without_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "ann"))
    place = place_of(tmp_path / "home" / "bob" / "Store" / "s.h5", tmp_path / "runs")
    assert place == "Store/s.h5"
