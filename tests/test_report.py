"""Parts shared by pages and tables: escaping, pictures, columns."""

import base64
import io
import re

import jinja2
import numpy as np
import pytest
from PIL import Image

from segnet.report import pages
from segnet.report.images import data_uri
from segnet.report.pages import write_page
from segnet.report.tables import markdown_table, percent, text_table

EMPTY = {
    "title": "t",
    "name": "n",
    "verdict": "v",
    "worst": "good",
    "facts_of_data": [],
    "problems": [],
    "unknown_colours": [],
    "splits": [],
    "shares": [],
    "samples": [],
    "pairs": [],
}


@pytest.fixture
def macros():
    """The macros by name."""
    return pages._environment().get_template("macros.html").module


def plain(markup) -> str:
    """Markup without line breaks."""
    return str(markup).replace("\n", "")


# Tables


def test_a_text_table_is_as_wide_as_its_cells():
    table = text_table(
        ["class", "IoU, %", "x"], [["Sky", "99.5", "1"], ["Bus", "3", ""]]
    )
    assert table.split("\n") == [
        "class  IoU, %  x",
        "Sky      99.5  1",
        "Bus         3",
    ]


def test_a_text_table_may_lack_a_header_and_have_more_text():
    assert text_table(None, [["a", "bb", "1"], ["aa", "b", "22"]], 2, "> ") == (
        "> a   bb   1\n> aa  b   22"
    )
    assert text_table(["a"], []) == "a"
    with pytest.raises(ValueError, match="shorter|longer"):
        text_table(["a", "b"], [["1"]])


def test_a_markdown_table_escapes_bars():
    assert markdown_table(["a|b", "n", "m"], [["x", "y", "1"]], left=2) == (
        "| a\\|b | n | m |\n| --- | --- | ---: |\n| x | y | 1 |"
    )


def test_percent():
    assert percent(0.12345) == "12.3"
    assert percent(0.12345, 2) == "12.35"
    assert percent(0.0) == "0.0"
    assert percent(None) == "absent"
    assert percent(None, none="-") == "-"


# Pictures


def decoded(uri: str) -> Image.Image:
    kind, _, content = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_a_picture_is_shrunk_to_its_width_and_never_enlarged():
    image = np.full((31, 90, 3), (200, 10, 30), np.uint8)
    assert decoded(data_uri(image)).size == (90, 31)
    small = decoded(data_uri(image, width=45))
    assert small.size == (45, 16)
    assert np.abs(np.asarray(small).astype(int) - (200, 10, 30)).max() <= 3
    assert decoded(data_uri(image[..., 0])).mode == "L"
    assert decoded(data_uri(image[:1], width=3)).size == (3, 1)


# Pages


def test_a_page_stands_alone(tmp_path):
    write_page(tmp_path / "made" / "page.html", "check.html", **EMPTY)
    text = (tmp_path / "made" / "page.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>")
    assert "<script" not in text and not re.search(r"https?:|src=|@import|url\(", text)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text and "@media print" in text


def test_a_page_without_its_data_is_an_error_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    with pytest.raises(jinja2.UndefinedError, match="'verdict' is undefined"):
        write_page(path, "check.html", title="t", name="n", worst="good")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_names_are_escaped_for_html_and_for_the_eye(tmp_path):
    name = "<i>&\x1b[31m\udcff\"'"
    problem = {"severity": "error", "text": name, "frames": (name,), "open": True}
    data = EMPTY | {"title": name, "name": name, "problems": [problem]}
    write_page(tmp_path / "page.html", "check.html", **data)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count(r"&lt;i&gt;&amp;\x1b[31m\xff&#34;&#39;") == 4
    assert "<i>&" not in text


def test_a_problem_box_counts_its_frames(macros):
    assert "details" not in macros.problem_box("note", "text")
    one = plain(macros.problem_box("error", "text", ("a",), open=True))
    assert "<details open><summary>1 frame</summary><ol><li>a</li></ol>" in one
    two = plain(macros.problem_box("warning", "text", ("a", "b")))
    assert "<details><summary>2 frames</summary>" in two
    assert two.startswith('<section class="problem warning"><strong>warning</strong>')


def test_a_bar_is_as_long_as_its_number(macros):
    bar = plain(macros.bar("12.50", 0.256, (1, 2, 3)))
    assert "<span>12.50</span>" in bar
    assert "width:26%;background:rgb(1,2,3)" in bar
    assert "width" not in macros.bar("-", 0, (1, 2, 3))


def test_a_picture_says_what_it_shows(macros):
    pictures = [{"uri": "data:x", "text": 'a "b"'}]
    assert '<img alt="a &#34;b&#34;" src="data:x">' in macros.figure(pictures, "c")
