"""Shadows on the ground: cast by the sun, and the darkness under objects."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from segnet.scenes.paint.camera import View
from segnet.scenes.paint.raster import Painted
from segnet.scenes.paint.stage import RANGE, Stage, outlines_seen
from segnet.scenes.surfaces.atlas import VEIL
from segnet.scenes.town.mesh import Faces
from segnet.scenes.town.vehicles import SIZES

_LEAFY, _SOLID = 150, 255
_BLOB = 14


def sun_direction(azimuth: float, elevation: float) -> np.ndarray:
    """Returns (3,): the unit vector towards the sun; angles in degrees."""
    turn, up = np.deg2rad(azimuth), np.deg2rad(elevation)
    flat = np.cos(up)
    return np.array((flat * np.sin(turn), np.sin(up), flat * np.cos(turn)), np.float32)


class Shadows:
    """The shadows of one drive under one sun."""

    def __init__(self, stage: Stage, azimuth: float, elevation: float):
        self.stage = stage
        self.sun = sun_direction(azimuth, max(elevation, 14.0))
        self.plants = _blobs(stage, self.sun)
        seen = stage.faces.texture != stage.atlas.names[VEIL]
        self.solids = _fallen(stage.faces.take(seen), self.sun)

    def mask(self, view: View, frame: int, painted: Painted) -> np.ndarray:
        """Returns (H, W) float32: share of sunlight kept from the ground."""
        image = Image.new("L", (view.width, view.height), 0)
        draw = ImageDraw.Draw(image)
        for outlines, value in (
            (_near(view, self.plants), _LEAFY),
            (_near(view, self.solids), _SOLID),
            (self._vehicles(view, frame), _SOLID),
        ):
            for shape in outlines_seen(view, outlines):
                if shape and len(shape) > 5:
                    draw.polygon(shape, fill=value)
        image = image.filter(ImageFilter.BoxBlur(view.width / 1242))
        shade = np.asarray(image).astype(np.float32) / 255
        ground = (painted.faces > 0) & (painted.faces <= painted.ground)
        return shade * ground

    def _vehicles(self, view: View, frame: int) -> list:
        found = []
        flat = self.sun[[0, 2]] / self.sun[1]
        for middle, corners, height in vehicle_feet(self.stage, view, frame, 0.0):
            lifted = middle + (corners - middle) * 0.86
            points = np.concatenate([corners, lifted - flat * height])
            found.append(np.insert(_hull(points), 1, 0, 1))
        return found


def vehicle_feet(stage: Stage, view: View, frame: int, grow: float):
    """Yields middle (2,), corners (4, 2) and height of the vehicles in view."""
    for vehicle in stage.town.vehicles:
        place, heading = vehicle.pose(stage.town.road, frame)
        x, _, z = view.seen(place)
        if not (-6 < z < RANGE and abs(x) < abs(z) * 0.9 + 12):
            continue
        wide, high, long = SIZES[vehicle.kind]
        ahead = np.array((np.sin(heading), np.cos(heading))) * (long / 2 + grow)
        right = np.array((np.cos(heading), -np.sin(heading))) * (wide / 2 + grow)
        middle = place[[0, 2]]
        corners = [ahead + right, ahead - right, -ahead - right, right - ahead]
        yield middle, middle + np.array(corners), high


def contact(stage: Stage, view: View, frame: int, painted: Painted) -> np.ndarray:
    """Returns (H, W) float32: darkness directly under vehicles and bushes, 0-1."""
    image = Image.new("L", (view.width, view.height), 0)
    draw = ImageDraw.Draw(image)
    for grow, value in ((0.22, 90), (0.0, 200)):
        feet = vehicle_feet(stage, view, frame, grow)
        outlines = [np.insert(corners, 1, 0, 1) for _, corners, _ in feet]
        for shape in outlines_seen(view, outlines):
            if shape and len(shape) > 5:
                draw.polygon(shape, fill=value)
    image = image.filter(ImageFilter.BoxBlur(3 * view.width / 1242))
    ground = (painted.faces > 0) & (painted.faces <= painted.ground)
    return np.asarray(image).astype(np.float32) / 255 * ground


def _near(view: View, outlines: np.ndarray) -> np.ndarray:
    if not len(outlines):
        return outlines
    seen = view.seen(outlines.mean(1))
    near = (seen[:, 2] > -14) & (seen[:, 2] < RANGE * 0.7)
    near &= np.abs(seen[:, 0]) < np.abs(seen[:, 2]) * 0.9 + 16
    return outlines[near]


def _blobs(stage: Stage, sun: np.ndarray) -> np.ndarray:
    """Returns (N, P, 3): ragged patches on the ground, one for each plant."""
    rng = np.random.default_rng(len(stage.town.plants))
    flat = sun[[0, 2]] / sun[1]
    length = float(np.linalg.norm(flat))
    ahead = flat / max(length, 1e-6)
    right = np.array((ahead[1], -ahead[0]))
    turn = np.linspace(0, 2 * np.pi, _BLOB, endpoint=False)
    wide, high = stage.plant_sizes.T
    ragged = rng.uniform(0.78, 1.1, (len(wide), _BLOB))
    middle = stage.plant_places[:, [0, 2]] - flat * (high * 0.6)[:, None]
    across = (0.4 * wide)[:, None] * ragged * np.cos(turn)
    along = (0.2 * wide + 0.4 * high * length)[:, None] * ragged * np.sin(turn)
    spots = middle[:, None] + across[..., None] * right + along[..., None] * ahead
    return np.insert(spots.astype(np.float32), 1, 0, 2)


def _fallen(faces: Faces, sun: np.ndarray) -> np.ndarray:
    """Returns faces projected onto the ground along the sun's rays."""
    lit = (faces.normal @ sun) > 0.05
    corners = faces.corners[lit]
    return corners - corners[..., 1:2] * (sun / sun[1])


def _hull(points: np.ndarray) -> np.ndarray:
    """Returns the convex hull of (P, 2) points, in order."""
    points = points[np.lexsort((points[:, 1], points[:, 0]))]
    halves = []
    for run in (points, points[::-1]):
        chain: list = []
        for p in run:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        halves += chain[:-1]
    return np.array(halves)


def _turn(a, b, c) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
