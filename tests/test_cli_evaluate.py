"""`segnet evaluate` of several models: one table, a folder for each."""

import keras
import pytest

from segnet.cli import main
from segnet.cli.evaluate import _names
from segnet.data.store import open_store
from segnet.evaluate.side_by_side import side_by_side
from segnet.models import MODELS
from segnet.runs.keras_file import save_model
from test_train import tiny

REPORT = {
    "split": "val",
    "source": "yard",
    "split_rule": "blocks",
    "frames": 2,
    "class_mapping": None,
    "class_map": "own",
    "per_class": {"road": 0.5, "van": None},
    "miou": 0.5,
    "pixel_accuracy": 0.75,
    "frequency_weighted_iou": 0.25,
    "absent": ["van"],
}


def test_reports_stand_side_by_side():
    other = REPORT | {"per_class": {"road": 0.125, "van": None}, "miou": 0.125}
    assert side_by_side({"a": REPORT, "second": other}).splitlines() == [
        "IoU in percent on 2 val frames of yard",
        "split: blocks",
        "",
        "class                a  second",
        "road             50.00   12.50",
        "van             absent  absent",
        "",
        "mean IoU         50.00   12.50",
        "pixel accuracy   75.00   75.00",
        "weighted IoU     25.00   25.00",
        "absent, not in the mean: van",
    ]


@pytest.mark.parametrize("change", [{"frames": 3}, {"per_class": {"road": 0.5}}])
def test_reports_on_other_frames_are_refused(change):
    said = "b was scored on other frames or classes than a"
    with pytest.raises(ValueError, match=said):
        side_by_side({"a": REPORT, "b": REPORT | change})
    with pytest.raises(ValueError, match="no reports"):
        side_by_side({})


def test_models_get_names_for_folders(tmp_path):
    run = tmp_path / "slim"
    run.mkdir()
    for file in ("best.keras", "last.npz", "old.keras"):
        (run / file).touch()
    best, last, old = (str(run / f) for f in ("best.keras", "last.npz", "old.keras"))
    assert _names([best, last, old, "slim_city14"]) == {
        "slim": best,
        "slim_last": last,
        "old": old,
        "slim_city14": "slim_city14",
    }
    assert _names([best, str(run)]) == {"1_slim": best, "2_slim": str(run)}
    with pytest.raises(ValueError, match="a model is given twice: "):
        _names(["slim_city14", "slim_city14"])


def test_two_models_give_one_table_and_two_folders(
    store_path, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(MODELS, "tiny", tiny)
    with open_store(store_path) as store:
        shape, class_map = (*store["val"].size, 3), store.class_map
    for seed, name in enumerate(("first", "second")):
        keras.utils.set_random_seed(seed)
        (tmp_path / name).mkdir()
        model = tiny(shape, class_map.num_classes)
        save_model(model, tmp_path / name / "best.keras", class_map)
    runs = [str(tmp_path / name) for name in ("first", "second")]
    out = tmp_path / "out"
    assert main(["evaluate", *runs, str(store_path.parent), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    header = next(line for line in printed.splitlines() if line.startswith("class "))
    assert header.split() == ["class", "first", "second"]
    assert f"report and pictures in {out}" in printed
    for name in ("first", "second"):
        assert (out / name / "report.json").is_file()
