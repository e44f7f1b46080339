"""The verb `recipes`: lists the named recipes and what they scored."""

import argparse
import json

from segnet.cli.common import Verbs, add_verb, say


def add_recipes(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "recipes",
        _recipes,
        "list the named recipes: what each is for, and what it scored",
        "  segnet recipes\n  segnet recipes quick > quick.json   # to change and train",
    )
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="print this recipe as JSON"
    )


def _recipes(arguments: argparse.Namespace) -> None:
    from segnet.recipes import RECIPES

    if not arguments.name:
        say(_table())
    elif arguments.name in RECIPES:
        say(RECIPES[arguments.name].to_json().rstrip())
    else:
        raise ValueError(
            f"no recipe {arguments.name!r}; known are {', '.join(sorted(RECIPES))}"
        )


def _table() -> str:
    """Returns a row for each recipe, and one for each further measurement of it."""
    from segnet.models.shipped import FOLDER
    from segnet.recipe import Recipe
    from segnet.recipes import OWN, OWN_EPOCHS, OWN_START, PURPOSES, RECIPES
    from segnet.report.tables import percent, text_table

    measured = json.loads((FOLDER / "recipes.json").read_text(encoding="utf-8"))
    rows = []
    for name, recipe in RECIPES.items():
        found = measured.get(name, [])
        facts = [PURPOSES[name], str(recipe.epochs), recipe.init or "scratch"]
        for row in found or [None]:
            scored = ["-", "-"]
            network = recipe.model
            if row:
                network = row["network"]
                scored = [f"{row['minutes']:.0f}", percent(row["miou"])]
            rows.append([name, *facts, network, *scored])
            name, facts = "", [""] * len(facts)
    few, many = OWN_EPOCHS
    own = "your own frames: chosen from their number and size"
    start = OWN_START[Recipe().model]
    rows.insert(0, [OWN, own, f"{few} to {many}", start, Recipe().model, "-", "-"])
    header = ["recipe", "for", "epochs", "from", "network", "minutes", "val mIoU %"]
    return (
        f"{text_table(header, rows, left=5)}\n\n"
        f"minutes and mIoU: one run of the recipe as it stands, on the data it is for, "
        f"on a CPU; -: not measured"
    )
