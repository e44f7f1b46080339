"""Sheets of frames: images, label maps and predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from PIL import Image

from segnet.classes import ClassMap
from segnet.pictures.style import DPI, INK, finish

FRAME_INCHES = 3.9
# Share of white in pixels predicted correctly.
PALE = 0.8


def files(*paths: str | Path) -> Figure:
    """Returns the images of some files one below the other, unchanged.

    Args:
        paths: Image files; each picture has its name above it.
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
    return finish(figure, None)


def sheet(
    images: np.ndarray,
    truths: np.ndarray,
    predictions: np.ndarray | Mapping[str, np.ndarray],
    class_map: ClassMap,
    titles: Sequence[str] | None = None,
    path: str | Path | None = None,
) -> Figure:
    """Returns a sheet with a column per frame: image, ground truth, predictions.

    Args:
        images: (N, H, W, 3) uint8 RGB.
        truths: (N, H, W) class ids.
        predictions: (N, H, W) class ids, or one such array for each network's name.
        class_map: The classes, their names and colours.
        titles: A line of text above each column.
        path: File to write, in the format of its suffix.
    """
    if not isinstance(predictions, Mapping):
        predictions = {"Prediction": predictions}
    rows = {
        "Image": images,
        "Ground truth": class_map.colourise(truths),
        **{name: class_map.colourise(ids) for name, ids in predictions.items()},
    }
    shown = _shown(truths, *predictions.values())
    return finish(_grid(rows, class_map, shown, titles), path)


def mistakes(
    truths: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    class_map: ClassMap,
    titles: Sequence[str] | None = None,
    path: str | Path | None = None,
) -> Figure:
    """Returns a sheet of the wrong predictions of networks, a column per frame.

    Args:
        truths: (N, H, W) class ids.
        predictions: (N, H, W) class ids for each network's name.
        class_map: The classes, their names and colours.
        titles: A line of text above each column.
        path: File to write.
    """
    rows = {
        name: wrong_pixels(truths, ids, class_map) for name, ids in predictions.items()
    }
    shown = _shown(truths, *predictions.values())
    return finish(_grid(rows, class_map, shown, titles), path)


def wrong_pixels(
    truths: np.ndarray, ids: np.ndarray, class_map: ClassMap
) -> np.ndarray:
    """Returns predictions in colour, pale where correct, (..., 3) uint8.

    Args:
        truths: (...) class ids; void pixels are black.
        ids: (...) predicted class ids.
        class_map: The classes and their colours.
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
    """Draws pictures (N, H, W, 3) in named rows above a legend of classes `shown`."""
    count, height, width = next(iter(rows.values())).shape[:3]
    row_inches = FRAME_INCHES * height / width
    legend_inches = 0.3 + 0.2 * -(-len(shown) // 8)
    total = len(rows) * row_inches + legend_inches + 0.4
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, hspace=0, wspace=0)
    figure = Figure((0.3 + count * FRAME_INCHES, total), dpi=DPI, layout=layout)
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


def _shown(*maps: np.ndarray) -> list[int]:
    """Returns the ids that occur, void last."""
    found = np.unique(np.concatenate([np.unique(ids) for ids in maps]))
    return [int(i) for i in found]


def _legend(figure: Figure, class_map: ClassMap, ids: Sequence[int]) -> None:
    patches = []
    for i in ids:
        void = i == class_map.void
        red, green, blue = (0, 0, 0) if void else class_map.colours[i]
        colour = red / 255, green / 255, blue / 255
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
