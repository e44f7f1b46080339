"""All objects of a drive as arrays, and selection of those a camera sees."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from segnet.scenes.paint.camera import View, clip_near
from segnet.scenes.surfaces import bare, foliage, textures
from segnet.scenes.surfaces.atlas import SIDE, VEIL, Atlas
from segnet.scenes.town import build as layout
from segnet.scenes.town import shops
from segnet.scenes.town.mesh import Faces, join
from segnet.scenes.town.town import Town, static_faces
from segnet.scenes.town.worlds import WORLDS

RANGE = 260.0
_TEXTURE_SEED = 2001


@dataclass(frozen=True)
class Stage:
    """A drive prepared for painting; built once in each process."""

    town: Town
    atlas: Atlas
    texels: np.ndarray
    starts: np.ndarray
    faces: Faces
    middles: np.ndarray
    plant_places: np.ndarray
    plant_sizes: np.ndarray
    patch_middles: np.ndarray
    patch_reach: np.ndarray


@lru_cache(maxsize=2)
def surfaces(winter: bool = True) -> tuple[Atlas, np.ndarray, np.ndarray]:
    """Returns the textures, shared by all towns, and the arrays of `Atlas.packed`.

    Args:
        winter: False leaves out bare trees and shops, which take longest to draw.
    """
    atlas = Atlas()
    rng = np.random.default_rng(_TEXTURE_SEED)
    textures.add_all(atlas, rng)
    foliage.add_all(atlas, rng)
    atlas.add(VEIL, np.zeros((SIDE, SIDE)))
    if winter:
        bare.add_all(atlas, rng)
        shops.add_all(atlas, rng)
    return atlas, *atlas.packed()


def build(world: str, seed: int) -> Stage:
    """Returns the drive of a world and seed."""
    kind = WORLDS[world]
    atlas, texels, starts = surfaces(bool(kind.bare or kind.shops))
    town = layout.build(atlas, kind, seed)
    faces = static_faces(town)
    outlines = [p.outline[:, [0, 2]] for p in town.patches]
    middles = np.array([(o.max(0) + o.min(0)) / 2 for o in outlines])
    reach = [
        np.linalg.norm(o - m, axis=1).max()
        for o, m in zip(outlines, middles, strict=True)
    ]
    return Stage(
        town,
        atlas,
        texels,
        starts,
        faces,
        faces.corners.mean(1),
        np.array([p.place for p in town.plants], np.float32),
        np.array([(p.width, p.height) for p in town.plants], np.float32),
        middles.astype(np.float32),
        np.array(reach, np.float32),
    )


def visible_faces(stage: Stage, view: View, frame: int) -> Faces:
    """Returns the faces in or near the view, in no particular order."""
    seen = view.seen(stage.middles)
    near = (seen[:, 2] > -12) & (seen[:, 2] < RANGE)
    near &= np.abs(seen[:, 0]) < np.abs(seen[:, 2]) * 0.95 + 14
    groups = [stage.faces.take(near)]
    for vehicle in stage.town.vehicles:
        place, heading = vehicle.pose(stage.town.road, frame)
        x, _, z = view.seen(place)
        if -3 < z < RANGE and abs(x) < abs(z) * 0.9 + 6:
            groups.append(vehicle.faces.placed(place, heading))
    return join(groups)


def outlines_seen(view: View, outlines: np.ndarray) -> list:
    """Returns the picture coordinates of each outline as a flat list, None if hidden.

    Args:
        view: The camera.
        outlines: A list of (P, 3) world points each, or one (N, P, 3) array.
    """
    counts = [len(o) for o in outlines]
    if not counts:
        return []
    seen = view.seen(np.concatenate(list(outlines)))
    flat = view.project(seen) + 0.5
    found, start = [], 0
    for count in counts:
        part = slice(start, start + count)
        start += count
        ahead = seen[part, 2]
        if ahead.min() >= 0.4:
            found.append(flat[part].ravel().tolist())
        elif ahead.max() < 0.4:
            found.append(None)
        else:
            cut = view.project(clip_near(seen[part])) + 0.5
            found.append(cut.ravel().tolist())
    return found
