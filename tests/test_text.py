"""File names with any characters, on terminals and pages."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.classes import VKITTI1
from segnet.cli import main
from segnet.data import READERS
from segnet.system.text import shown

CODE = Path(__file__).parents[1] / "Code"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Straße/絵 3\u3000(é).png", "Straße/絵 3\u3000(é).png"),
        ("two\nlines\tof text", "two\nlines\tof text"),
        ("a\x1b[31mb\rc\x7f\x9b", r"a\x1b[31mb\rc\x7f\x9b"),
        (os.fsdecode(b"f\xff\x80.png"), r"f\xff\x80.png"),
        ("left\u202eright\u2066", r"left\u202eright\u2066"),
        ("\ud800", r"\ud800"),
        (Path("a\x07b"), r"a\x07b"),
        ("C:\\data\\new", "C:\\data\\new"),
    ],
)
def test_what_is_no_character_is_escaped(text, expected):
    assert shown(text) == expected
    expected.encode()


def write_dataset(root) -> Path:
    """Writes 20 noise frames with their masks, and the class map."""
    rng = np.random.default_rng(0)
    for kind, shape, most in (("images", (20, 30, 3), 256), ("masks", (20, 30), 3)):
        (root / kind).mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, most, shape, np.uint8)
            Image.fromarray(pixels).save(root / kind / f"{number:02d}.png")
    VKITTI1.save(root / "map.json")
    return root


def check(root) -> list[str]:
    """Returns the arguments that check such a dataset and write a page."""
    folders = [str(root / name) for name in ("images", "masks")]
    rest = ["--classes", str(root / "map.json"), "--out", str(root / "out")]
    return ["check", "folder", *folders, *rest, "--workers", "1"]


@pytest.fixture
def strange(tmp_path) -> Path:
    """Makes a folder with an escape character and a non-UTF-8 byte in its name."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff\x1b[31m"))
    try:
        path.mkdir()
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    return path


def test_strange_names_are_printed_and_written_escaped(strange, capsys):
    assert main(check(write_dataset(strange))) == 0
    printed = capsys.readouterr().out
    page = (strange / "out" / "check.html").read_text(encoding="utf-8")
    for text in (printed, page):
        assert r"a\xff\x1b[31m" in text
        assert "\x1b" not in text
        text.encode()


def test_an_error_about_a_strange_name_is_printed_escaped(strange, capsys):
    assert main(["check", "folder", str(strange / "none"), str(strange)]) == 2
    printed = capsys.readouterr().err
    assert r"a\xff\x1b[31m/none" in printed and "\x1b" not in printed


def test_a_frame_whose_name_is_not_utf8_is_refused_by_name(strange):
    root = write_dataset(strange.parent / "data")
    for kind in ("images", "masks"):
        old = root / kind / "03.png"
        old.rename(os.fsdecode(os.fsencode(old.parent) + b"/\xfe.png"))
    options = {"masks": root / "masks", "classes": root / "map.json"}
    with pytest.raises(ValueError, match=r"\\xfe\.png: its name is not UTF-8; rename"):
        READERS["folder"](root / "images", **options)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", rb"Stra\xdfe\u7d75"), ("cp1252", b"Stra\xdfe\\u7d75")],
)
def test_other_encodings_get_escapes(tmp_path, encoding, expected):
    root = write_dataset(tmp_path / "Straße絵")
    environment = {"PYTHONPATH": str(CODE), "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-m", "segnet", *check(root)],
        capture_output=True,
        env=os.environ | environment,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert expected in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_lists_print_in_other_encodings(encoding):
    environment = {"PYTHONPATH": str(CODE), "PYTHONIOENCODING": encoding}
    script = (
        "import sys\n"
        "from segnet.cli import common, main\n"
        "try:\n"
        "    main(['check', '--help'])\n"
        "except SystemExit:\n"
        "    common.say('54.8 ± 0.3, 55.2 − 54.9')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env=os.environ | environment,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    plus = b"\xb1" if encoding == "cp1252" else rb"\xb1"
    assert done.stdout.endswith(b"54.8 " + plus + rb" 0.3, 55.2 \u2212 54.9" + b"\n")
