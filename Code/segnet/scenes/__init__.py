"""`segnet render`: draws drives through small towns as a Virtual KITTI 1.3.1 tree.

`town/worlds` describes the towns and `town/build` puts one together from meshes;
`paint/raster` paints what a camera sees, `paint/light` gives it the look of one of the
`variations`, and `write_tree` writes the files.
"""

from segnet.scenes.town.worlds import WORLDS
from segnet.scenes.variations import VARIATIONS
from segnet.scenes.write_tree import render

__all__ = ["VARIATIONS", "WORLDS", "render"]
