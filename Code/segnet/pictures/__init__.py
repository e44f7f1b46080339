"""Draws frames, predictions, curves and network structures with matplotlib.

Each function returns a matplotlib Figure, which a notebook with `%matplotlib inline`
shows by itself, and writes it if a `path` is given. Void is black everywhere.
"""

from segnet.pictures.charts import (
    class_frequencies,
    confusion_picture,
    curves,
    per_class_bars,
)
from segnet.pictures.frames import files, mistakes, sheet, wrong_pixels
from segnet.pictures.overlays import legend, overlay, with_legend

__all__ = [
    "class_frequencies",
    "confusion_picture",
    "curves",
    "files",
    "legend",
    "mistakes",
    "overlay",
    "per_class_bars",
    "sheet",
    "with_legend",
    "wrong_pixels",
]
