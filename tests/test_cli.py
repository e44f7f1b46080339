"""The command: help, options and errors; tests/test_readme.py has whole sequences."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from segnet.cli import main
from segnet.data.split import SplitRule

CODE = Path(__file__).parents[1] / "Code"
VERBS = ("fetch", "check", "render", "prepare", "train", "evaluate", "pack", "models")
VERBS += ("bench", "recipes", "predict", "runs", "export")


def test_a_file_in_place_of_a_folder_is_named(tmp_path, capsys):
    (tmp_path / "taken").touch()
    assert main(["render", str(tmp_path / "taken"), "--frames", "1"]) == 2
    printed = capsys.readouterr().err
    assert "taken" in printed
    assert "a file is where a folder should be; name another" in printed


@pytest.mark.parametrize("verb", VERBS)
def test_help_ends_with_an_example(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    assert f"example:\n  segnet {verb}" in capsys.readouterr().out


def test_help_loads_no_framework():
    # Not a timed test: what makes help slow is an import, so that is looked for.
    script = (
        "import sys\nfrom segnet.cli import main\n"
        "try:\n    main(['train', '--help'])\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(CODE)},
    )
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert not loaded & {"keras", "tensorflow", "matplotlib", "h5py"}


def test_check_tries_the_split_that_prepare_would_make(vkitti_tree, capsys):
    split = ["--split", "fold", "--fold", "2/4", "--gap", "1", "--workers", "1"]
    assert main(["check", "vkitti1", str(vkitti_tree), *split]) == 0
    assert main(["check", "vkitti1", str(vkitti_tree), *split, "--strict"]) == 1
    assert "split: fold: 2 of 4" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["check", "prepare"])
def test_each_field_of_a_split_rule_has_a_flag(verb, capsys):
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    printed = capsys.readouterr().out.partition("\nsplit:\n")[2].partition("\n\n")[0]
    flags = [word for word in printed.split() if word.startswith("--")]
    assert flags == [
        *("--split", "--val-share", "--val-world", "--fold", "--gap", "--seed")
    ]
    assert len(flags) == len(fields(SplitRule))


def test_prepare_splits_as_its_flags_say(vkitti_tree, tmp_path, capsys):
    call = ["prepare", "vkitti1", str(vkitti_tree), str(tmp_path / "out")]
    worlds = ["--split", "world", "--val-world", "0001", "--val-world", "0020"]
    assert main([*call, *worlds[:4], "--workers", "1"]) == 0
    assert "split: world: 0001 for val, the other 1 of 2" in capsys.readouterr().out
    assert main([*call, *worlds]) == 2
    assert "leave 0 for train and 32 for val" in capsys.readouterr().err
    assert main([*call, "--split", "random", "--fold", "1/2"]) == 2
    assert "fold is (1, 2), but the split rule is 'random'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*call, "--fold", "2"])
    assert "argument --fold: '2' is not a fold such as 2/5" in capsys.readouterr().err


def test_check_tells_by_its_status(store_path, tmp_path, capsys):
    call = ["check", str(store_path), "--out", str(tmp_path)]
    assert (main(call), main([*call, "--strict"])) == (0, 1)
    assert "check.html" in capsys.readouterr().out
    assert (tmp_path / "check.html").stat().st_size > 1000
    assert main(["check", str(store_path), "--world", "0001", "--gap", "3"]) == 2
    assert "gap, worlds: only for a dataset, and a store" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "none.h5")]) == 2


def test_errors_name_the_file_and_have_no_traceback(tmp_path, capsys):
    missing = tmp_path / "nothing.h5"
    assert main(["evaluate", "slim_city14", str(missing)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("segnet evaluate: ") and "nothing.h5" in error
    assert main(["prepare", "vkitti3", str(tmp_path), str(tmp_path / "out")]) == 2
    assert "vkitti3" in capsys.readouterr().err
