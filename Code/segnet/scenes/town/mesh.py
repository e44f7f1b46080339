"""Flat faces with a texture, a colour and a class, collected into arrays."""

from dataclasses import dataclass, field, fields

import numpy as np

from segnet.scenes.surfaces.atlas import SIDE, Atlas

CORNERS = 8
_PATCH = (0, 0, SIDE, SIDE)
_REPEAT = np.minimum(np.arange(CORNERS), np.arange(CORNERS + 1)[:, None] - 1)


@dataclass
class Faces:
    """F faces, each a convex outline in a plane.

    Args:
        corners: (F, CORNERS, 3) float32 metres: right, up, ahead; the last repeats.
        frame: (F, 3, 3) float32: position of texel (0, 0), one texel right, one down.
        normal: (F, 3) float32, unit length, outwards.
        tint: (F, 3) float32, factor for tinted texels; 1 leaves them unchanged.
        gloss: (F,) float32, share of the sky that is mirrored.
        texture: (F,) int32, number in the atlas.
        owner: (F,) int32, class id, or VEHICLE + number of an instance.
        part: (F,) int32; faces of one part are drawn together, in order.
    """

    corners: np.ndarray
    frame: np.ndarray
    normal: np.ndarray
    tint: np.ndarray
    gloss: np.ndarray
    texture: np.ndarray
    owner: np.ndarray
    part: np.ndarray

    def __len__(self) -> int:
        return len(self.texture)

    def take(self, chosen: np.ndarray) -> "Faces":
        """Returns the chosen faces."""
        return Faces(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def placed(self, place, heading: float) -> "Faces":
        """Returns a copy turned right by `heading` radians and moved to `place`."""
        turn = rotation(heading)
        move = np.asarray(place, np.float32)
        frame = self.frame @ turn
        frame[:, 0] += move
        return Faces(
            self.corners @ turn + move,
            frame,
            self.normal @ turn,
            self.tint,
            self.gloss,
            self.texture,
            self.owner,
            self.part,
        )


def rotation(heading: float) -> np.ndarray:
    """Returns (3, 3): `rows @ matrix` turns row vectors right by `heading` radians."""
    s, c = np.sin(heading), np.cos(heading)
    return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]], np.float32)


def join(groups: list[Faces], new_parts: bool = True) -> Faces:
    """Returns the faces of all groups; parts of different groups stay apart."""
    columns = {
        f.name: np.concatenate([getattr(g, f.name) for g in groups])
        for f in fields(Faces)
    }
    if new_parts:
        counts = [int(g.part.max()) + 1 if len(g) else 0 for g in groups]
        starts = np.cumsum([0] + counts[:-1])
        columns["part"] = np.concatenate(
            [g.part + start for g, start in zip(groups, starts, strict=True)]
        ).astype(np.int32)
    return Faces(**columns)


@dataclass
class Builder:
    """A collector for the faces of one object.

    Corners are listed clockwise as seen from outside, from the top left.
    """

    atlas: Atlas
    owner: int
    rows: list = field(default_factory=list)
    part: int = 0

    def quad(
        self, points, texture: str, tint=1.0, region=_PATCH, gloss=0.0, owner=None
    ):
        """Adds a face that shows the texels of `region` (left, top, right, bottom)."""
        points = np.asarray(points, np.float32)
        u0, v0, u1, v1 = region
        across = (points[1] - points[0]) / (u1 - u0)
        down = (points[3] - points[0]) / (v1 - v0)
        origin = points[0] - u0 * across - v0 * down
        self._add(points, (origin, across, down), texture, tint, gloss, owner)

    def outline(self, points, texture: str, tint=1.0, gloss=0.0, box=None, owner=None):
        """Adds a convex face whose texture spans `box` of its plane, or its extent."""
        points = np.asarray(points, np.float32)
        normal = _cross(points[1] - points[0], points[2] - points[1])
        normal /= np.sqrt(normal @ normal) + 1e-9
        across = np.array((-normal[2], 0.0, normal[0]))
        if across @ across < 0.04:
            across = np.array((1.0, 0, 0))
        across /= np.sqrt(across @ across)
        down = _cross(normal, across)
        u, v = points @ across, points @ down
        width, height = box or (np.ptp(u) + 1e-3, np.ptp(v) + 1e-3)
        origin = points[0] + (u.min() - u[0]) * across + (v.min() - v[0]) * down
        frame = (origin, across * width / SIDE, down * height / SIDE)
        self._add(points, frame, texture, tint, gloss, owner)

    def _add(self, points, frame, texture, tint, gloss, owner) -> None:
        corners = points[_REPEAT[len(points)]]
        tint = (tint, tint, tint) if np.ndim(tint) == 0 else tint
        owner = self.owner if owner is None else owner
        number = self.atlas.names[texture]
        self.rows.append((corners, frame, tint, gloss, number, owner, self.part))

    def box(
        self,
        x,
        y,
        z,
        texture: str,
        tint=1.0,
        metres=None,
        sides="fblrt",
        gloss=0.0,
        owner=None,
        region=_PATCH,
    ):
        """Adds some sides of a box; `metres` is the size of a tiled texture."""
        (x0, x1), (y0, y1), (z0, z1) = x, y, z
        for side, points in _box_sides(x0, x1, y0, y1, z0, z1).items():
            if side not in sides:
                continue
            if metres:
                size = np.ptp(np.asarray(points), axis=0)
                wide = size[2] if side in "lr" else size[0]
                high = size[2] if side == "t" else size[1]
                region = (0, 0, wide / metres * SIDE, high / metres * SIDE)
            self.quad(points, texture, tint, region, gloss, owner)

    def tube(self, x, y, z, texture: str, tint=1.0, gloss=0.0):
        """Adds an upright prism of six sides and its top, inside a box."""
        turn = np.arange(6) * np.pi / 3
        across = (x[0] + x[1]) / 2 + (x[1] - x[0]) / 2 * np.sin(turn)
        ahead = (z[0] + z[1]) / 2 + (z[1] - z[0]) / 2 * np.cos(turn)
        ring = list(zip(across.tolist(), ahead.tolist(), strict=True))
        for (x1, z1), (x0, z0) in zip(ring, ring[1:] + ring[:1], strict=True):
            points = [(x0, y[1], z0), (x1, y[1], z1), (x1, y[0], z1), (x0, y[0], z0)]
            self.quad(points, texture, tint, gloss=gloss)
        self.outline([(x, y[1], z) for x, z in ring], texture, tint, gloss)

    def faces(self) -> Faces:
        """Returns the faces added so far."""
        columns = list(zip(*self.rows, strict=True))
        kinds = [np.float32] * 4 + [np.int32] * 3
        arrays = [np.array(c, k) for c, k in zip(columns, kinds, strict=True)]
        normal = np.cross(arrays[1][:, 1], arrays[1][:, 2])
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
        return Faces(*arrays[:2], normal, *arrays[2:])


def _cross(a, b) -> np.ndarray:
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx))


def _box_sides(x0, x1, y0, y1, z0, z1) -> dict:
    return {
        "b": [(x0, y1, z0), (x1, y1, z0), (x1, y0, z0), (x0, y0, z0)],
        "f": [(x1, y1, z1), (x0, y1, z1), (x0, y0, z1), (x1, y0, z1)],
        "r": [(x1, y1, z0), (x1, y1, z1), (x1, y0, z1), (x1, y0, z0)],
        "l": [(x0, y1, z1), (x0, y1, z0), (x0, y0, z0), (x0, y0, z1)],
        "t": [(x0, y1, z1), (x1, y1, z1), (x1, y1, z0), (x0, y1, z0)],
    }
