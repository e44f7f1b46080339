"""The style of all pictures: colours, resolution, and the writing of files."""

from pathlib import Path
from typing import TYPE_CHECKING

from segnet.system.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110
INK, FAINT = "#333333", "#d9d9d9"


def finish(figure: "Figure", path: str | Path | None) -> "Figure":
    """Returns the figure, written to a file if a path is given."""
    if path is not None:
        with replacing(path) as part:
            figure.savefig(part)
    return figure
