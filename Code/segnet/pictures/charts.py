"""Charts of training runs, scores and data."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from segnet.classes import ClassMap
from segnet.pictures.style import DPI, FAINT, INK, finish

SERIES = ("#20639b", "#d1495b", "#3c9d6a", "#c58b1b", "#6f5b9a")


def curves(
    histories: Mapping[str, str | Path], path: str | Path | None = None
) -> Figure:
    """Returns a chart of loss and mIoU on val over the epochs of some runs.

    Args:
        histories: Run name -> history.csv.
        path: File to write.
    """
    figure = Figure((9, 3.4), dpi=DPI, layout="constrained")
    losses, mious = figure.subplots(1, 2)
    top, highest = 0.0, 0.0
    for colour, (name, file) in zip(
        _colours(histories), histories.items(), strict=True
    ):
        columns = _read_history(file)
        epochs = columns["epoch"]
        top = max(top, columns["loss"].max())
        losses.plot(epochs, columns["loss"], color=colour, label=f"{name}, train")
        known = ~np.isnan(columns["val_miou"])
        dashes = {"color": colour, "linestyle": (0, (3, 2)), "label": f"{name}, val"}
        losses.plot(epochs[known], columns["val_loss"][known], **dashes)
        miou = 100 * columns["val_miou"][known]
        mious.plot(epochs[known], miou, color=colour, label=name)
        if miou.size:
            best = miou.argmax()
            mious.plot(epochs[known][best], miou[best], "o", color=colour, ms=4)
            highest = max(highest, miou[best])
    # Early in training, the loss on val may take any value; the axis cuts it off.
    losses.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.15 * top or 1))
    mious.set(xlabel="epoch", ylabel="mIoU on val, %", ylim=(0, 1.15 * highest or 100))
    for axis in (losses, mious):
        _plain(axis, grid="y")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(frameon=False, fontsize=8)
    return finish(figure, path)


def per_class_bars(
    reports: Mapping[str, dict], path: str | Path | None = None
) -> Figure:
    """Returns a bar chart of the IoU of each class for some reports.

    Args:
        reports: Network name -> report of `segnet.evaluate.evaluate`, all with the same
            classes.
        path: File to write.
    """
    names = list(next(iter(reports.values()))["per_class"])
    height = 0.8 / len(reports)
    inches = 1.0 + len(names) * (0.16 + 0.13 * len(reports))
    figure = Figure((6.5, inches), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(names))
    for i, (colour, (name, report)) in enumerate(
        zip(_colours(reports), reports.items(), strict=True)
    ):
        values = [report["per_class"][key] for key in names]
        shown = [0.0 if value is None else 100 * value for value in values]
        where = places - 0.4 + (i + 0.5) * height
        label = f"{name}: mIoU {100 * report['miou']:.1f}"
        axis.barh(where, shown, 0.9 * height, color=colour, label=label)
        for y, x, value in zip(where, shown, values, strict=True):
            text = "absent" if value is None else f"{x:.0f}"
            axis.text(x + 0.7, y, text, va="center", fontsize=7, color=INK)
    axis.set_yticks(places, names)
    axis.set(xlabel="IoU, %", xlim=(0, 105), ylim=(len(names) - 0.4, -0.6))
    _plain(axis, grid="x")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    return finish(figure, path)


def class_frequencies(
    pixels: np.ndarray, class_map: ClassMap, path: str | Path | None = None
) -> Figure:
    """Returns a bar chart of the share of each class in the pixels that are not void.

    Args:
        pixels: (K,) number of pixels of each class.
        class_map: The classes, their names and colours.
        path: File to write.
    """
    shares = 100 * np.asarray(pixels) / max(np.sum(pixels), 1)
    floor = shares[shares > 0].min(initial=1.0) / 3
    figure = Figure((6.5, 0.8 + 0.24 * len(shares)), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    colours = np.array(class_map.colours) / 255
    axis.barh(
        np.arange(len(shares)),
        np.maximum(shares, floor) - floor,
        0.72,
        left=floor,
        color=colours,
        edgecolor=INK,
        linewidth=0.4,
    )
    for y, share in enumerate(shares):
        text = f" {share:.2f}" if share else " absent"
        axis.text(max(share, floor), y, text, va="center", fontsize=8, color=INK)
    axis.set_yticks(np.arange(len(shares)), class_map.names)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set(xlabel="share of the pixels, % (logarithmic)", xlim=(floor, 120))
    axis.invert_yaxis()
    _plain(axis, grid="x")
    return finish(figure, path)


def confusion_picture(
    matrix: np.ndarray, names: Sequence[str], path: str | Path | None = None
) -> Figure:
    """Returns a chart of the confusion matrix, each row as shares of its true class.

    Args:
        matrix: (K, K) counts, a row per true class; a further column is called "other".
        names: K class names.
        path: File to write.
    """
    truth = matrix.sum(1, keepdims=True)
    shares = 100 * matrix / np.maximum(truth, 1)
    side = 2.2 + 0.42 * len(names)
    figure = Figure((side, side - 0.4), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.5:
            colour = "white" if share > 55 else INK
            text = f"{share:.0f}"
            axis.text(
                column, row, text, ha="center", va="center", fontsize=8, color=colour
            )
    labels = [
        name if count else f"{name} (absent)"
        for name, count in zip(names, truth[:, 0], strict=True)
    ]
    columns = [*names, "other"][: matrix.shape[1]]
    axis.set_xticks(range(len(columns)), columns, rotation=90)
    axis.set_yticks(range(len(names)), labels)
    axis.set(xlabel="predicted, % of the true class's pixels", ylabel="ground truth")
    axis.tick_params(length=0, labelsize=8, colors=INK)
    axis.spines[:].set_color(FAINT)
    return finish(figure, path)


def _read_history(path: str | Path) -> dict[str, np.ndarray]:
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f"{path}: no epoch is finished yet")
    return {
        key: np.array([float(row[key] or "nan") for row in rows]) for key in rows[0]
    }


def _colours(items: Mapping) -> list[str]:
    return [SERIES[i % len(SERIES)] for i in range(len(items))]


def _plain(axis: Axes, grid: Literal["x", "y"]) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(FAINT)
    axis.tick_params(length=0, labelsize=8, colors=INK)
    axis.xaxis.label.set(size=9, color=INK)
    axis.yaxis.label.set(size=9, color=INK)
    axis.grid(axis=grid, color=FAINT, linewidth=0.6)
    axis.set_axisbelow(True)
