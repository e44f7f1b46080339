"""Packing a run: its weights, its card, and parts that do not match."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from segnet.classes import VKITTI1
from segnet.cli import main
from segnet.evaluate import evaluate
from segnet.models import MODELS
from segnet.models.shipped import build_shipped, read_cards, read_index
from segnet.models.weight_file import name_variables
from segnet.recipe import Recipe
from segnet.runs.cards import card_text, class_map_of_card, weights_table
from segnet.runs.loading import load
from segnet.runs.packing import pack
from segnet.runs.state import read_progress, save_state
from segnet.train import train
from test_train import tiny

NOTES = {
    "data": "Bands of colour.",
    "licence": "Free to use.",
    "hardware": "1 CPU core",
    "commands": ["segnet train store.h5"],
    "limits": ["Knows bands only.", "Vans are absent."],
}
RECIPE = Recipe(model="tiny", epochs=1, batch_size=4, learning_rate=0.02, ema=0.6)


@pytest.fixture(autouse=True)
def with_tiny(monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)


@pytest.fixture(scope="module")
def run(store_path, tmp_path_factory):
    """Makes a finished run with a report of its best weights and notes beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "tiny", tiny)
        out = train(store_path, RECIPE, tmp_path_factory.mktemp("run"), verbose=0)
    (out / "notes.json").write_text(json.dumps(NOTES))
    return out


def packed(run, folder, name="tiny_bands", **options):
    given = {"reports": [run / "report.json"], "notes": run / "notes.json"}
    return pack(run, name, folder=folder, **(given | options))


def test_best_weights_come_back_by_name(run, tmp_path):
    packed(run, tmp_path)
    model = build_shipped("tiny_bands", folder=tmp_path)
    best = keras.saving.load_model(run / "best.keras")
    assert model.output_shape == best.output_shape
    for ours, theirs in zip(model.get_weights(), best.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2**-11, atol=1e-7)


def test_the_card_repeats_run_report_and_notes(run, tmp_path):
    path = packed(run, tmp_path)
    card = json.loads(path.read_text())
    report = json.loads((run / "report.json").read_text())["best"]
    training = card["training"]
    assert NOTES.items() <= card.items()
    assert (card["network"], card["num_classes"], card["size"]) == (
        "tiny",
        14,
        [64, 96],
    )
    assert card["class_map"] == "vkitti1"
    assert card["class_names"] == list(report["per_class"])
    assert class_map_of_card(card) == VKITTI1
    # 3x3x3 x 6 + 6, four for each of 6 channels, 6 x 14 + 14.
    assert card["parameters"] == 162 + 6 + 24 + 84 + 14
    assert card["macs"] == 64 * 96 * (162 + 84)
    assert card["bytes"] == (tmp_path / card["file"]).stat().st_size
    assert (training["weights"], training["epochs"]) == ("best", 1)
    assert training["seeds"] == [0]
    assert (training["train_frames"], training["val_frames"]) == (9, 3)
    assert Recipe(**training["recipe"]) == Recipe.from_json(RECIPE.to_json())
    (scores,) = card["scores"]
    assert scores["miou"] == report["miou"]
    assert scores["per_class"] == report["per_class"]
    assert not {"confusion", "worst"} & set(scores)


def test_the_text_of_a_card_is_made_from_its_json(run, tmp_path):
    path = packed(run, tmp_path, reports=[run / "report.json"] * 2)
    card, text = json.loads(path.read_text()), path.with_suffix(".md").read_text()
    assert text == card_text(card)
    miou = f"**{100 * card['scores'][0]['miou']:.1f}**"
    assert f"| **mIoU** | {miou} | {miou} | {miou[:-2]} ± 0.0** |" in text
    assert "| IoU, % | val | val | mean of 2 |" in text
    assert "| Van | absent | absent | absent |" in text
    assert text.count("- val: 3 frames of 64x96") == 1
    assert "- Knows bands only.\n- Vans are absent." in text
    assert card["sha256"] in text
    row = weights_table(read_cards(tmp_path)).splitlines()[-1]
    assert row.startswith("| `tiny_bands` | `tiny` | vkitti1 | 290 | 0.00 MB |")


def test_last_weights_are_the_averages_that_val_saw(run, tmp_path):
    # After one epoch the best weights and the last are the same.
    packed(run, tmp_path / "best")
    card = json.loads(packed(run, tmp_path / "last", weights="last").read_text())
    assert (card["training"]["weights"], card["training"]["epoch"]) == ("last", 1)
    loaded = [
        build_shipped("tiny_bands", folder=tmp_path / f) for f in ("best", "last")
    ]
    for best, last in zip(*(m.get_weights() for m in loaded), strict=True):
        np.testing.assert_array_equal(best, last)


def test_a_state_is_scored_by_its_last_weights(run, store_path, tmp_path):
    found = evaluate(run / "last.npz", store_path)
    best = evaluate(run / "best.keras", store_path)
    assert found["confusion"] == best["confusion"]
    with pytest.raises(FileNotFoundError, match="last.npz: no such"):
        evaluate(tmp_path / "last.npz", store_path)
    alone = copied(run, tmp_path / "alone", ("last.npz",))
    with pytest.raises(FileNotFoundError, match="recipe.json: no such file"):
        evaluate(alone / "last.npz", store_path)


def copied(run, folder, files=("recipe.json", "last.npz", "report.json", "notes.json")):
    folder.mkdir()
    for file in files:
        (folder / file).write_bytes((run / file).read_bytes())
    return folder


def test_without_averages_the_last_weights_are_the_plain_ones(run, tmp_path):
    other = copied(run, tmp_path / "run")
    recipe = dataclasses.replace(RECIPE, epochs=3, ema=0.0)
    (other / "recipe.json").write_text(recipe.to_json())
    progress = read_progress(run / "last.npz")
    scores = (0.5, 0.7, None)
    first = progress.rows[0] | {"seconds": 600.0}
    progress.rows = [first | {"epoch": 1 + i, "val_miou": scores[i]} for i in range(3)]
    model = tiny((64, 96, 3), 14)
    variables = name_variables(model)
    save_state(other, variables, progress)
    card = json.loads(packed(other, tmp_path / "out", weights="last").read_text())
    assert (card["training"]["epoch"], card["training"]["hours"]) == (3, 0.5)
    loaded = build_shipped("tiny_bands", folder=tmp_path / "out")
    for plain, last in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(plain, last, rtol=2**-11, atol=1e-7)
    (other / "best.keras").write_bytes((run / "best.keras").read_bytes())
    card = json.loads(packed(other, tmp_path / "out").read_text())
    assert card["training"]["epoch"] == 2


def test_last_weights_need_no_best(run, tmp_path):
    other = copied(run, tmp_path / "run")
    with pytest.raises(FileNotFoundError, match="best.keras: .*--weights last"):
        packed(other, tmp_path / "out")
    packed(other, tmp_path / "out", weights="last")
    assert list(read_index(tmp_path / "out")) == ["tiny_bands"]


def test_packing_again_replaces_and_others_stay(run, tmp_path):
    first = packed(run, tmp_path, "tiny_first").read_text()
    packed(run, tmp_path, "tiny_a", weights="last")
    packed(run, tmp_path, "tiny_first")
    assert (tmp_path / "tiny_first.json").read_text() == first
    assert list(read_index(tmp_path)) == ["tiny_a", "tiny_first"]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"index.json"} | {
        f"tiny_{n}{s}" for n in ("a", "first") for s in (".npz", ".json", ".md")
    }


def test_a_failure_leaves_what_was_there(run, tmp_path, monkeypatch):
    packed(run, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr("segnet.runs.packing.card_text", lambda card: card["nothing"])
    with pytest.raises(KeyError):
        packed(run, tmp_path, weights="last")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "change, message",
    [
        ({"licence": None}, "licence is None, expected a text"),
        ({"limits": "none"}, "limits is 'none', expected a list of texts"),
        ({"commands": [1]}, r"commands is \[1\], expected a list of texts"),
        ({"licence": "x", "hours": "3"}, "unknown hours; known are data, licence"),
    ],
)
def test_notes_that_say_too_little_are_refused(run, tmp_path, change, message):
    notes = tmp_path / "notes.json"
    notes.write_text(json.dumps(NOTES | change))
    with pytest.raises(ValueError, match=f"notes.json: {message}"):
        packed(run, tmp_path / "out", notes=notes)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"parameters": 5}, "report.json: scores a tiny of 5 parameters, the run has"),
        (
            {"per_class": {"Road": 1.0}},
            "its classes are Road, those of the run Terrain",
        ),
        (
            {"class_mapping": "six-categories"},
            "none of the reports is in the network's",
        ),
        ({"test_time": {"flip": True, "scales": [1.0]}}, "averaged at test time"),
    ],
)
def test_reports_of_something_else_are_refused(run, tmp_path, change, message):
    report = json.loads((run / "report.json").read_text())["best"]
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report | change))
    with pytest.raises(ValueError, match=message):
        packed(run, tmp_path / "out", reports=[path])
    path.write_text("[]")
    with pytest.raises(ValueError, match="report.json: expected a JSON object"):
        packed(run, tmp_path / "out", reports=[path])


def test_a_network_that_changed_is_refused(run, store_path, tmp_path, monkeypatch):
    def wider(input_shape, num_classes):
        model = tiny(input_shape, num_classes)
        extra = keras.layers.Conv2D(num_classes, 1, name="head_more")(model.output)
        return keras.Model(model.inputs, extra, name="tiny")

    report = evaluate(wider((64, 96, 3), 14), store_path)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    monkeypatch.setitem(MODELS, "tiny", wider)
    with pytest.raises(
        ValueError, match="best.keras: not the weights .*head_more/bias"
    ):
        packed(run, tmp_path / "out", reports=[path])
    with pytest.raises(ValueError, match="last.npz: not the state of this tiny"):
        packed(run, tmp_path / "out", reports=[path], weights="last")
    assert not list((tmp_path / "out").glob("*"))


def test_the_command_packs_and_models_lists(run, tmp_path, capsys, monkeypatch):
    given = ["--card", str(run / "notes.json"), "--report", str(run / "report.json")]
    folder = ["--folder", str(tmp_path)]
    assert main(["pack", str(run), "tiny_bands", *given, *folder]) == 0
    assert "tiny_bands.md" in capsys.readouterr().out
    assert main(["pack", str(run), "tiny bands", *given, *folder]) == 2
    assert "name is 'tiny bands', expected letters" in capsys.readouterr().err
    before = (tmp_path / "index.json").read_bytes()
    for name in ("index", "Index"):
        assert main(["pack", str(run), name, *given, *folder]) == 2
        assert "and not 'index'" in capsys.readouterr().err
    assert (tmp_path / "index.json").read_bytes() == before
    assert main(["pack", str(tmp_path), "tiny_bands", *given, *folder]) == 2
    assert "recipe.json: no such file" in capsys.readouterr().err
    monkeypatch.setattr("segnet.models.shipped.FOLDER", tmp_path)
    monkeypatch.setattr("segnet.models.MODELS", {"tiny": tiny})
    assert main(["models"]) == 0
    assert "| `tiny_bands` | `tiny` | vkitti1 | 290 |" in capsys.readouterr().out


def test_a_run_on_val_as_well_has_no_score_on_val(run, store_path, tmp_path):
    other = copied(run, tmp_path / "run", ("last.npz", "best.keras", "notes.json"))
    recipe = dataclasses.replace(
        RECIPE,
        include_val=True,
        init="/a/b/c/best.keras",
        teacher=("/a/d/best.keras", "slim_x"),
    )
    (other / "recipe.json").write_text(recipe.to_json())
    report = json.loads((run / "report.json").read_text())["best"]
    path = other / "report.json"
    path.write_text(json.dumps(report))
    with pytest.raises(ValueError, match="was trained on val, and a report scores val"):
        packed(other, tmp_path / "out")
    path.write_text(json.dumps(report | {"split": "test"}))
    before = {"without_val": [run / "report.json"]}
    card = json.loads(packed(other, tmp_path / "out", **before).read_text())
    (without,) = card["scores_without_val"]
    assert (without["split"], without["miou"]) == ("val", report["miou"])
    assert "Another run, without it, scored:" in card_text(card)
    second = other / "second.json"
    second.write_text(json.dumps(report | {"miou": report["miou"] + 0.02}))
    seeds = {"without_val": [run / "report.json", second]}
    text = card_text(json.loads(packed(other, tmp_path / "out", **seeds).read_text()))
    assert "Other runs, without it, scored:" in text
    # Two values 2 apart deviate by the root of 1 + 1.
    mean = f"{100 * report['miou'] + 1:.1f} ± 1.4"
    assert f" **{mean}** |" in text
    row = weights_table(read_cards(tmp_path / "out")).splitlines()[-1]
    assert f"{mean} (val of vkitti1, 2 seeds), trained without val |" in row
    twice = {"without_val": [second, second]}
    with pytest.raises(ValueError, match="given twice: .*second.json; each must be"):
        packed(other, tmp_path / "out", **twice)
    assert card["training"]["val_frames"] == 0
    assert card["training"]["recipe"]["init"] == "c/best.keras"
    assert card["training"]["recipe"]["teacher"] == ["d/best.keras", "slim_x"]
    assert "without the hours behind `c/best.keras`" in card_text(card)


def test_a_run_is_packed_with_nothing_else_said(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["pack", str(run), "mine"]) == 0
    weights = tmp_path / "weights" / "mine.npz"
    assert "takes it where a model is: segnet predict weights/mine.npz" in (
        capsys.readouterr().out
    )
    card = json.loads(weights.with_suffix(".json").read_text())
    report = json.loads((run / "report.json").read_text())["best"]
    assert [score["miou"] for score in card["scores"]] == [report["miou"]]
    assert (card["licence"], card["limits"]) == ("", [])
    (command,) = card["commands"]
    assert command.startswith("segnet train out/store.h5 --out ")
    text = weights.with_suffix(".md").read_text()
    assert command in text
    assert "## Limits" not in text and "hours of training\n" in text
    assert load(weights).name == "tiny"
