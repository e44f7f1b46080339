"""Reads masks whose colours or values a file of the export explains."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segnet.classes.colours import Colour, UnknownColour, look_up
from segnet.data.images import read_mask
from segnet.data.masks.pixels import grey_values, without_alpha
from segnet.data.source import Frame

COLOUR, INDEX = "colour", "index"
HINT = "the table of the export lacks it: export masks and table together again"


@dataclass(frozen=True)
class MaskLabels:
    """Gives the class ids of a frame; what a `Source` calls `read_labels`.

    Args:
        table: The file that explains the masks, for messages.
        colours: Colour -> id, or void.
        values: Value of a grey mask -> id, or void.
        palette: What a mask with a palette means: its colours or its indices.
    """

    table: str
    colours: Mapping[Colour, int] = field(default_factory=dict)
    values: Mapping[int, int] = field(default_factory=dict)
    palette: str = COLOUR

    def __call__(self, frame: Frame) -> np.ndarray:
        """Returns (H, W) uint8 ids; raises ValueError with the file's name."""
        image = without_alpha(read_mask(frame.label), frame.label)
        if image.mode == "P" and self.palette == INDEX:
            return self._by_value(np.asarray(image), frame.label)
        if image.mode not in ("RGB", "P"):
            return self._by_value(grey_values(image, frame.label), frame.label)
        if not self.colours:
            raise ValueError(
                f"{frame.label}: its pixels are {image.mode}, and {self.table} "
                f"explains values of grey masks"
            )
        try:
            return look_up(
                np.asarray(image.convert("RGB")),
                self.colours,
                f"{frame.label} ({self.table})",
            )
        except UnknownColour as error:
            raise UnknownColour(
                error.where, error.pixels, error.colours, error.most, HINT
            ) from error

    def _by_value(self, values: np.ndarray, path: Path) -> np.ndarray:
        found = np.flatnonzero(np.bincount(values.ravel())).tolist()
        unknown = [value for value in found if value not in self.values]
        if unknown:
            count = int((values == unknown[0]).sum())
            raise ValueError(
                f"{path}: value {unknown[0]} on {count} pixels is not in {self.table}, "
                f"which has {_ranges(self.values)}"
            )
        table = np.zeros(max(self.values) + 1, np.uint8)
        table[list(self.values)] = list(self.values.values())
        return table[values]


def _ranges(values: Mapping[int, int]) -> str:
    first = sorted(values)
    return ", ".join(map(str, first[:12])) + (" ..." if len(first) > 12 else "")
