"""Pictures of a network's structure: a box per stage, a row per resolution."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from segnet.models.cost import macs, receptive_field
from segnet.pictures.structure_stages import CELL, LINE, Stage, find_stages, place
from segnet.system.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (
    "#8a94a6",
    "#4c78a8",
    "#e4843c",
    "#54a24b",
    "#b279a2",
    "#d4545a",
    "#4fa8a4",
    "#9d755d",
)
INK, FAINT, BAND = "#20242c", "#5d6675", "#f4f6f9"
# Inches.
MARGIN, HEADER, LABEL = 0.35, 1.25, 0.9
DEPTH, APART = 0.1, 0.07


def draw_structure(model: keras.Model, path: str | Path, dpi: int = 96) -> Path:
    """Writes a picture of the stages of a model and their connections.

    Each box is a stage: its height shows the resolution, its width the number of
    channels (square roots of both), its colour the branch. The text below it gives
    H x W x C, parameters and layers, without normalisations and activations.

    Args:
        model: A functional model with fixed H and W whose layers are named
            `<branch>_<stage>_<unit>`.
        path: Picture to write; the suffix (.png, .svg, .pdf) sets the format.
        dpi: Dots per inch of a .png.

    Returns:
        `path`.

    Raises:
        ValueError: H or W is not fixed, or `graph.walk` refuses the model.
    """
    from matplotlib.figure import Figure

    stages = find_stages(model)
    width, height = place(stages)
    figure = Figure((width + LABEL + 2 * MARGIN, height + HEADER + MARGIN))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-LABEL - MARGIN, width + MARGIN)
    axes.set_ylim(-MARGIN, height + HEADER)
    axes.axis("off")
    branches = list(dict.fromkeys(stage.branch for stage in stages))
    colours = {b: COLOURS[i % len(COLOURS)] for i, b in enumerate(branches)}
    _rows(axes, stages, width)
    for stage in stages:
        for source in stage.sources:
            _arrow(axes, source, stage, stages, colours[source.branch])
    for stage in stages:
        _box(axes, stage, colours[stage.branch])
    _header(axes, model, colours, height)
    with replacing(path) as part:
        figure.savefig(part, dpi=dpi, facecolor="white")
    return Path(path)


def _rows(axes: "Axes", stages: list[Stage], width: float) -> None:
    """Draws a faint band behind the boxes of each resolution, labelled at the left."""
    from matplotlib.patches import Rectangle

    left = -LABEL - MARGIN
    for level in {stage.level for stage in stages}:
        row = [stage for stage in stages if stage.level == level]
        middle, box = row[0].y, max(stage.height for stage in row)
        corner, size = (
            (left, middle - box / 2 - 0.1),
            (width - left + MARGIN, box + 0.3),
        )
        axes.add_patch(Rectangle(corner, *size, color=BAND, zorder=0))
        text = f"1/{2**level}" if level else "full size"
        text = "whole\nimage" if row[0].shape[:2] == (1, 1) else text
        axes.text(-LABEL, middle, text, va="center", fontsize=11, color=FAINT)


def _box(axes: "Axes", stage: Stage, colour: str) -> None:
    """Draws a stage as a flat solid in the colour of its branch, with text below."""
    from matplotlib.patches import Polygon
    from matplotlib.patheffects import withStroke

    left, right = stage.x - stage.width / 2, stage.x + stage.width / 2
    low, high = stage.y - stage.height / 2, stage.y + stage.height / 2
    left_back, right_back, low_back, high_back = (
        side + DEPTH for side in (left, right, low, high)
    )
    front = ((left, low), (right, low), (right, high), (left, high))
    top = ((left, high), (right, high), (right_back, high_back), (left_back, high_back))
    side = (
        (right, low),
        (right_back, low_back),
        (right_back, high_back),
        (right, high),
    )
    for corners, shade in ((front, None), (top, "white"), (side, "black")):
        fill = _mix(colour, shade)
        axes.add_patch(Polygon(corners, fc=fill, ec="white", lw=0.6, zorder=4))
    halo = [withStroke(linewidth=2.5, foreground="white")]
    style: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 5}
    style["path_effects"] = halo
    y = low - LINE
    axes.text(stage.x, y, stage.title, fontsize=9, color=INK, weight="bold", **style)
    for number, line in enumerate(stage.lines, start=1):
        tone = INK if line.endswith("parameters") or number == 1 else FAINT
        axes.text(stage.x, y - number * LINE, line, fontsize=7.5, color=tone, **style)


def _mix(
    colour: str, other: str | None, share: float = 0.3
) -> tuple[float, float, float]:
    """Returns a mixture of two colours."""
    from matplotlib.colors import to_rgb

    pairs = zip(to_rgb(colour), to_rgb(other or colour), strict=True)
    red, green, blue = ((1 - share) * one + share * two for one, two in pairs)
    return red, green, blue


def _arrow(
    axes: "Axes", source: Stage, target: Stage, stages: list[Stage], colour: str
) -> None:
    """Draws an arrow in the source's colour from a stage to one that reads it."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    points = _route(source, target, stages)
    kind = {2: Curve.LINETO, 3: Curve.CURVE3, 4: Curve.CURVE4}[len(points)]
    curve = Curve(points, [Curve.MOVETO] + [kind] * (len(points) - 1))
    style: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 11}
    style |= {"lw": 1.6, "zorder": 3}
    axes.add_patch(FancyArrowPatch(path=curve, color=colour, **style))


def _route(source: Stage, target: Stage, stages: list[Stage]) -> list:
    """Returns the points of a line (2) or of a Bezier curve (3 or 4).

    Within a row: straight to the next box, in a low arc to a later one, in a high arc
    over boxes in between. To a row below: out at the right, in at the top. To a row
    above: out at the top, in at the left.
    """
    right, left = source.x + source.width / 2 + DEPTH, target.x - target.width / 2
    source_top = source.y + source.height / 2 + DEPTH
    target_top = target.y + target.height / 2 + DEPTH
    if source.level < target.level:
        y = source.y - source.height / 5
        x = target.x - APART
        return [(right, y), (x, y), (x, target_top)]
    if source.level > target.level:
        y = target.y - target.height / 5
        x = source.x + APART
        return [(x, source_top), (x, y), (left, y)]
    row = [stage for stage in stages if stage.level == source.level]
    if any(source.x < stage.x < target.x for stage in row):
        start, end = source.x + source.width / 4, target.x - target.width / 4
        high = max(source_top, target_top) + 0.4
        return [(start, source_top), (start, high), (end, high), (end, target_top)]
    if left - right < 1.5 * CELL:
        return [(right, source.y), (left, target.y)]
    start, end = source.y + source.height / 5, target.y + target.height / 5
    bend = min(0.25, source.height / 3)
    inner = (left - right) / 4
    return [
        (right, start),
        (right + inner, start + bend),
        (left - inner, end + bend),
        (left, end),
    ]


def _header(
    axes: "Axes", model: keras.Model, colours: dict[str, str], height: float
) -> None:
    """Draws the name and size of the network, and the colour of each branch."""
    seen = receptive_field(model)
    whole = seen == tuple(model.input.shape[1:3])
    facts = (
        f"{model.count_params():,} parameters",
        f"{macs(model) / 1e9:.2f} G multiply-accumulates",
        "an output pixel can see "
        + ("the whole image" if whole else f"{seen[0]}×{seen[1]} pixels"),
    )
    axes.text(-LABEL, height + 0.92, model.name, fontsize=16, weight="bold", color=INK)
    axes.text(-LABEL, height + 0.67, "   ·   ".join(facts), fontsize=10, color=INK)
    x = -LABEL
    for branch, colour in colours.items():
        axes.text(x, height + 0.36, "■ ", fontsize=11, color=colour)
        axes.text(x + 0.18, height + 0.36, branch, fontsize=10, color=FAINT)
        x += 0.5 + 0.085 * len(branch)
