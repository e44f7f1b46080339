"""The verb `train`: trains a network on a store."""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.cli.common import Verbs, add_field, add_verb, say

if TYPE_CHECKING:
    from segnet.recipe import Recipe


def add_train(verbs: Verbs) -> None:
    from segnet.recipe import Recipe
    from segnet.recipes import OWN, RECIPES

    parser = add_verb(
        verbs,
        "train",
        _train,
        "train a network on a store",
        "  segnet train Store/store.h5 --model slim --out runs/slim --epochs 20"
        " --batch-size 8\n"
        "  segnet train Store/store.h5 --model slim --out runs/slim --epochs 20"
        " --batch-size 8 --resume\n"
        "  segnet train Store/store.h5 --init slim_city14 --out runs/taught"
        " --teacher runs/edgesegnet/best.keras",
    )
    parser.add_argument("store", metavar="STORE", type=Path, help="store.h5")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="RUN", help="run folder to write"
    )
    parser.add_argument(
        "--recipe",
        choices=sorted([OWN, *RECIPES]),
        help="a named recipe; the options below change single values of it; own: "
        "chosen for your own frames, from their number and size",
    )
    parser.add_argument(
        "--extra",
        type=Path,
        metavar="STORE",
        help="a second store with the same classes, rendered frames beside real ones, "
        "say; its share of a batch is --extra-share",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on where a stopped run was cut off"
    )
    parser.add_argument(
        "--verbose",
        type=int,
        choices=(0, 1, 2),
        help="0 silent, 1 a progress bar, 2 a line an epoch (default)",
    )
    parser.add_argument(
        "--pictures",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="draw curves.png, predictions.jpg, train_batch.jpg and classes.png into "
        "RUN (default: on)",
    )
    parser.add_argument(
        "--kernels",
        choices=("keras", "fast"),
        default="keras",
        help="fast: normalisation (TensorFlow) or depthwise convolutions (JAX) by "
        "faster kernels; the same mathematics, other last bits",
    )
    recipe = parser.add_argument_group("recipe")
    for field in dataclasses.fields(Recipe):
        add_field(recipe, field)


def _recipe(name: str | None, store: Path, values: dict) -> "Recipe":
    """Returns the recipe of a name with some values of its fields changed."""
    from segnet.recipe import Recipe
    from segnet.recipes import OWN, RECIPES, own_recipe

    if name != OWN:
        return dataclasses.replace(RECIPES[name] if name else Recipe(), **values)

    from segnet.data.store import open_store

    with open_store(store) as found:
        return own_recipe(len(found["train"]), found["train"].size, **values)


def _train(arguments: argparse.Namespace) -> None:
    from segnet.recipe import Recipe

    values = {
        field.name: getattr(arguments, field.name)
        for field in dataclasses.fields(Recipe)
        if getattr(arguments, field.name) is not None
    }
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    recipe = _recipe(arguments.recipe, arguments.store, values)

    from segnet.evaluate import table
    from segnet.train import train

    verbose = "auto" if arguments.verbose is None else arguments.verbose
    run = train(
        arguments.store,
        recipe,
        arguments.out,
        resume=arguments.resume,
        verbose=verbose,
        extra=arguments.extra,
        kernels=arguments.kernels,
        pictures=arguments.pictures,
    )
    if verbose:
        report = run / "report.json"
        if report.is_file():
            say(table(json.loads(report.read_text())))
        say(f"best weights: {run / 'best.keras'}")
