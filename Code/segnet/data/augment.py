"""Random changes of a training frame; image and labels always move together.

Scaling, cropping and padding are one resize of one window, bilinear for the image and
nearest for the labels, so both are aligned to the pixel. Labels keep their ids; what
lies outside the frame is void.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

# A grey in the middle of the range, as the networks' own padding is.
PADDING = 127
IMAGE_FILTER, LABEL_FILTER = Image.Resampling.BILINEAR, Image.Resampling.NEAREST
LUMINANCE = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a frame.

    Args:
        flip: Mirror left and right, half of the time.
        scale: Smallest and largest factor on the size; log-uniform between.
        crop: (H, W) of the result; None for the size of the frame.
        colour: 0 for none, below 1: brightness, contrast and saturation change by up
            to this share, each channel's gain by a third of it.
    """

    flip: bool = True
    scale: tuple[float, float] = (0.5, 2.0)
    crop: tuple[int, int] | None = None
    colour: float = 0.3


NOTHING = Augmentation(flip=False, scale=(1.0, 1.0), colour=0.0)


def augment(
    image: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    config: Augmentation,
    void: int = 255,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the frame changed at random.

    Args:
        image: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 class ids.
        rng: Decides; equal generators give equal results.
        config: What may happen, and the size of the result.
        void: The id of pixels outside the frame.

    Returns:
        Image (h, w, 3) uint8 and labels (h, w) uint8 of the size in `config`.
    """
    low, high = config.scale
    factor = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    height, width = config.crop or labels.shape
    rows = _window(labels.shape[0], height, factor, rng)
    columns = _window(labels.shape[1], width, factor, rng)
    flip = config.flip and rng.random() < 0.5
    image = _cut(image, rows, columns, flip, IMAGE_FILTER)
    labels = _cut(labels, rows, columns, flip, LABEL_FILTER)
    if config.colour:
        image = image.convert("RGB", _colour_matrix(rng, config.colour))
    size = height, width
    return _pad(image, rows, columns, size, PADDING), _pad(
        labels, rows, columns, size, void
    )


@dataclass(frozen=True)
class _Axis:
    """Source interval `start` to `stop`, placed at `offset` with `length` pixels."""

    start: float
    stop: float
    offset: int
    length: int


def _window(source: int, target: int, factor: float, rng) -> _Axis:
    """The random part of one axis that fills `target` pixels after scaling."""
    wanted = target / factor
    if wanted > source:
        length = min(target, max(1, round(source * factor)))
        return _Axis(0, source, int(rng.integers(target - length + 1)), length)
    if factor == 1:
        start = int(rng.integers(source - target + 1))
        return _Axis(start, start + target, 0, target)
    start = rng.uniform(0, source - wanted)
    return _Axis(start, min(start + wanted, source), 0, target)


def _cut(array, rows: _Axis, columns: _Axis, flip: bool, resample) -> Image.Image:
    box = (columns.start, rows.start, columns.stop, rows.stop)
    size = (columns.length, rows.length)
    picture = Image.fromarray(array).resize(size, resample, box=box)
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else picture


def _pad(picture, rows: _Axis, columns: _Axis, size, value: int) -> np.ndarray:
    array = np.asarray(picture)
    if array.shape[:2] == size:
        return array
    padded = np.full((*size, *array.shape[2:]), value, np.uint8)
    padded[
        rows.offset : rows.offset + rows.length,
        columns.offset : columns.offset + columns.length,
    ] = array
    return padded


def _colour_matrix(rng, strength: float) -> tuple[float, ...]:
    """A random 3x4 matrix on (r, g, b, 1), row by row.

    All four changes are linear, so one pass over the pixels does them together.
    """
    brightness, contrast, saturation = rng.uniform(1 - strength, 1 + strength, 3)
    gains = rng.uniform(1 - strength / 3, 1 + strength / 3, 3)
    mix = saturation * np.eye(3) + (1 - saturation) * LUMINANCE
    matrix = np.empty((3, 4))
    matrix[:, :3] = brightness * contrast * gains[:, None] * mix
    matrix[:, 3] = (1 - contrast) * 127.5
    return tuple(matrix.ravel())
