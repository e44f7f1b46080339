"""Pictures of data, trainings and results; the only module that draws results.

Each function returns a matplotlib Figure, which a notebook with `%matplotlib inline`
shows by itself, and writes it where a `path` is given. Void is black everywhere.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from PIL import Image

from segnet.classes import ClassMap
from segnet.files import replacing

DPI = 110
INK, FAINT = "#333333", "#d9d9d9"
SERIES = ("#20639b", "#d1495b", "#3c9d6a", "#c58b1b", "#6f5b9a")
FRAME_INCHES = 3.9
# How white a pixel is where a network is right.
PALE = 0.8


def overlay(
    image: np.ndarray, ids: np.ndarray, class_map: ClassMap, share: float = 0.5
) -> np.ndarray:
    """Returns the image with class colours laid over it, (H, W, 3) uint8.

    Args:
        image: (H, W, 3) uint8 RGB.
        ids: (H, W) class ids; void pixels show the image alone.
        class_map: Gives the colours.
        share: 0 for the image alone, 1 for the colours alone.
    """
    image, colours = image.astype(np.float32), class_map.colourise(ids)
    strength = np.where(ids == class_map.void, 0.0, share)[..., None]
    return np.rint(image + strength * (colours - image)).astype(np.uint8)


def files(*paths: str | Path) -> Figure:
    """Returns the images in some files one below the other, as they lie on disk.

    Args:
        paths: Image files, each named above its picture.
    """
    images = [Image.open(path) for path in paths]
    heights = [image.height / image.width for image in images]
    width = 2 * FRAME_INCHES
    size = width, width * sum(heights) + 0.3 * len(images)
    figure = Figure(size, dpi=DPI)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02)
    axes = figure.subplots(len(images), squeeze=False, height_ratios=heights)
    for axis, image, path in zip(axes[:, 0], images, paths, strict=True):
        axis.imshow(image)
        axis.set_title("/".join(Path(path).parts[-4:]), fontsize=9, color=INK)
        axis.set_axis_off()
    return _finish(figure, None)


def sheet(
    images: np.ndarray,
    truths: np.ndarray,
    predictions: np.ndarray | Mapping[str, np.ndarray],
    class_map: ClassMap,
    titles: Sequence[str] | None = None,
    path: str | Path | None = None,
) -> Figure:
    """Returns a sheet: a column a frame, with predictions, ground truth and image.

    Args:
        images: (N, H, W, 3) uint8 RGB.
        truths: (N, H, W) class ids.
        predictions: (N, H, W) class ids, or one such array for each network's name.
        class_map: Gives colours and names.
        titles: A line above each column.
        path: Where to write it, PNG or whatever the suffix says.
    """
    if not isinstance(predictions, Mapping):
        predictions = {"Prediction": predictions}
    rows = {
        **{name: class_map.colourise(ids) for name, ids in predictions.items()},
        "Ground truth": class_map.colourise(truths),
        "Image": images,
    }
    shown = _shown(class_map, truths, *predictions.values())
    return _finish(_grid(rows, class_map, shown, titles), path)


def mistakes(
    truths: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    class_map: ClassMap,
    titles: Sequence[str] | None = None,
    path: str | Path | None = None,
) -> Figure:
    """Returns a sheet of what networks say where they are wrong, a column a frame.

    Args:
        truths: (N, H, W) class ids.
        predictions: (N, H, W) class ids for each network's name.
        class_map: Gives colours and names.
        titles: A line above each column.
        path: Where to write it.
    """
    rows = {
        name: wrong_pixels(truths, ids, class_map) for name, ids in predictions.items()
    }
    shown = _shown(class_map, truths, *predictions.values())
    return _finish(_grid(rows, class_map, shown, titles), path)


def wrong_pixels(
    truths: np.ndarray, ids: np.ndarray, class_map: ClassMap
) -> np.ndarray:
    """Returns predictions in colour, pale where they are right, (..., 3) uint8.

    Args:
        truths: (...) class ids; void pixels are black.
        ids: (...) predicted class ids.
        class_map: Gives the colours.
    """
    colours = class_map.colourise(ids).astype(np.float32)
    right, void = truths == ids, truths == class_map.void
    colours[right] = PALE * 255 + (1 - PALE) * colours[right]
    colours[void] = 0
    return np.rint(colours).astype(np.uint8)


def _grid(
    rows: Mapping[str, np.ndarray],
    class_map: ClassMap,
    shown: Sequence[int],
    titles: Sequence[str] | None,
) -> Figure:
    """Pictures (N, H, W, 3) in named rows, with a legend of the classes `shown`."""
    count, height, width = next(iter(rows.values())).shape[:3]
    row_inches = FRAME_INCHES * height / width
    legend_inches = 0.3 + 0.2 * -(-len(shown) // 8)
    total = len(rows) * row_inches + legend_inches + 0.4
    figure = Figure((0.3 + count * FRAME_INCHES, total), dpi=DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, hspace=0, wspace=0)
    axes = figure.subplots(len(rows), count, squeeze=False)
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture, interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        line[0].set_ylabel(name, fontsize=9, color=INK)
    for axis, title in zip(axes[0], titles or [], strict=False):
        axis.set_title(title, fontsize=9, color=INK)
    _legend(figure, class_map, shown)
    return figure


def curves(
    histories: Mapping[str, str | Path], path: str | Path | None = None
) -> Figure:
    """Returns the loss and the mIoU on val over the epochs of some runs.

    Args:
        histories: The history.csv for each run's name.
        path: Where to write it.
    """
    figure = Figure((9, 3.4), dpi=DPI, layout="constrained")
    losses, mious = figure.subplots(1, 2)
    top = 0.0
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
    # A network that has hardly begun may have any loss on val; it is cut off.
    losses.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.15 * top))
    mious.set(xlabel="epoch", ylabel="mIoU on val, %", ylim=(0, None))
    for axis in (losses, mious):
        _plain(axis, grid="y")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(frameon=False, fontsize=8)
    return _finish(figure, path)


def per_class_bars(
    reports: Mapping[str, dict], path: str | Path | None = None
) -> Figure:
    """Returns the IoU of each class for some reports, as bars side by side.

    Args:
        reports: What `segnet.evaluate.evaluate` returned, for each network's name;
            all on the same classes.
        path: Where to write it.
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
    return _finish(figure, path)


def class_frequencies(
    pixels: np.ndarray, class_map: ClassMap, path: str | Path | None = None
) -> Figure:
    """Returns the share of each class in the pixels that are not void.

    Args:
        pixels: (K,) pixels of each class.
        class_map: Gives names and colours.
        path: Where to write it.
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
    return _finish(figure, path)


def confusion_picture(
    matrix: np.ndarray, names: Sequence[str], path: str | Path | None = None
) -> Figure:
    """Returns the confusion matrix, each row as shares of its true class.

    Args:
        matrix: (K, K) counts, rows truth; a further column is called "other".
        names: K class names.
        path: Where to write it.
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
    axis.set(xlabel="predicted, % of the true class's pixels", ylabel="truth")
    axis.tick_params(length=0, labelsize=8, colors=INK)
    axis.spines[:].set_color(FAINT)
    return _finish(figure, path)


def _shown(class_map: ClassMap, *maps: np.ndarray) -> list[int]:
    """The ids that occur, void last."""
    found = np.unique(np.concatenate([np.unique(ids) for ids in maps]))
    return [int(i) for i in found]


def _legend(figure: Figure, class_map: ClassMap, ids: Sequence[int]) -> None:
    patches = []
    for i in ids:
        void = i == class_map.void
        colour = np.array((0, 0, 0) if void else class_map.colours[i]) / 255
        name = "void" if void else class_map.names[i]
        patches.append(Patch(facecolor=colour, edgecolor=INK, lw=0.4, label=name))
    columns = min(8, 4 if figure.get_size_inches()[0] < 6 else 8, len(patches))
    figure.legend(
        handles=patches,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=8,
        handlelength=1.2,
        handleheight=1.2,
    )


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


def _plain(axis, grid: str) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(FAINT)
    axis.tick_params(length=0, labelsize=8, colors=INK)
    axis.xaxis.label.set(size=9, color=INK)
    axis.yaxis.label.set(size=9, color=INK)
    axis.grid(axis=grid, color=FAINT, linewidth=0.6)
    axis.set_axisbelow(True)


def _finish(figure: Figure, path: str | Path | None) -> Figure:
    if path is not None:
        with replacing(path) as part:
            figure.savefig(part)
    return figure
