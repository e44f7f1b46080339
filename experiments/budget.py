"""Trains all five networks under one budget: same frames and recipe, from scratch.

    python experiments/budget.py STORE OUT --recipe quick --epochs 12

OUT gets a run folder for each network. An interrupted run is resumed; a finished one is
only read. Scores are those of the last epoch, without selection. With --json the rows
are written to a file from which docs/make/results.py makes a table. Runs use fast
kernels; all of them on one core have comparable minutes (`taskset -c 0`).
"""

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.recipes import RECIPES
from segnet.system.files import replacing
from segnet.train import train

# Its paper trains it with these heads; no shipped recipe gives the others any.
AUXILIARY = {"fast_scnn": 0.4}


def budget_for(recipe: Recipe, name: str) -> Recipe:
    """Returns the recipe for a network: from scratch, scored once, at the end."""
    return replace(
        recipe,
        model=name,
        init="",
        auxiliary=AUXILIARY.get(name, 0.0),
        validate_every=recipe.epochs,
    )


def row_of(run: Path) -> dict:
    """Returns the row of a finished run folder."""
    report = json.loads((run / "report.json").read_text())["best"]
    with open(run / "history.csv") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    kept = ("parameters", "miou", "pixel_accuracy", "per_class", "frames", "source")
    return {key: report[key] for key in kept} | {"minutes": sum(seconds) / 60}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path, help="for run folders")
    parser.add_argument("--recipe", default="quick", choices=sorted(RECIPES))
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--json", type=Path, help="table to add to")
    arguments = parser.parse_args()
    recipe = RECIPES[arguments.recipe]
    recipe = replace(recipe, epochs=arguments.epochs or recipe.epochs)
    rows = {}
    for name in arguments.models:
        run = arguments.out / name
        train(
            arguments.store,
            budget_for(recipe, name),
            run,
            resume=True,
            verbose=2,
            kernels="fast",
        )
        rows[name] = row_of(run)
        print(f"{name}: mIoU {100 * rows[name]['miou']:.1f}", flush=True)
    if arguments.json:
        budget = {"recipe": arguments.recipe, "epochs": recipe.epochs}
        table = {"budget": budget | {"seed": recipe.seed}, "networks": rows}
        with replacing(arguments.json) as part:
            part.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
