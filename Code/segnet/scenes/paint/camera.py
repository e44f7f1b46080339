"""The camera: its position, and the projection of the world onto its picture."""

from dataclasses import dataclass

import numpy as np

from segnet.scenes.town.mesh import rotation
from segnet.scenes.town.town import Town

NEAR = 0.4
HEIGHT = 1.62
# Virtual KITTI's focal length, relative to the width of the picture.
WIDEST = 725.0 / 1242


@dataclass(frozen=True)
class View:
    """A pinhole camera.

    Args:
        place: (3,) position in the world: right, up, ahead, metres.
        yaw: Radians right of straight ahead.
        pitch: Radians up.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
        focal: Focal length in pixels; None for Virtual KITTI's field of view.
    """

    place: np.ndarray
    yaw: float
    pitch: float
    height: int
    width: int
    focal: float | None = None

    def __post_init__(self):
        if self.focal is None:
            object.__setattr__(self, "focal", WIDEST * self.width)

    @property
    def centre(self) -> tuple[float, float]:
        """Column and row of the optical axis."""
        return (self.width - 1) / 2, self.height * 0.46

    @property
    def turn(self) -> np.ndarray:
        """(3, 3): world row vector @ turn gives right, up, ahead in camera axes."""
        s, c = np.sin(self.pitch), np.cos(self.pitch)
        tilt = np.array([[1, 0, 0], [0, c, s], [0, -s, c]], np.float32)
        return (rotation(-self.yaw) @ tilt).astype(np.float32)

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Returns (..., 3): world points in camera axes (right, up, ahead)."""
        return (points - self.place.astype(np.float32)).astype(np.float32) @ self.turn

    def project(self, seen: np.ndarray) -> np.ndarray:
        """Returns (..., 2): column and row of points in camera axes, in front of it."""
        ahead = np.maximum(seen[..., 2:], 1e-3)
        flat = seen[..., :2] / ahead * np.array((self.focal, -self.focal), np.float32)
        return flat + np.array(self.centre, np.float32)

    def inverse(self, frames: np.ndarray) -> np.ndarray:
        """Returns (F, 3, 3): maps (column, row, 1) to (u, v, 1) / distance ahead.

        Args:
            frames: (F, 3, 3) origin, step right and step down of a texture.
        """
        frames = frames.astype(np.float64)
        frames[:, 0] -= self.place
        axes = frames @ self.turn.astype(np.float64)
        matrix = np.stack([axes[:, 1], axes[:, 2], axes[:, 0]], -1)
        (cx, cy), f = self.centre, self.focal
        lens = np.array([[f, 0, cx], [0, -f, cy], [0, 0, 1.0]])
        full = lens @ matrix
        flat = np.abs(np.linalg.det(full)) < 1e-15
        full[flat] = np.eye(3)
        return np.linalg.inv(full)


def view(
    town: Town,
    frame: int,
    turned: float,
    size: tuple[int, int],
    focal: float | None = None,
) -> View:
    """Returns the camera in a frame of the drive.

    Args:
        town: The drive.
        frame: Frame number, from 0.
        turned: Degrees to the right of the road.
        size: Height and width of the picture.
        focal: Focal length in pixels, as in `View`.
    """
    along = frame * town.world.speed
    side = town.lane + 0.12 * np.sin(frame / 31)
    bounce = 0.012 * np.sin(frame * 0.9) + 0.008 * np.sin(frame * 0.37)
    place = town.road.place(along, side, HEIGHT + bounce)
    yaw = float(town.road.heading(along + 4)) + 0.008 * np.sin(frame / 17)
    pitch = 0.0035 * np.sin(frame * 0.23)
    return View(place, yaw + np.deg2rad(turned), pitch, *size, focal)


def clip_near(points: np.ndarray, near: float = NEAR) -> np.ndarray:
    """Returns the part of an outline (P, 3) that is in front of the camera."""
    kept = []
    for a, b in zip(points, np.roll(points, -1, 0), strict=True):
        if a[2] >= near:
            kept.append(a)
        if (a[2] >= near) != (b[2] >= near):
            kept.append(a + (near - a[2]) / (b[2] - a[2]) * (b - a))
    return np.array(kept, np.float32).reshape(-1, 3)
