"""Rewrites the tables of folders in README.md and docs/how_it_works.md, and the floors.

    python docs/make/map.py

The floors are in CONTRIBUTING.md. A table is made of the first line of each folder's
`__init__`, which is read and not imported.
"""

import ast
import sys
from pathlib import Path

from markers import filled

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "experiments"))

from import_graph import FLOORS  # noqa: E402

README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
HOW_IT_WORKS = ROOT / "docs" / "how_it_works.md"
PACKAGE = ROOT / "Code" / "segnet"
BESIDE = {
    "Code/train_network.ipynb": "The loop with pictures: render, look, store, train, "
    "score, compare.",
    "docs/": "Results, experiments, datasets, how it works.",
    "experiments/": "Longer measurements behind the figures in docs.",
    "tests/": "A test file for each part of the package.",
}
WEIGHTS = {"weights/": "The shipped weights, with an index and a card each."}


def summary(path: Path) -> str:
    """Returns the sentence that a file opens with.

    Raises:
        ValueError: The file opens with no docstring of one sentence in one line.
    """
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first, _, rest = text.partition("\n")
    if not first.endswith(".") or rest.lstrip(" ")[:1] not in ("", "\n"):
        raise ValueError(
            f"{path}: its docstring should open with a line of one sentence"
        )
    return first


def rooms(package: Path = PACKAGE) -> dict[str, str]:
    """Returns folder, or file at the package's root -> its sentence."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        if path.name == "__init__.py" and len(inside.parts) > 1:
            found[f"{inside.parent.as_posix()}/"] = summary(path)
        elif len(inside.parts) == 1 and not path.name.startswith("__"):
            found[path.name] = summary(path)
    return found


def what_is_where(package: Path = PACKAGE) -> str:
    """Returns the table: what stands beside the package, then the package's folders."""
    lines = ["| where | what |", "| --- | --- |"]
    lines += [f"| [{place}]({place}) | {text} |" for place, text in BESIDE.items()]
    for name, text in sorted((rooms(package) | WEIGHTS).items()):
        if name.count("/") < 2:
            lines.append(f"| [{name}](Code/segnet/{name}) | {text} |")
    return "\n".join(lines)


def inner_rooms(package: Path = PACKAGE) -> str:
    """Returns the table of the folders inside folders of the package."""
    lines = ["| where | what |", "| --- | --- |"]
    for name, text in sorted(rooms(package).items()):
        if name.count("/") == 2:
            lines.append(f"| [{name}](../Code/segnet/{name}) | {text} |")
    return "\n".join(lines)


def floors() -> str:
    """Returns the floors as one line, the lowest first."""
    return " < ".join(" ".join(f"`{room}`" for room in rooms) for rooms in FLOORS)


def pages() -> dict[Path, str]:
    """Returns page -> its text with tables and floors made anew."""
    parts = {
        README: {"map": what_is_where()},
        HOW_IT_WORKS: {"map": inner_rooms()},
        CONTRIBUTING: {"floors": floors()},
    }
    return {p: filled(p.read_text(encoding="utf-8"), t) for p, t in parts.items()}


def main() -> None:
    """Rewrites the pages."""
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
