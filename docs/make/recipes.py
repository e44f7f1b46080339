"""Writes what the named recipes scored for `segnet recipes`, from figures and cards.

    python docs/make/recipes.py

Only runs of a recipe as it stands count: those of `experiments/budget.py` in
docs/figures, and shipped weights whose recipe differs in nothing that trains.
"""

import json
from dataclasses import replace
from pathlib import Path

from segnet.models.shipped import FOLDER, read_cards
from segnet.recipe import Recipe
from segnet.recipes import RECIPES

FIGURES = Path(__file__).parents[1] / "figures"
RUNS = ("short.json", "long.json", "street.json")
OUT = FOLDER / "recipes.json"


def measured() -> dict[str, list[dict]]:
    """Returns name -> rows of `network`, `minutes` and `miou`, 0 to 1, on val."""
    found: dict[str, list[dict]] = {}
    for file in RUNS:
        figures = json.loads((FIGURES / file).read_text(encoding="utf-8"))
        name = figures["budget"]["recipe"]
        if figures["budget"]["epochs"] == RECIPES[name].epochs:
            found[name] = [
                _row(network, row["minutes"], row["miou"])
                for network, row in figures["networks"].items()
            ]
    for card in read_cards():
        recipe = Recipe(**card["training"]["recipe"])
        for name, known in RECIPES.items():
            if _as_trained(recipe) == _as_trained(known) and card["scores"]:
                minutes = 60 * card["training"]["hours"]
                row = _row(card["network"], minutes, card["scores"][0]["miou"])
                found.setdefault(name, []).append(row)
    return {name: found[name] for name in RECIPES if name in found}


def _row(network: str, minutes: float, miou: float) -> dict:
    return {"network": network, "minutes": round(minutes, 1), "miou": round(miou, 4)}


def _as_trained(recipe: Recipe) -> Recipe:
    """Returns a recipe without the values that change no weight."""
    return replace(recipe, validate_every=1, save_every=1)


def main() -> None:
    """Writes the file."""
    OUT.write_text(json.dumps(measured(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
