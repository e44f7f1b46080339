"""Rasteriser: finds the face, the distance and the texel of every pixel.

Faces are painted back to front into a map of face numbers. Buildings have a separate
map, merged by distance, since a long wall has no single position in that order.
Texels are then looked up for all pixels at once.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from segnet.classes import VKITTI1
from segnet.scenes.paint.camera import View
from segnet.scenes.paint.stage import RANGE, Stage, outlines_seen, visible_faces
from segnet.scenes.paint.texels import look_up
from segnet.scenes.surfaces.atlas import SIDE, VEIL
from segnet.scenes.town.mesh import Faces

_BUILDING = VKITTI1.id("Building")
_SKY = VKITTI1.id("Sky")
_SMALL = 0.6
# Takes the place of a plant's masks for a face that only labels show.
_LABEL_ONLY = "label only"


@dataclass
class Painted:
    """A painted frame before lighting.

    Args:
        faces: (H, W) intp, rows of the tables below; 0 is the sky.
        labelled: (H, W) intp, the same for labels: crowns and railings without gaps.
        inverse: (H, W) float32, 1 / distance ahead.
        texels: (H, W, 4) uint8, red, green, blue, code.
        owner: (N,) class id or VEHICLE + number of each row.
        normal: (N, 3) float32.
        tint: (N, 3) float32.
        gloss: (N,) float32.
        ground: Number of rows that are flat ground: rows 1 to `ground`.
    """

    faces: np.ndarray
    labelled: np.ndarray
    inverse: np.ndarray
    texels: np.ndarray
    owner: np.ndarray
    normal: np.ndarray
    tint: np.ndarray
    gloss: np.ndarray
    ground: int

    @property
    def owners(self) -> np.ndarray:
        """(H, W): the class id or vehicle of each pixel."""
        return self.owner[self.labelled]


class _Table:
    """A growing table of painted faces; row 0 is the sky."""

    def __init__(self):
        self.inverse = [np.zeros((1, 3, 3))]
        self.texture = [np.zeros(1, np.int64)]
        self.owner = [np.array([_SKY])]
        self.normal = [np.zeros((1, 3))]
        self.tint = [np.ones((1, 3))]
        self.gloss = [np.zeros(1)]
        self.count = 1

    def add(self, inverse, texture, owner, normal, tint, gloss) -> int:
        """Appends rows and returns the number of the first."""
        first = self.count
        self.inverse.append(inverse)
        self.texture.append(texture)
        self.owner.append(owner)
        self.normal.append(normal)
        self.tint.append(tint)
        self.gloss.append(gloss)
        self.count += len(texture)
        return first


def paint(stage: Stage, view: View, frame: int) -> Painted:
    """Paints the view of a camera in one frame of the drive."""
    table = _Table()
    size = (view.width, view.height)
    front, walls = Image.new("I", size, 0), Image.new("I", size, 0)
    ground = _paint_ground(stage, view, table, ImageDraw.Draw(front))
    jobs = _face_jobs(stage, visible_faces(stage, view, frame), view, table)
    jobs += _plant_jobs(stage, view, table)
    jobs.sort(key=lambda job: (-job[0], job[1]))
    airy = any(masks is _LABEL_ONLY or (masks and masks[1]) for *_, masks in jobs)
    labels = front.copy() if airy else None
    _paint_jobs(jobs, front, walls, labels)
    coefficients = np.concatenate(table.inverse).astype(np.float32)
    faces = _merge(front, walls, coefficients)
    labelled = _merge(labels, walls, coefficients) if airy else faces
    texture = np.concatenate(table.texture)
    inverse, texels = look_up(stage, faces, coefficients, texture)
    return Painted(
        faces,
        labelled,
        inverse,
        texels,
        np.concatenate(table.owner),
        np.concatenate(table.normal).astype(np.float32),
        np.concatenate(table.tint).astype(np.float32),
        np.concatenate(table.gloss).astype(np.float32),
        ground,
    )


def _paint_jobs(jobs: list, front: Image.Image, walls: Image.Image, labels) -> None:
    """Paints the numbers of `jobs`, the farthest first.

    `labels`, if given, receives the same as `front`, but with crowns and railings
    without gaps.
    """
    draw, draw_walls = ImageDraw.Draw(front), ImageDraw.Draw(walls)
    draw_labels = labels and ImageDraw.Draw(labels)
    for _, number, wall, shape, masks in jobs:
        if masks is _LABEL_ONLY:
            draw_labels.polygon(shape, fill=number)
        elif masks:
            mask, hull = masks
            front.paste(number, shape, mask)
            if labels:
                labels.paste(number, shape, hull or mask)
        elif wall:
            draw_walls.polygon(shape, fill=number)
        else:
            draw.polygon(shape, fill=number)
            if labels:
                draw_labels.polygon(shape, fill=number)


def _paint_ground(stage: Stage, view: View, table: _Table, draw) -> int:
    """Paints the plain and its patches; returns the number of the last row."""
    seen = view.seen(np.insert(stage.patch_middles, 1, 0, 1))
    reach = stage.patch_reach
    near = (seen[:, 2] > -reach) & (seen[:, 2] < RANGE + 60)
    near &= np.abs(seen[:, 0]) < np.abs(seen[:, 2]) * 0.95 + reach + 4
    patches = [stage.town.patches[i] for i in np.flatnonzero(near)]
    outlines = [p.outline for p in patches]
    grass = ("grass", (0.82, 0.86, 0.8), 9.0, VKITTI1.id("Terrain"))
    looks = [grass] + [(p.texture, p.tint, p.metres, p.owner) for p in patches]
    names, tints, metres, owners = zip(*looks, strict=True)
    metres = np.array(metres)
    frames = np.zeros((len(looks), 3, 3))
    frames[:, 0, 0] = np.round(view.place[0] / metres) * metres
    frames[:, 0, 2] = np.round(view.place[2] / metres) * metres
    frames[:, 1, 0] = metres / SIDE
    frames[:, 2, 2] = -metres / SIDE
    first = table.add(
        view.inverse(frames),
        np.array([stage.atlas.names[n] for n in names]),
        np.array(owners),
        np.tile((0.0, 1.0, 0.0), (len(looks), 1)),
        np.array(tints),
        np.zeros(len(looks)),
    )
    horizon = view.centre[1] + view.focal * np.tan(view.pitch)
    draw.rectangle((0, int(horizon) + 1, view.width, view.height), fill=first)
    for number, shape in enumerate(outlines_seen(view, outlines), first + 1):
        if shape and len(shape) > 5:
            draw.polygon(shape, fill=number)
    return first + len(looks) - 1


def _face_jobs(stage: Stage, faces: Faces, view: View, table: _Table) -> list:
    """Returns (distance, number, is a wall, outline, None) of faces towards the camera.

    A veil has `_LABEL_ONLY` instead of None.
    """
    towards = view.place - faces.corners[:, 0]
    faces = faces.take((faces.normal * towards).sum(1) > 0)
    seen = view.seen(faces.corners)
    flat = view.project(seen) + 0.5
    whole = seen[..., 2].min(1) > 0.4
    low, high = flat.min(1), flat.max(1)
    inside = (high > 0).all(1) & (low < (view.width, view.height)).all(1)
    size = (high - low).max(1)
    kept = np.where(whole, inside & (size > _SMALL), seen[..., 2].max(1) > 0.4)
    faces, seen, flat = faces.take(kept), seen[kept], flat[kept]
    whole = whole[kept]
    first = table.add(
        view.inverse(faces.frame),
        faces.texture,
        faces.owner,
        faces.normal,
        faces.tint,
        faces.gloss,
    )
    parts = np.unique(faces.part, return_inverse=True)[1]
    depth = seen[..., 2].mean(1)
    depth = np.bincount(parts, depth) / np.maximum(np.bincount(parts), 1)
    outlines = flat.reshape(len(faces), -1).tolist()
    jobs, veil = [], stage.atlas.names[VEIL]
    for i, (z, outline) in enumerate(zip(depth[parts].tolist(), outlines, strict=True)):
        if not whole[i]:
            outline = outlines_seen(view, [faces.corners[i]])[0]
            if not outline or len(outline) < 6:
                continue
        masks = _LABEL_ONLY if faces.texture[i] == veil else None
        jobs.append((z, first + i, faces.owner[i] == _BUILDING, outline, masks))
    return jobs


def _plant_jobs(stage: Stage, view: View, table: _Table) -> list:
    """Returns (distance, number, False, corner, masks) for trees and bushes.

    The masks are that of the picture and that of the label, None if they are the same.
    """
    seen = view.seen(stage.plant_places)
    reach = stage.plant_sizes.max(1)
    near = (seen[:, 2] > 1.5) & (seen[:, 2] < RANGE + 80)
    near &= np.abs(seen[:, 0]) < seen[:, 2] * 0.9 + reach
    chosen = np.flatnonzero(near)
    foot = view.project(seen[chosen])
    z = seen[chosen, 2]
    scale = view.focal / z
    wide, high = (stage.plant_sizes[chosen] * scale[:, None]).T
    left, top = foot[:, 0] - wide / 2, foot[:, 1] - high
    plants = [stage.town.plants[i] for i in chosen]
    flip = np.array([-1.0 if p.flip else 1.0 for p in plants])
    inverse = np.zeros((len(plants), 3, 3))
    inverse[:, 0, 0] = flip * SIDE / wide / z
    inverse[:, 0, 2] = (np.where(flip > 0, 0, SIDE) - flip * left * SIDE / wide) / z
    inverse[:, 1, 1] = SIDE / high / z
    inverse[:, 1, 2] = -top * SIDE / high / z
    inverse[:, 2, 2] = 1 / z
    numbers = np.array([stage.atlas.names[p.picture] for p in plants], np.int64)
    ahead = view.turn @ np.array((0, 0, -1.0))
    first = table.add(
        inverse,
        numbers,
        np.array([p.owner for p in plants], np.int64),
        np.tile(ahead, (len(plants), 1)),
        np.array([p.tint for p in plants]).reshape(-1, 3),
        np.zeros(len(plants)),
    )
    jobs = []
    for i, plant in enumerate(plants):
        box = (left[i], top[i], wide[i], high[i])
        kinds = (stage.atlas.masks, stage.atlas.hulls)
        cuts = [_cut_mask(k.get(numbers[i]), box, plant.flip, view) for k in kinds]
        if cuts[0]:
            corner, mask = cuts[0]
            masks = (mask, cuts[1] and cuts[1][1])
            jobs.append((float(z[i]), first + i, False, corner, masks))
    return jobs


def _cut_mask(masks: list | None, box, flip: bool, view: View):
    """Returns the corner in the picture and the visible part of a plant's mask."""
    if masks is None:
        return None
    left, top, wide, high = box
    x0, y0 = max(0, int(np.ceil(left))), max(0, int(np.ceil(top)))
    x1 = min(view.width, int(np.ceil(left + wide)))
    y1 = min(view.height, int(np.ceil(top + high)))
    if x1 <= x0 or y1 <= y0:
        return None
    level = int(np.clip(np.log2(SIDE / max(wide, high, 1)), 0, len(masks) - 1))
    mask = masks[level]
    step_x, step_y = mask.width / wide, mask.height / high
    u0, v0 = (x0 - left) * step_x, (y0 - top) * step_y
    if flip:
        u0, step_x = mask.width - u0, -step_x
    size = (x1 - x0, y1 - y0)
    data = (step_x, 0, u0 - step_x / 2, 0, step_y, v0 - step_y / 2)
    cut = mask.transform(size, Image.Transform.AFFINE, data, Image.Resampling.NEAREST)
    return (x0, y0), cut


def _merge(front: Image.Image, walls: Image.Image, coefficients) -> np.ndarray:
    """Returns the nearer face of the two maps for each pixel, (H, W) intp."""
    faces, walls = np.asarray(front).astype(np.intp), np.asarray(walls)
    rows, columns = np.nonzero(walls)
    wall, other = walls[rows, columns], faces[rows, columns]
    depths = []
    for number in (wall, other):
        a, b, c = (coefficients[number, 2, k] for k in range(3))
        depths.append(a * columns + b * rows + c)
    nearer = depths[0] > depths[1]
    faces[rows[nearer], columns[nearer]] = wall[nearer]
    return faces
