"""Measures the effect of changes to a network or its recipe, under equal budget.

A module with a table of variants calls `main`. Every variant is trained with the same
recipe on the train split of a store and scored on its val split after the last epoch.
Each row is appended to OUT/rows.csv when its run ends; a variant that has a row is not
trained again.
"""

import argparse
import csv
import dataclasses
import json
import statistics
from contextlib import contextmanager
from pathlib import Path

from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.train import train
from segnet.train.kernels import KERNELS

RECIPE = Recipe(
    epochs=20, learning_rate=3e-3, class_weights="enet", validate_every=10**6
)


@contextmanager
def replaced(owner, **values):
    """Replaces attributes of a module within a `with` block."""
    before = {name: getattr(owner, name) for name in values}
    try:
        for name, value in values.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def run(
    name: str,
    variant: tuple,
    store: Path,
    out: Path,
    *,
    epochs: int,
    seed: int,
    kernels: str,
) -> dict:
    """Trains one variant and returns its row."""
    modules, changes = variant
    recipe = dataclasses.replace(RECIPE, epochs=epochs, seed=seed, **changes)
    folder = out / f"{name.replace(' ', '_')}_{seed}"
    with all_replaced(list(modules.items())):
        parameters = MODELS[recipe.model]((64, 64, 3), 11).count_params()
        train(store, recipe, folder, resume=True, verbose=0, kernels=kernels)
    report = json.loads((folder / "report.json").read_text())["best"]
    with open(folder / "history.csv") as file:
        speeds = [float(row["images_per_second"]) for row in csv.DictReader(file)]
    scores = {key: f"{100 * (v or 0):.1f}" for key, v in report["per_class"].items()}
    return {
        "variant": name,
        "seed": seed,
        "epochs": epochs,
        "parameters": parameters,
        "images/s": f"{statistics.median(speeds):.0f}",
        "mIoU": f"{100 * report['miou']:.1f}",
        **scores,
    }


@contextmanager
def all_replaced(modules: list):
    """Replaces attributes of several modules within a `with` block."""
    if not modules:
        yield
        return
    (owner, values), *rest = modules
    with replaced(owner, **values), all_replaced(rest):
        yield


def main(title: str, variants: dict[str, tuple[dict, dict]]) -> None:
    """Runs the command line of a table of variants.

    Args:
        title: Description of the comparison in one line.
        variants: Name -> (changes in modules, changes in the recipe).
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument(
        "--only", nargs="+", default=list(variants), choices=variants, metavar="NAME"
    )
    parser.add_argument(
        "--kernels", choices=KERNELS, default="keras", help="as of `segnet train`"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    table = arguments.out / "rows.csv"
    finished = {(row["variant"], row["seed"]) for row in _rows(table)}
    for seed in arguments.seeds:
        for name in arguments.only:
            if (name, str(seed)) in finished:
                continue
            row = run(
                name,
                variants[name],
                arguments.store,
                arguments.out,
                epochs=arguments.epochs,
                seed=seed,
                kernels=arguments.kernels,
            )
            print(" ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            new = not table.is_file()
            with open(table, "a", newline="") as file:
                writer = csv.DictWriter(file, row)
                if new:
                    writer.writeheader()
                writer.writerow(row)


def _rows(table: Path) -> list[dict]:
    if not table.is_file():
        return []
    with open(table) as file:
        return list(csv.DictReader(file))
