"""Scores a recipe on unseen drives: each drive of CamVid is val once.

    python experiments/folds.py CAMVID OUT --recipe camvid11_slim --epochs 40
    python experiments/folds.py CAMVID OUT --model fast_scnn --scratch

OUT gets a store `fold_DRIVE` and a run folder for each drive. An interrupted run is
resumed; a finished one is only scored again. The scores are those of the last epoch.
They are written to docs/figures/folds.json (or --json), from which docs/make/results.py
makes a table. Runs use fast kernels.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from segnet.data.prepare import prepare
from segnet.data.split import SplitRule
from segnet.data.store import open_store
from segnet.evaluate import evaluate
from segnet.models import MODELS
from segnet.models.shipped import read_index
from segnet.recipe import Recipe
from segnet.recipes import RECIPES
from segnet.runs.last import load_last
from segnet.system.files import replacing
from segnet.train import train

# The last holds most of the frames, including the published val.
DRIVES = ("0001TP", "0006R0", "0016E5")
TABLE = Path(__file__).parents[1] / "docs" / "figures" / "folds.json"
# A recipe that trains on val would be scored on frames it was trained on.
CHOICES = sorted(name for name, recipe in RECIPES.items() if not recipe.include_val)


def store_of(camvid: Path, out: Path, drive: str) -> Path:
    """Returns the store whose val is one drive; writes it if it is missing."""
    folder = out / f"fold_{drive}"
    if (folder / "store.h5").is_file():
        return folder / "store.h5"
    rule = SplitRule("world", val_worlds=(drive,))
    return prepare("camvid", camvid, folder, scale=1, split=rule)


def score(store: Path, recipe: Recipe, run: Path) -> dict:
    """Returns the scores of the last weights of a run on val."""
    train(store, recipe, run, resume=True, verbose=2, kernels="fast")
    with open_store(store) as opened:
        counts = {f"{split}_frames": len(opened[split]) for split in ("train", "val")}
        report = evaluate(load_last(run), opened, "val")
    kept = ("miou", "pixel_accuracy", "per_class")
    return counts | {key: report[key] for key in kept}


def budget_of(name: str, recipe: Recipe) -> dict:
    """Returns the settings that all drives of a row share, with the start's digest."""
    kept = ("model", "epochs", "init", "seed")
    budget = {"recipe": name} | {key: getattr(recipe, key) for key in kept}
    parameters = MODELS[recipe.model]((64, 64, 3), 11).count_params()
    start = read_index()[recipe.init]["sha256"] if recipe.init else ""
    return budget | {"parameters": parameters, "start_sha256": start}


def note(path: Path, budget: dict, name: str, drive: str, row: dict) -> None:
    """Adds the score of one drive to a table; a different budget resets its row."""
    known = json.loads(path.read_text()) if path.is_file() else {}
    entry = known.setdefault(name, {})
    if entry.get("budget") != budget:
        entry = known[name] = {"budget": budget, "drives": {}}
    entry["drives"][drive] = row
    with replacing(path) as part:
        part.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("camvid", type=Path, help="folder of CamVid")
    parser.add_argument("out", type=Path, help="for stores and run folders")
    parser.add_argument("--recipe", default="camvid11_slim", choices=CHOICES)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--model", choices=sorted(MODELS), help="another network")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--init", help="shipped weights, instead of the recipe's")
    start.add_argument("--scratch", action="store_true", help="begin with none")
    parser.add_argument("--drives", nargs="+", default=DRIVES, choices=DRIVES)
    parser.add_argument("--json", type=Path, default=TABLE, help="table to add to")
    arguments = parser.parse_args()
    recipe = replace(RECIPES[arguments.recipe], epochs=arguments.epochs)
    recipe = replace(recipe, model=arguments.model or recipe.model)
    init = "" if arguments.scratch else arguments.init or recipe.init
    recipe = replace(recipe, init=init)
    budget = budget_of(arguments.recipe, recipe)
    name = "_".join([arguments.recipe, recipe.model, init or "scratch"])
    for drive in arguments.drives:
        store = store_of(arguments.camvid, arguments.out, drive)
        row = score(store, recipe, arguments.out / f"{name}_{drive}")
        note(arguments.json, budget, name, drive, row)
        print(f"{drive}: mIoU {100 * row['miou']:.1f}", flush=True)


if __name__ == "__main__":
    main()
