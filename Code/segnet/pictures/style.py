"""What all pictures have in common: colours, resolution, and how a file is written."""

from pathlib import Path

from matplotlib.figure import Figure

from segnet.system.files import replacing

DPI = 110
INK, FAINT = "#333333", "#d9d9d9"


def finish(figure: Figure, path: str | Path | None) -> Figure:
    """Returns the figure, written where a path is given."""
    if path is not None:
        with replacing(path) as part:
            figure.savefig(part)
    return figure
