"""Links between the pages: their files and headings exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "Code/segnet/weights/*.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`]*`", re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Returns the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    names = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {name.replace(" ", "-") for name in names}


def broken(page: Path) -> list[str]:
    """Returns the links of a page to missing files or headings of this repository."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    found = []
    for link in LINK.findall(text):
        place, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = page if not place else page.parent / place
        if not target.exists():
            found.append(link)
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# A *new* heading: 3.5 x\n", encoding="utf-8")
    good = "[a](other.md) [b](other.md#a-new-heading-35-x) [c](https://segnet.org/x)"
    page.write_text(good, encoding="utf-8")
    assert broken(page) == []
    page.write_text(f"{good}\n[d](gone.md) [e](other.md#old) [f](#no)", "utf-8")
    assert broken(page) == ["gone.md", "other.md#old", "#no"]
