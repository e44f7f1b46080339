"""The record of a run and the list of runs."""

import dataclasses
import json
import re

import pytest

from segnet.cli import main
from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.recipes import RECIPES
from segnet.runs import folder as run_folder
from segnet.runs.command import path_of_place
from segnet.runs.listing import find_runs, minutes_of, runs_table
from segnet.runs.record import DivergedError, read_record, recorded
from segnet.system.locks import alone
from segnet.train import train
from test_train import TINY, tiny


def write_run(folder, recipe, mious, **record):
    folder.mkdir(parents=True)
    (folder / "recipe.json").write_text(recipe.to_json())
    rows = [
        dict.fromkeys(run_folder.COLUMNS, 0.5)
        | {"epoch": i + 1, "val_miou": m, "seconds": 90}
        for i, m in enumerate(mious)
    ]
    run_folder.write_history(folder, rows)
    if record:
        (folder / "run.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def runs(tmp_path):
    named = RECIPES["camvid11_slim"]
    own = Recipe(model="slim", epochs=3, loss="lovasz")
    write_run(tmp_path / "b", own, [0.2, 0.5, 0.4], state="finished", minutes=7.25)
    write_run(tmp_path / "a" / "deep", dataclasses.replace(named, seed=5), [0.3])
    write_run(tmp_path / "c", own, [0.6], state="diverged", why="the loss is nan")
    write_run(tmp_path / "d", own, [], state="running")
    write_run(tmp_path / ".hidden", own, [0.9])
    return tmp_path


def test_runs_are_found_with_their_scores_and_states(runs):
    found = {run.name: run for run in find_runs(runs)}
    assert list(found) == ["a/deep", "b", "c", "d"]
    b = found["b"]
    assert (b.miou, b.best_epoch, b.minutes, b.state) == (0.5, 2, 7.25, "finished")
    assert b.recipe == "default, epochs=3, loss=lovasz"
    deep = found["a/deep"]
    assert deep.recipe == "camvid11_slim, seed=5"
    assert (deep.state, deep.minutes) == ("stopped", 1.5)
    assert (found["c"].state, found["c"].why) == ("diverged", "the loss is nan")
    # Killed: nobody holds its lock.
    assert (found["d"].state, found["d"].miou) == ("stopped", None)


@pytest.mark.parametrize(
    ("minutes", "text"), [(None, "-"), (0.4, "<1"), (1.0, "1"), (7.25, "7")]
)
def test_minutes_in_tables(runs, minutes, text):
    run = dataclasses.replace(find_runs(runs / "b")[0], minutes=minutes)
    assert minutes_of(run) == text


def test_a_run_that_holds_its_lock_is_running(runs):
    with alone(runs / "d" / "run.lock", "here"):
        assert find_runs(runs / "d")[0].state == "running"
        assert find_runs(runs / "d")[0].name == "d"


def test_runs_are_sorted_by_score(runs):
    names = [run.name for run in find_runs(runs, sort="miou")]
    assert names == ["c", "b", "a/deep", "d"]
    with pytest.raises(ValueError, match="sort is 'size', expected one of name, miou"):
        find_runs(runs, sort="size")


def test_damaged_runs_are_listed_as_such(runs):
    (runs / "b" / "recipe.json").write_text("{")
    (runs / "c" / "history.csv").write_bytes(b"epoch,loss\n\xff\n")
    found = {run.name: run for run in find_runs(runs)}
    assert found["b"].state == "damaged"
    assert "recipe.json" in found["b"].why
    assert found["c"].rows == ()


def test_the_command_lists_and_draws(runs, capsys):
    page = runs / "index.html"
    assert main(["runs", str(runs), "--sort", "miou", "--html", str(page)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^c +slim .* diverged +1/3 +60\.0 in 1", printed, re.M)
    assert "c diverged: the loss is nan" in printed
    html = page.read_text()
    assert html.count("<polyline") == 4
    assert "the loss is nan" in html
    assert main(["runs", str(runs / "none")]) == 2
    (runs / "empty").mkdir()
    assert main(["runs", str(runs / "empty")]) == 0
    assert "`segnet train --out` makes one" in capsys.readouterr().out


def test_the_record_says_how_a_run_ended(tmp_path):
    for error, state in (
        (None, "finished"),
        (KeyboardInterrupt(), "stopped"),
        (DivergedError("the loss is nan\nmore"), "diverged"),
        (OSError("full"), "failed"),
    ):
        folder = tmp_path / state
        folder.mkdir()
        try:
            with recorded(folder, {"store": "a/store.h5"}):
                assert read_record(folder)["state"] == "running"
                if error:
                    raise error
        except (KeyboardInterrupt, ValueError, OSError) as caught:
            assert caught is error
        record = read_record(folder)
        assert record["state"] == state
        assert record.get("why") == {
            "diverged": "the loss is nan",
            "failed": "full",
        }.get(state)
        assert record["versions"]["segnet"]


def test_sessions_of_a_run_add_up(tmp_path):
    (tmp_path / "run.json").write_text(
        json.dumps({"minutes": 5.0, "sessions": 1, "began": "then", "why": "full"})
    )
    with recorded(tmp_path, {}):
        pass
    record = read_record(tmp_path)
    assert (record["sessions"], record["began"]) == (2, "then")
    assert 5.0 <= record["minutes"] < 5.1
    assert "why" not in record
    (tmp_path / "run.json").write_text("[")
    with pytest.raises(ValueError, match=r"run\.json: damaged"):
        read_record(tmp_path)
    with recorded(tmp_path, {}):
        pass
    assert read_record(tmp_path)["sessions"] == 1


def test_a_training_keeps_its_record(store_path, tmp_path, monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)
    recipe = dataclasses.replace(TINY, epochs=1)
    train(store_path, recipe, tmp_path / "run", verbose=0)
    record = read_record(tmp_path / "run")
    assert (record["state"], record["kernels"]) == ("finished", "keras")
    assert path_of_place(record["store"], tmp_path / "run") == store_path
    (command,) = record["commands"]
    assert command.startswith("segnet train out/store.h5 --out ")
    assert record["frames"] == 9
    assert str(tmp_path) not in json.dumps(record)
    recipe = dataclasses.replace(recipe, learning_rate=1e30, ema=0.0)
    with pytest.raises(DivergedError):
        train(store_path, recipe, tmp_path / "nan", verbose=0)
    assert read_record(tmp_path / "nan")["state"] == "diverged"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", 5),
        ("state", "<b>"),
        ("why", ["x"]),
        ("minutes", "x"),
        ("minutes", -1),
        ("minutes", float("nan")),
        ("sessions", "2"),
    ],
)
def test_a_record_of_other_types_is_damaged(tmp_path, name, value):
    write_run(tmp_path / "a", Recipe(model="slim"), [0.5], **{name: value})
    (found,) = find_runs(tmp_path, sort="minutes")
    assert (found.state, found.miou) == ("damaged", 0.5)
    assert f"run.json: damaged ({name} is {value!r})" in found.why
    with recorded(tmp_path / "a", {}):
        pass
    assert read_record(tmp_path / "a")["sessions"] == 1


@pytest.mark.parametrize(
    "row",
    ["0,1,1,0.9", "9" * 400 + ",1,1,0.9", "2,1,1,nan", "2,1,1,inf", "2,nan,1,0.9"],
)
def test_rows_that_no_run_writes_are_left_out(tmp_path, row):
    folder = write_run(tmp_path / "a", Recipe(model="slim"), [0.5])
    with open(folder / "history.csv", "a") as file:
        file.write(f"{row},0.5,0.1,3,4\n")
    (found,) = find_runs(tmp_path)
    assert (len(found.rows), found.miou, found.best_epoch) == (1, 0.5, 1)


def test_a_name_with_a_line_break_is_one_row(tmp_path):
    write_run(tmp_path / "a\nb\x1b", Recipe(model="slim"), [0.5])
    assert len(runs_table(find_runs(tmp_path)).splitlines()) == 2
    assert "a\\nb\\x1b  slim" in runs_table(find_runs(tmp_path))
