"""Draws docs/pictures/how_it_works.svg: the folders and the way of a frame.

    python docs/make/how_it_works.py

White ground and dark ink, so that it reads the same on a light and on a dark page.
"""

import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "experiments"))

from import_graph import Graph, read_package  # noqa: E402

SVG = ROOT / "docs" / "pictures" / "how_it_works.svg"
INK, GREY = "#222222", "#5f5f5f"
LIGHT, HEAVY, DISK, GROUP = "#d6e8f7", "#fbdcb8", "#ffffff", "#f4f4f4"
WIDTH, HEIGHT = 0.86, 0.56
# Folder or file of the package -> column, row, what it does.
ROOMS = {
    "fetch": (0, 5, "downloads"),
    "scenes": (1, 4, "renders"),
    "data": (2, 5, "reads, splits"),
    "check": (2, 4, "finds faults"),
    "data/prepare": (3, 5, "compresses"),
    "data/batches": (4, 4, "crops, mirrors"),
    "models": (1, 3, "networks"),
    "losses": (2, 3, "what to minimise"),
    "recipe": (3, 3, "how to train"),
    "train": (4, 3, "fits a network"),
    "runs": (5, 2, "loads, packs"),
    "runtimes": (6, 2, "run exports"),
    "evaluate": (4, 2, "scores"),
    "predict": (3, 2, "new images"),
    "export": (2, 2, "writes ONNX ..."),
    "compare": (1, 2, "run against run"),
    "bench": (0, 2, "measures speed"),
    "demo": (6, 3, "shows on a page"),
    "classes": (0, 1, "ids, colours"),
    "system": (1, 1, "files, processes"),
    "metrics": (2, 1, "confusion matrix"),
    "scores": (3, 1, "from counts"),
    "report": (4, 1, "pages, tables"),
    "pictures": (5, 1, "draws"),
}
FILES = {
    "frames, labels": (1, 5, "image files"),
    "store.h5": (4, 5, "frames + labels"),
    "weights": (0, 3, "shipped"),
    "run folder": (5, 3, "best.keras"),
}
# Column of the first, column of the last, row.
GROUPS = [(1, 3, 3), (0, 4, 2), (0, 5, 1)]
# From (column, row) to (column, row), all beside or below each other.
ARROWS = [
    ((0, 5), (1, 5)),
    ((1, 4), (1, 5)),
    ((1, 5), (2, 5)),
    ((2, 5), (2, 4)),
    ((2, 5), (3, 5)),
    ((3, 5), (4, 5)),
    ((4, 5), (4, 4)),
    ((4, 4), (4, 3)),
    ((0, 3), (1, 3)),
    ((3, 3), (4, 3)),
    ((4, 3), (5, 3)),
    ((5, 3), (5, 2)),
    ((5, 2), (4, 2)),
]
STAGES = {
    5: "a dataset becomes a store",
    3: "a store becomes a trained network",
    2: "the network in use",
    1: "shared by all of them",
}


def heavy(graph: Graph, room: str) -> bool:
    """Returns whether importing a folder, or a file of it, imports Keras."""
    name = f"segnet.{room.replace('/', '.')}"
    inside = [n for n in graph.modules if n == name or n.startswith(f"{name}.")]
    loaded = {module for n in inside for module in graph.loaded(n)}
    return any("keras" in graph.outside(module) for module in loaded)


def draw(graph: Graph) -> Figure:
    """Returns the drawing; boxes of folders that load no Keras are blue."""
    figure = Figure(figsize=(10.7, 6.2), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-0.55, 6.55), ylim=(0.2, 5.75))
    axes.axis("off")
    for first, last, row in GROUPS:
        _box(axes, (first + last) / 2, row, GROUP, last - first + 0.96, 0.74, "none")
    for start, end in ARROWS:
        _arrow(axes, start, end)
    for name, (column, row, text) in ROOMS.items():
        _box(axes, column, row, HEAVY if heavy(graph, name) else LIGHT)
        _label(axes, column, row, name, text)
    for name, (column, row, text) in FILES.items():
        _box(axes, column, row, DISK, style="--")
        _label(axes, column, row, name, text)
    for row, text in STAGES.items():
        axes.text(-0.48, row + 0.4, text, color=GREY, size=9, style="italic")
    _legend(axes)
    return figure


def _box(axes, x, y, colour, width=WIDTH, height=HEIGHT, edge=INK, style="-"):
    corner = (x - width / 2, y - height / 2)
    rounded = "round,pad=0,rounding_size=0.06"
    box = FancyBboxPatch(corner, width, height, rounded, fc=colour, ec=edge, ls=style)
    axes.add_patch(box)


def _label(axes, x, y, name, text):
    centred = {"ha": "center", "va": "center"}
    axes.text(x, y + 0.1, name, color=INK, size=10.5, weight="bold", **centred)
    axes.text(x, y - 0.13, text, color=INK, size=8.5, **centred)


def _arrow(axes, start, end):
    (x, y), (to_x, to_y) = start, end
    across, down = (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)
    down = 0 if across else down
    tail = (x + across * WIDTH / 2, y + down * HEIGHT / 2)
    head = (to_x - across * WIDTH / 2, to_y - down * HEIGHT / 2)
    style = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", head, tail, arrowprops=style)


def _legend(axes):
    entries = ((LIGHT, "-", "no Keras"), (HEAVY, "-", "Keras"), (DISK, "--", "on disk"))
    for number, (colour, style, text) in enumerate(entries):
        x = 0.35 + 1.2 * number
        _box(axes, x, 0.42, colour, 0.2, 0.16, style=style)
        axes.text(x + 0.17, 0.42, text, color=INK, size=9, va="center")
    text = "cli: one file for each verb"
    axes.text(5.48, 0.42, text, color=INK, size=9, va="center", ha="right")


def main() -> None:
    """Writes the drawing, with words as text and the same bytes each time."""
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "segnet"}):
        figure = draw(read_package(ROOT / "Code" / "segnet"))
        figure.savefig(SVG, metadata={"Date": None})


if __name__ == "__main__":
    main()
