"""Frames of a drive: pictures in several variations, and the owner of each pixel."""

import numpy as np

from segnet.scenes import encoding
from segnet.scenes.paint import stage as stages
from segnet.scenes.paint.camera import View, view
from segnet.scenes.paint.light import Ground, Light, ground_noise
from segnet.scenes.paint.raster import paint
from segnet.scenes.paint.shadows import Shadows, contact
from segnet.scenes.paint.sky import Sky
from segnet.scenes.variations import look_of, turn_of


class Drive:
    """One drive, prepared for drawing at one size.

    Args:
        world: A key of `worlds.WORLDS`.
        seed: Chooses the town.
        size: Height and width.
        focal: Focal length of the camera in pixels, as in `View`.
    """

    def __init__(
        self,
        world: str,
        seed: int,
        size: tuple[int, int],
        focal: float | None = None,
    ):
        self.stage = stages.build(world, seed)
        self.world, self.seed, self.size = world, seed, size
        self.focal = focal
        self.noise = ground_noise()
        self.tables: dict[str, np.ndarray] = {}
        self.lights: dict[str, Light] = {}
        self.shadows: dict[tuple, Shadows] = {}
        self.sky = Sky(self._camera(0, 0))

    def colours(self, variation: str) -> np.ndarray:
        """Returns (N, 3) uint8: the label colour of each owner in a variation."""
        if variation not in self.tables:
            rows = encoding.colours(self.stage.town, self.world, variation, self.seed)
            self.tables[variation] = rows
        return self.tables[variation]

    def encoding(self, variation: str) -> str:
        """Returns the content of a variation's encoding file."""
        return encoding.text(self.stage.town, self.colours(variation))

    def draw(self, frame: int, variations: tuple[str, ...]):
        """Yields (variation, picture, owners) of a frame; all share one owners (H, W).

        Args:
            frame: From 0.
            variations: All with the camera in the same direction.
        """
        camera = self._camera(frame, turn_of(variations[0]))
        painted = paint(self.stage, camera, frame)
        ground = Ground(self.noise, camera)
        dark = contact(self.stage, camera, frame, painted)
        owners = painted.owners
        for variation in variations:
            light = self._light(variation)
            shade = self._shade(variation, camera, frame, painted)
            parts = (painted, camera, self.sky, ground, shade, dark, frame)
            yield variation, light.photograph(*parts), owners

    def _camera(self, frame: int, turned: float) -> View:
        return view(self.stage.town, frame, turned, self.size, self.focal)

    def _light(self, variation: str) -> Light:
        if variation not in self.lights:
            self.lights[variation] = Light(look_of(variation))
        return self.lights[variation]

    def _shade(self, variation: str, camera, frame: int, painted) -> np.ndarray | None:
        look = look_of(variation)
        if not look.shadow:
            return None
        key = (look.azimuth, look.elevation)
        if key not in self.shadows:
            self.shadows[key] = Shadows(self.stage, *key)
        return self.shadows[key].mask(camera, frame, painted)
