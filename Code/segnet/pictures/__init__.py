"""Draws frames, predictions, curves and network structures with matplotlib.

Each function returns a matplotlib Figure, which a notebook with `%matplotlib inline`
shows by itself, and writes it if a `path` is given. Void is black everywhere.

Overlays and legends need Pillow alone, so matplotlib is imported with the first of the
others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_FILES = ("overlays", "frames", "charts")


def __getattr__(name: str) -> Any:
    if name in __all__:
        for file in _FILES:
            module = import_module(f"{__name__}.{file}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
