"""Renders drives through small towns as a Virtual KITTI 1.3.1 tree.

`worlds` says what the towns are like and `layout` puts one together from `mesh`
objects; `raster` paints what a `camera` sees, `light` gives it one of the looks of
`variations`, and `tree` writes the files.
"""

from segnet.scenes.town.worlds import WORLDS
from segnet.scenes.variations import VARIATIONS
from segnet.scenes.write_tree import render

__all__ = ["VARIATIONS", "WORLDS", "render"]
