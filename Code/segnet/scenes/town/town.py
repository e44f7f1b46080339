"""The data of one drive: the place of each object, and the motion of vehicles."""

from dataclasses import dataclass

import numpy as np

from segnet.classes import VKITTI1
from segnet.scenes.surfaces.atlas import Atlas
from segnet.scenes.town import trucks, vehicles
from segnet.scenes.town.mesh import Faces, join
from segnet.scenes.town.road import Road
from segnet.scenes.town.worlds import World

VEHICLE = 100
"""First owner that is a vehicle: its owner is VEHICLE + its number."""

WALKER, CYCLIST = 90, 91
"""Owners of people; Virtual KITTI has no class for them, so both become Misc."""


@dataclass(frozen=True)
class Vehicle:
    """A car, van or truck and its motion along the road, if it moves."""

    kind: str
    faces: Faces
    along: float
    side: float
    speed: float = 0.0
    turned: float = 0.0
    sway: float = 0.0

    def pose(self, road: Road, frame: int) -> tuple[np.ndarray, float]:
        """Returns the place (3,) and heading of the vehicle in a frame."""
        wave = self.sway * np.sin(frame / 23 + self.along)
        along = self.along + self.speed * frame + wave
        return road.place(along, self.side), float(road.heading(along)) + self.turned


@dataclass(frozen=True)
class Patch:
    """A flat piece of ground: outline (P, 3), texture, tile in metres, class."""

    outline: np.ndarray
    texture: str
    tint: tuple
    metres: float
    owner: int


@dataclass(frozen=True)
class Plant:
    """A tree or bush: a picture that always faces the camera."""

    place: np.ndarray
    width: float
    height: float
    picture: str
    tint: np.ndarray
    owner: int
    flip: bool


@dataclass
class Town:
    """All objects along a drive; `solids` holds the faces of each solid object."""

    world: World
    road: Road
    patches: list[Patch]
    solids: list[Faces]
    plants: list[Plant]
    vehicles: list[Vehicle]

    @property
    def lane(self) -> float:
        """Distance of the camera to the right of the centre line, metres."""
        return 1.75 if self.world.lanes == 1 else 5.2


class Layout:
    """A town under construction.

    Args:
        atlas: The textures.
        world: Description of the town.
        rng: Draws everything.
    """

    def __init__(self, atlas: Atlas, world: World, rng: np.random.Generator):
        self.atlas, self.world, self.rng = atlas, world, rng
        length = world.frames * world.speed
        self.road = Road(rng, length, world.bend)
        self.start, self.stop = -30.0, length + 270.0
        self.edge = 3.5 * world.lanes + 1.0
        self.crossings = self._crossings()
        self.rails = self._rails()
        self.patches: list[Patch] = []
        self.solids: list[Faces] = []
        self.plants: list[Plant] = []
        self.vehicles: list[Vehicle] = []

    def _crossings(self) -> list[float]:
        at, found = self.start + self.rng.uniform(30, 60), []
        while at < self.stop:
            found.append(at)
            at += self.rng.uniform(62, 84)
        return found

    def _rails(self) -> list[tuple[int, float, float]]:
        """Returns (side, start, stop) of guard rails along which no car may park."""
        sides = self.rng.choice((-1, 1), 400)
        starts = np.arange(self.start + 18, self.stop, 42.0)
        return [(int(s), a, a + 10.0) for s, a in zip(sides, starts, strict=False)]

    @property
    def post(self) -> int | None:
        """Owner of sign and signal posts; None stands for the sign or signal itself."""
        return VKITTI1.id("Pole") if self.world.bare else None

    def railed(self, side: int, along: float) -> bool:
        """Returns whether a car parked here would hide one of `rails`."""
        return any(s == side and a - 7 < along < b + 4 for s, a, b in self.rails)

    def clear(self, along: float, margin: float = 8.0) -> bool:
        """Returns whether no side road is within `margin` metres."""
        return min(abs(along - c) for c in self.crossings) > margin

    def patch(self, outline, texture, tint, metres, name: str) -> None:
        tint = tuple(np.broadcast_to(tint, (3,)).tolist())
        patch = Patch(
            np.insert(outline, 1, 0.0, 1), texture, tint, metres, VKITTI1.id(name)
        )
        self.patches.append(patch)

    def solid(self, faces: Faces, along, side, turned=0.0) -> None:
        heading = float(self.road.heading(along)) + turned
        self.solids.append(faces.placed(self.road.place(along, side), heading))

    def plant(self, name: str, along, side, size, picture, tint, squeeze=1.0) -> None:
        place = self.road.place(along, side)
        flip = bool(self.rng.random() < 0.5)
        tint = np.asarray(tint, np.float32)
        row = (place, size * squeeze, size, picture, tint, VKITTI1.id(name), flip)
        self.plants.append(Plant(*row))

    def vehicle(self, kind: str, along, side, **motion) -> None:
        """Adds a vehicle with a random body and colour."""
        rng = self.rng
        owner = VEHICLE + len(self.vehicles)
        paint = np.array(_PAINTS[rng.integers(len(_PAINTS))])
        paint = np.clip(paint * rng.uniform(0.8, 1.15), 0.02, 0.95)
        if kind == "Truck" and self.world.shops and rng.random() < 0.6:
            faces = trucks.bus(self.atlas, rng, paint, owner)
        elif kind == "Truck":
            texture = ("container", "cargo", "plain")[rng.integers(3)]
            cargo = rng.uniform(0.25, 0.95, 3) if texture != "cargo" else np.ones(3)
            faces = trucks.truck(self.atlas, paint, cargo, owner, texture)
        elif kind == "Van":
            glazed = bool(rng.random() < 0.4)
            faces = vehicles.car(self.atlas, "van", paint, owner, glazed)
        else:
            body = vehicles.CAR_BODIES[rng.integers(3)]
            faces = vehicles.car(self.atlas, body, paint, owner)
        self.vehicles.append(Vehicle(kind, faces, along, side, **motion))

    def town(self) -> Town:
        """Returns the finished town."""
        kept = (self.patches, self.solids, self.plants, self.vehicles)
        return Town(self.world, self.road, *kept)


_PAINTS = (
    (0.86, 0.87, 0.88),
    (0.6, 0.62, 0.64),
    (0.36, 0.38, 0.4),
    (0.05, 0.05, 0.06),
    (0.06, 0.07, 0.1),
    (0.6, 0.06, 0.07),
    (0.72, 0.1, 0.08),
    (0.08, 0.16, 0.42),
    (0.16, 0.34, 0.6),
    (0.1, 0.26, 0.18),
    (0.62, 0.54, 0.38),
    (0.8, 0.66, 0.12),
    (0.32, 0.1, 0.12),
    (0.9, 0.9, 0.86),
    (0.42, 0.5, 0.56),
    (0.85, 0.4, 0.1),
)


def static_faces(town: Town) -> Faces:
    """Returns the faces of all static objects, each with its own part numbers."""
    return join(town.solids)
