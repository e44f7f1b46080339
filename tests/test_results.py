"""The tables of docs/results.md match the files from which they are made."""

import sys
from pathlib import Path

import pytest

from segnet.models import MODELS
from segnet.models.shipped import read_cards

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "make"))

import changes as make_changes  # noqa: E402
import results as make_results  # noqa: E402

FIGURES = {
    "parameters": 386_971,
    "macs": 353_000_000,
    "min_ms": 9.36,
    "median_ms": 9.44,
    "ratio": 13.1,
    "limit_ms": 6.7,
    "times_limit": 1.4,
}
LATENCY = {"size": [360, 480], "networks": {"slim": FIGURES}}
TRAINING = {"networks": {"slim": {"ratio": 3.456}}}
PEER = {"network": "Peer", "parameters": 0.68, "source": "a paper", "test": 66.4}
PEERS = {"networks": [PEER | {"ms": 51}]}


def card(**scores):
    judged = {"class_mapping": None, "source": "camvid", "frames": 101}
    judged |= {"size": [360, 480], "split_rule": "publisher"}
    reports = [
        {"split": split, "miou": miou} | judged for split, miou in scores.items()
    ]
    return {
        "name": "slim_camvid11",
        "network": "slim",
        "class_map": "camvid11",
        "training": {"train_frames": 367},
        "scores": reports,
        "scores_without_val": [],
    }


def rows_of(cards):
    lines = make_results.networks(LATENCY, TRAINING, cards, PEERS).splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def test_results_are_up_to_date():
    # After `segnet pack` or `segnet bench latency`: python docs/make/results.py
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    assert make_results.results(text, read_cards()) == text
    assert all(f"`{name}`" in text for name in MODELS)


def test_exported_files_stand_by_weights_format_and_numbers():
    row = {"weights": "slim", "format": "onnx", "precision": "int8", "bytes": 660_000}
    row |= {"share": 0.003917, "miou": 0.8499, "keras_miou": 0.8506, "frames": "all"}
    row |= {"runtime": "onnxruntime 1"}
    other = row | {"precision": "float32", "share": 0.0, "miou": None}
    lines = make_results.exported({"files": [row, other], "cpu": "EPYC"}).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:4]]
    assert cells == [
        ["`slim`", "onnx", "float32", "0.66", "0.0000", "-", "85.06", "all"],
        ["`slim`", "onnx", "int8", "0.66", "0.3917", "84.99", "85.06", "all"],
    ]
    assert lines[-1] == "EPYC; onnxruntime 1."


def test_the_changes_that_matter_are_up_to_date():
    # After a change to docs/figures/changes.csv: python docs/make/changes.py
    assert make_changes.page() == make_changes.PAGE.read_text(encoding="utf-8")


def test_a_change_is_shown_beside_its_difference():
    def row(miou):
        figures = {"parameters": "1000", "images_per_second": "5"}
        return {"change": "", **figures, "miou": miou, "Fence": "1.5"}

    rows = dict.fromkeys(make_changes.SHOWN, row("2.0"))
    rows |= {make_changes.BASE: row("1.5")}
    first, second = make_changes.changes(rows).splitlines()[2:4]
    assert first == f"| {make_changes.BASE} | 1,000 | 5 | 1.5 |  | 1.5 |"
    assert second.endswith(" | 1,000 | 5 | 2.0 | +0.5 | 1.5 |")


def test_a_row_takes_its_figures_from_card_and_measurement():
    ours, peer = rows_of([card(val=0.6123, test=0.5077)])
    begin = ["`slim_camvid11`", "measured here", "360x480", "0.39 M", "0.35 G"]
    assert ours == [*begin, "367", "61.2", "50.8", "9.4", "3.46"]
    begin = ["Peer", "a paper", "-", "0.68 M", "-", "-", "-"]
    assert peer == [*begin, "66.4", "51 (elsewhere)", "-"]


def test_a_score_of_the_run_without_val_is_marked():
    (report,) = card(val=0.64)["scores"]
    ours, _ = rows_of([card(test=0.5) | {"scores_without_val": [report]}])
    assert ours[6:8] == ["64.0*", "50.0"]


def test_of_several_seeds_the_mean_and_the_spread_stand():
    reports = [card(val=miou)["scores"][0] for miou in (0.60, 0.62, 0.67)]
    ours, _ = rows_of([card() | {"scores_without_val": reports}])
    # 3, 1 and 4 from the mean: the root of (9 + 1 + 16) / 2.
    assert ours[6:8] == ["63.0 ± 3.6*", "-"]


def test_a_network_without_weights_has_no_score():
    (without, _), (elsewhere, _) = (
        rows_of([]),
        rows_of([card(val=0.6) | {"class_map": "vkitti1"}]),
    )
    assert without == elsewhere
    assert without[0] == "`slim`" and without[5:8] == ["-", "-", "-"]


def test_a_mean_of_drives_stands_only_where_all_were_scored():
    budget = {"recipe": "r", "model": "m", "epochs": 40, "init": "i", "seed": 0}
    scratch = budget | {"init": ""}
    table = make_results.folds(
        {
            "second": {"budget": scratch, "drives": {"b": {"miou": 0.25}}},
            "first": {
                "budget": budget,
                "drives": {"a": {"miou": 0.5}, "b": {"miou": 0.25}},
            },
        }
    )
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in table.splitlines()]
    assert rows[0][4:] == ["a", "b", "mean"]
    assert rows[2] == ["`r`", "`m`", "`i`", "40", "50.0", "25.0", "37.5"]
    assert rows[3] == ["`r`", "`m`", "scratch", "40", "-", "25.0", "-"]


def test_a_budget_stands_below_its_rows():
    row = {"parameters": 465_854, "minutes": 0.62, "miou": 0.5, "pixel_accuracy": 0.75}
    row |= {"frames": 24, "source": "a street"}
    budget = {"recipe": "quick", "epochs": 12, "seed": 0}
    lines = make_results.one_budget({"budget": budget, "networks": {"slim": row}})
    *_, last, _, below = lines.splitlines()
    cells = [cell.strip() for cell in last.split("|")[1:-1]]
    assert cells == ["`slim`", "465,854", "0.6", "50.0", "75.0"]
    assert below == "Recipe `quick`, 12 epochs, seed 0; 24 val frames of a street."


def test_only_what_stands_between_markers_changes():
    text = "a\n<!-- t -->\nold\n<!-- /t -->\nb\n"
    new = make_results.filled(text, {"t": r"\1 new"})
    assert new == "a\n<!-- t -->\n\\1 new\n<!-- /t -->\nb\n"
    assert make_results.filled(new, {"t": r"\1 new"}) == new
    with pytest.raises(ValueError, match="0 pairs of markers <!-- u -->"):
        make_results.filled(text, {"u": ""})
