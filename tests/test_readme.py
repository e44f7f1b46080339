"""The README: its commands run, its links lead somewhere, its prose is short."""

import json
import re
import shlex
from pathlib import Path

import pytest

from segnet.cli import _parser, main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OWN_DATA = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
LINES, WORDS = 170, 35
# Words and turns that readers stumbled over.
PRIVATE = ("at hand", "trainings", "looks", "drives that train", "tells", "not ours")
# What makes the rungs fast: frames, scale, epochs, frames a batch.
SMALL = {"120": "12", "3": "5", "20": "1", "8": "2"}


def blocks(text: str) -> list[list[str]]:
    """Returns the lines of each block of commands, without comments."""
    found = re.findall(r"^```\n(.*?)^```$", text, re.S | re.M)
    return [
        [line.partition(" #")[0].strip() for line in block.splitlines()]
        for block in found
    ]


def rungs() -> list[str]:
    """Returns the commands of the tables with minutes."""
    return re.findall(r"\| `(segnet [^`]*)` \|$", README, re.M)


def commands() -> list[str]:
    lines = [line for block in blocks(README) for line in block] + rungs()
    return [line for line in lines if line.startswith("segnet ")]


def prose() -> str:
    """Returns the text without tables, blocks, pictures and addresses."""
    text = re.sub(r"^```.*?^```$", "", README, flags=re.S | re.M)
    text = re.sub(r"^(\||#|<!--|!).*$", "", text, flags=re.M)
    return re.sub(r"\]\([^)]*\)", "]", text)


@pytest.mark.parametrize("command", commands())
def test_each_command_has_the_options_it_uses(command):
    _parser().parse_args(shlex.split(command)[1:])


def test_the_rungs_end_in_a_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    first = [command for command in rungs() if "amVid" not in command]
    verbs = []
    for command in first:
        words = [SMALL.get(word, word) for word in shlex.split(command)[1:]]
        verbs.append(words[0])
        assert main(words) == 0, capsys.readouterr()
    assert verbs == ["render", "check", "prepare", "train", "evaluate"]
    assert "mean IoU" in capsys.readouterr().out
    found = json.loads((tmp_path / "runs/slim/val/report.json").read_text())
    assert {"miou", "pixel_accuracy", "per_class", "absent", "confusion"} <= set(found)
    words = [SMALL.get(word, word) for word in shlex.split(first[3])[1:]]
    # A second start in the same folder must not overwrite the first.
    assert main(words) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*shlex.split(first[4])[1:], "--flip"]) == 0
    averaged = "averaged at test time over scales 1 and their mirror"
    assert averaged in capsys.readouterr().out


def test_own_photographs_take_the_commands_of_their_page():
    (own,) = (block for block in blocks(README) if "Photos" in block[0])
    (page,) = (block for block in blocks(OWN_DATA) if "Photos" in block[0])
    # tests/test_own_sequence.py runs those of the page.
    assert own[: len(page)] == page
    assert [line.split()[1] for line in own[len(page) :]] == ["export"]


def test_links_lead_somewhere():
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)
    paths = [target for target in targets if "://" not in target]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert len(paths) > 30


def test_the_readme_is_short():
    assert len(README.splitlines()) <= LINES
    sentences = re.split(r"(?<=[.:!?])\s+|\n\n+|^- ", prose(), flags=re.M)
    long = [text for text in sentences if len(text.split()) > WORDS]
    assert long == []


def test_words_that_readers_stumbled_over_are_gone():
    text = " ".join(prose().split())
    assert [words for words in PRIVATE if re.search(rf"\b{words}\b", text)] == []
