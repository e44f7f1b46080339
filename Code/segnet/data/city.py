"""Streets of a city that `segnet render` made: Virtual KITTI 1's classes and people.

The worlds city1 to high3 name those on foot `Misc:walker` and those on bicycles
`Misc:cyclist`. `vkitti1` reads both as Misc; here they are classes of their own.
Terrain is pavement there.
"""

from collections.abc import Iterable
from pathlib import Path

from segnet.classes import CITY16
from segnet.data import vkitti
from segnet.data.source import Source

PEOPLE = {"Misc:walker": "Pedestrian", "Misc:cyclist": "Bicyclist"}


def reader(
    root: str | Path,
    worlds: Iterable[str] | None = None,
    variations: Iterable[str] | None = None,
) -> Source:
    """Returns the frames found below `root`, as `vkitti.reader` does, with 16 classes.

    Args:
        root: The folder that `segnet render` wrote.
        worlds: Only these, for example ["city1"]; all by default.
        variations: Only these, for example ["clone", "fog"].

    Raises:
        FileNotFoundError: As in `vkitti.reader`.
        ValueError: As in `vkitti.reader`.
    """
    return vkitti.source("city", CITY16, root, worlds, variations, PEOPLE)
