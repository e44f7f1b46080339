"""A chart of accuracy against latency."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter

from segnet.pictures.style import DPI, FAINT, INK, finish

MARKS = {"onnx": "o", "litert": "s", "openvino": "^", "saved_model": "D"}
COLOURS = {
    "onnx": "#20639b",
    "litert": "#d1495b",
    "openvino": "#3c9d6a",
    "saved_model": "#6f5b9a",
}


def latency_scatter(
    rows: Sequence[dict[str, Any]], path: str | Path | None = None
) -> Figure:
    """Returns a chart of mIoU against the median time for one image.

    Args:
        rows: Of `segnet.bench.files.bench_files`; those without a mIoU and those that
            give no class ids, but logits, are left out.
        path: File to write.

    Raises:
        ValueError: No row has a mIoU.
    """
    shown = [
        row for row in rows if row["miou"] is not None and row["end"] in ("classes", "")
    ]
    if not shown:
        raise ValueError("no mIoU is known for a chart; give one with --miou NAME=58.7")
    figure = Figure((6.4, 4.0), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    named = set()
    for row in shown:
        form = row["format"]
        label = None if form in named else row["runtime"]
        named.add(form)
        point = row["median_ms"], 100 * row["miou"]
        axis.plot(*point, MARKS[form], color=COLOURS[form], label=label, ls="none")
        text = row["name"]
        if row["scored_on"]:
            text += f"\n{row['scored_on']}"
        axis.annotate(
            text,
            point,
            xytext=(6, 4),
            textcoords="offset points",
            fontsize=7,
            color=INK,
        )
    axis.set(xscale="log", xlabel="median ms for one image", ylabel="mIoU, %")
    for formatter in (axis.xaxis.set_major_formatter, axis.xaxis.set_minor_formatter):
        formatter(ScalarFormatter())
    if len(shown) > 4:
        axis.xaxis.set_minor_formatter(NullFormatter())
    axis.margins(x=0.25, y=0.2)
    axis.grid(color=FAINT, lw=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8)
    return finish(figure, path)
