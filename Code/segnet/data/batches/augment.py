"""Random augmentation of a training frame; image and labels always move together.

Scaling, cropping and padding are one resize of one window, which may be rotated.
Labels keep their ids; pixels outside the frame are void. The window may be placed on a
pixel of a rare class.
"""

import math
from dataclasses import dataclass

import numpy as np

from segnet.data.batches.camera_noise import draw_noise
from segnet.data.batches.rare import sample_pixel
from segnet.data.batches.warp import Axis, Transform, warp

LUMINANCE = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Augmentation:
    """The random changes to a training frame.

    Args:
        flip: Mirror left and right, half of the time.
        scale: Smallest and largest factor on the size; log-uniform between.
        crop: (H, W) of the result; None for the size of the frame.
        colour: 0 for none, below 1: brightness, contrast and saturation change by up
            to this share, each channel's gain by a third of it.
        rare: Share of the frames whose window is placed to hold a pixel of a class
            that is drawn with the `probabilities` given to `draw_transform`.
        rotate: Degrees, at most, to either side, half of the time; about the middle,
            or about the pixel of the rare class.
        cutmix: Share of the frames that get a rectangle of another frame of their
            batch (see `segnet.data.batches.cutmix`).
        noise: Half of the frames get Gaussian noise of up to this standard deviation,
            in the units of uint8 values (see `segnet.data.batches.camera_noise`).
    """

    flip: bool = True
    scale: tuple[float, float] = (0.5, 2.0)
    crop: tuple[int, int] | None = None
    colour: float = 0.3
    rare: float = 0.0
    rotate: float = 0.0
    cutmix: float = 0.0
    noise: float = 0.0


NO_AUGMENTATION = Augmentation(flip=False, scale=(1.0, 1.0), colour=0.0)


def augment(
    image: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    config: Augmentation,
    void: int = 255,
    probabilities: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the frame changed at random.

    Args:
        image: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 class ids.
        rng: Decides; equal generators give equal results.
        config: What may happen, and the size of the result.
        void: The id of pixels outside the frame.
        probabilities: As for `draw_transform`.

    Returns:
        Image (h, w, 3) uint8 and labels (h, w) uint8 of the size in `config`.
    """
    transform = draw_transform(labels, rng, config, probabilities)
    return warp(image, labels, transform, void)


def draw_transform(
    labels: np.ndarray,
    rng: np.random.Generator,
    config: Augmentation,
    probabilities: np.ndarray | None = None,
) -> Transform:
    """Returns the transform of a frame, drawn from `rng`.

    Args:
        labels: (H, W) uint8 class ids.
        rng: Decides.
        config: What may happen, and the size of the result.
        probabilities: (K,) of a window on each class of the frame, see
            `segnet.data.batches.rare`; needed where `config.rare` is above 0.
    """
    low, high = config.scale
    factor = math.exp(rng.uniform(math.log(low), math.log(high)))
    size = config.crop or labels.shape
    pixel = None
    if config.rare and rng.random() < config.rare:
        if probabilities is None:
            raise ValueError(
                f"rare is {config.rare}, which needs the probabilities of the classes; "
                f"see segnet.data.batches.rare"
            )
        pixel = sample_pixel(labels, probabilities, rng)
    row, column = pixel or (None, None)
    rows = _window(labels.shape[0], size[0], factor, rng, row)
    columns = _window(labels.shape[1], size[1], factor, rng, column)
    flip = bool(config.flip and rng.random() < 0.5)
    colour = _colour_matrix(rng, config.colour) if config.colour else None
    noise = draw_noise(rng, config.noise) if config.noise else None
    if not config.rotate or rng.random() < 0.5:
        return Transform(size, rows, columns, flip, colour, noise)
    angle = rng.uniform(-config.rotate, config.rotate)
    pivot = size[0] / 2, size[1] / 2
    if row is not None and column is not None:
        pivot = _target_of(row, rows, False), _target_of(column, columns, flip)
    return Transform(size, rows, columns, flip, colour, noise, angle, pivot)


def _window(
    source: int,
    target: int,
    factor: float,
    rng: np.random.Generator,
    pixel: int | None,
) -> Axis:
    """Returns the random part of one axis that fills `target` pixels after scaling.

    If it has to hold a pixel, all positions that hold the whole of it are equally
    likely.
    """
    wanted = target / factor
    if wanted > source:
        length = min(target, max(1, round(source * factor)))
        return Axis(0, source, int(rng.integers(target - length + 1)), length)
    low, high = 0.0, source - wanted
    if pixel is not None:
        low, high = max(low, pixel + 1 - wanted), min(high, pixel)
    if factor == 1:
        first = int(rng.integers(int(low), int(high) + 1))
        return Axis(first, first + target, 0, target)
    # Below one pixel a window cannot hold a whole one.
    start = rng.uniform(min(low, high), high)
    return Axis(start, min(start + wanted, source), 0, target)


def _target_of(pixel: int, axis: Axis, flip: bool) -> float:
    """Returns the position of a source pixel's centre in the result."""
    slope, intercept = axis.line(flip)
    return (pixel + 0.5 - intercept) / slope


def _colour_matrix(rng: np.random.Generator, strength: float) -> np.ndarray:
    """Returns a random (3, 4) float64 matrix on (r, g, b, 1).

    All four changes are linear, so one pass over the pixels does them together.
    """
    brightness, contrast, saturation = rng.uniform(1 - strength, 1 + strength, 3)
    gains = rng.uniform(1 - strength / 3, 1 + strength / 3, 3)  # (3,)
    mix = saturation * np.eye(3) + (1 - saturation) * LUMINANCE  # (3, 3)
    matrix = np.empty((3, 4))
    matrix[:, :3] = brightness * contrast * gains[:, None] * mix
    matrix[:, 3] = (1 - contrast) * 127.5
    return matrix
