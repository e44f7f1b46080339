"""The street's centre line: places and headings along a bending road."""

import numpy as np

BEHIND = 60.0
AHEAD = 340.0


class Road:
    """A curve through the plane; `along` runs with the drive, `side` to its right.

    Args:
        rng: Draws the bends.
        length: Metres that are driven.
        bend: Scale of the bends, radians of heading.
    """

    def __init__(self, rng: np.random.Generator, length: float, bend: float):
        self.along = np.arange(-BEHIND, length + AHEAD + 1.0)
        heading = np.zeros_like(self.along)
        for wave, share in ((430.0, 1.0), (270.0, 0.55), (150.0, 0.14)):
            phase = rng.uniform(0, 2 * np.pi)
            size = bend * share * rng.uniform(0.6, 1.0)
            heading += size * np.sin(self.along * 2 * np.pi / wave + phase)
        self.headings = heading + rng.uniform(-0.5, 0.5)
        self.x = np.cumsum(np.sin(self.headings))
        self.z = np.cumsum(np.cos(self.headings))

    def heading(self, along):
        """Returns the heading in radians at distance `along`."""
        return np.interp(along, self.along, self.headings)

    def point(self, along, side) -> np.ndarray:
        """Returns (..., 2): x and z of a place beside the centre line."""
        turn = self.heading(along)
        x = np.interp(along, self.along, self.x) + side * np.cos(turn)
        z = np.interp(along, self.along, self.z) - side * np.sin(turn)
        return np.stack(np.broadcast_arrays(x, z), -1)

    def place(self, along: float, side: float, height: float = 0.0) -> np.ndarray:
        """Returns (3,): the place in the world."""
        x, z = self.point(along, side)
        return np.array((x, height, z))

    def strip(self, start: float, stop: float, left, right, step: float = 2.5):
        """Returns (P, 2): the outline of a band along the road."""
        count = max(2, int(np.ceil((stop - start) / step)) + 1)
        along = np.linspace(start, stop, count)
        edges = self.point(along, left), self.point(along, right)[::-1]
        return np.concatenate(edges)
