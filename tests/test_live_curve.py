"""The curves that a notebook redraws, and names of run folders."""

import dataclasses

import pytest

from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.runs.folder import name_for
from segnet.train import train
from segnet.train.live_curve import LiveCurve
from test_train import TINY, tiny


def test_a_curve_is_shown_after_each_epoch(store_path, tmp_path, monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)
    recipe, out, shown = dataclasses.replace(TINY, epochs=2), tmp_path / "run", []
    curve = LiveCurve(out / "history.csv", shown.append)
    train(store_path, recipe, out, verbose=0, callbacks=[curve])
    titles = [figure.get_suptitle() for figure in shown]
    assert titles == ["epoch 1 of 2", "epoch 2 of 2"]
    points = [len(figure.axes[0].lines[0].get_xdata()) for figure in shown]
    assert points == [1, 2]


@pytest.mark.parametrize(
    ("ends", "done", "title"),
    [
        ([100.0], 1, "epoch 1 of 10"),
        ([100.0, 104.0, 108.0], 3, "epoch 3 of 10, about 28 s left"),
        ([100.0, 104.0], 10, "epoch 10 of 10"),
    ],
)
def test_the_time_left_leaves_the_first_epoch_out(ends, done, title):
    curve = LiveCurve("history.csv", print)
    curve.set_params({"epochs": 10})
    curve.ends = ends
    assert curve.title(done) == title


def test_another_recipe_has_another_folder():
    first, again = Recipe(seed=1), Recipe(seed=1)
    assert name_for(first) == name_for(again)
    assert name_for(first).startswith("slim_seed1_")
    others = {name_for(Recipe(seed=1, epochs=n)) for n in (5, 6)}
    assert len(others | {name_for(first)}) == 3
