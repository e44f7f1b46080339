"""Renders drives through small towns as a Virtual KITTI 1.3.1 tree.

`worlds` says what the towns are like and `layout` puts one together from `mesh`
objects; `raster` paints what a `camera` sees, `light` gives it one of the looks of
`variations`, and `tree` writes the files.
"""

from .tree import render
from .variations import VARIATIONS
from .worlds import WORLDS

__all__ = ["VARIATIONS", "WORLDS", "render"]
