"""The tables of variants in experiments: each variant can be built."""

import dataclasses
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
import ideas
import repairs
import shapes
import variants

from segnet.models import MODELS

TABLES = {
    "ideas": ideas.VARIANTS,
    "repairs": repairs.VARIANTS,
    "shapes": shapes.VARIANTS,
}
ALL = [(table, name) for table, rows in TABLES.items() for name in rows]
OF_MODULES = [(table, name) for table, name in ALL if TABLES[table][name][0]]


@pytest.mark.parametrize(("table", "name"), ALL)
def test_each_change_to_the_recipe_is_one(table, name):
    _, changes = TABLES[table][name]
    dataclasses.replace(variants.RECIPE, **changes)


@pytest.mark.parametrize(("table", "name"), OF_MODULES)
def test_each_change_to_a_network_builds_another_and_is_undone(table, name):
    modules, changes = TABLES[table][name]
    build = MODELS[changes.get("model", "slim")]

    plain = str(build((64, 80, 3), 11).get_config())
    with variants.all_replaced(list(modules.items())):
        model = build((64, 80, 3), 11)
        assert model.output_shape == (None, 64, 80, 11)
        assert str(model.get_config()) != plain
    assert str(build((64, 80, 3), 11).get_config()) == plain
