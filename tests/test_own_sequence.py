"""The commands of docs/own_data.md, on small frames and for one epoch."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "own_data.md"
# What makes the commands fast.
SMALL = {"240x320": "64x80"}
ADDED = {"train": ["--epochs", "1", "--no-pictures"]}


def commands() -> list[list[str]]:
    (block,) = re.findall(
        r"<!-- sequence -->\n```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S
    )
    return [shlex.split(line)[1:] for line in block.splitlines()]


@pytest.fixture
def photographs(tmp_path, monkeypatch):
    """Writes ten photographs of noise with a road, a car and a rest."""
    rng = np.random.default_rng(0)
    for folder in ("Photos", "Masks", "New"):
        (tmp_path / folder).mkdir()
    for number in range(10):
        # Of two sizes, as from two cameras.
        size = (96, 120) if number % 2 else (80, 100)
        ids = np.full(size, 2, np.uint8)
        ids[50:], ids[40:60, 20 + number : 60] = 0, 1
        image = rng.integers(0, 80, (*size, 3)) + 80 * ids[..., None]
        photograph = Image.fromarray(image.astype(np.uint8))
        photograph.save(tmp_path / "Photos" / f"IMG {number}.jpg")
        Image.fromarray(ids).save(tmp_path / "Masks" / f"IMG {number}.png")
    photograph.save(tmp_path / "New" / "new.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sequence_ends_in_scores_and_pictures(photographs, capsys):
    verbs = []
    for words in commands():
        words = [SMALL.get(word, word) for word in words]
        verbs.append(words[0])
        assert main([*words, *ADDED.get(words[0], [])]) == 0, capsys.readouterr()
    assert verbs == ["check", "prepare", "train", "evaluate", "predict"]
    text = capsys.readouterr().out
    assert "train 8, val 2" in text and "mean IoU" in text
    for path in ("runs/mine/best.keras", "runs/mine/val", "seen/new.png"):
        assert (photographs / path).exists(), path
    with Image.open(photographs / "seen" / "new.png") as image:
        assert image.size == (120, 96)
