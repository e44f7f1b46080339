"""The transform of one frame, carried out with Pillow: image bilinear, labels nearest.

A `Transform` holds every random decision as plain numbers. Its matrix gives for each
pixel of the result its place in the source, so image and labels are aligned to the
pixel, here and on an accelerator (`segnet.train.device_warp`).
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from segnet.data.batches.camera_noise import Noise, add_noise

# A grey in the middle of the range, as the networks' own padding is.
PADDING = 127
IMAGE_FILTER, LABEL_FILTER = Image.Resampling.BILINEAR, Image.Resampling.NEAREST


@dataclass(frozen=True)
class Axis:
    """Source interval `start` to `stop`, placed at `offset` with `length` pixels."""

    start: float
    stop: float
    offset: int
    length: int

    @property
    def step(self) -> float:
        """Source pixels between two pixels of the result."""
        return (self.stop - self.start) / self.length

    def line(self, flip: bool) -> tuple[float, float]:
        """Slope and intercept from a place in the result to one in the source."""
        if flip:
            return -self.step, self.stop + self.step * self.offset
        return self.step, self.start - self.step * self.offset


@dataclass(frozen=True)
class Transform:
    """The transformation of one frame; pixel centres lie at halves.

    Args:
        size: (h, w) of the result.
        rows: Which rows of the frame, and where in the result.
        columns: The same for columns.
        flip: Mirrored left and right.
        colour: (3, 4) matrix on (r, g, b, 1); None leaves the colours.
        noise: Added last; None for none.
        angle: Degrees, counter-clockwise, after all of the above.
        pivot: (row, column) of the result, the centre of the rotation.
    """

    size: tuple[int, int]
    rows: Axis
    columns: Axis
    flip: bool = False
    colour: np.ndarray | None = None
    noise: Noise | None = None
    angle: float = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)

    @property
    def matrix(self) -> np.ndarray:
        """(2, 3) float64, from (column, row, 1) of the result to (column, row)."""
        (a, c), (e, f) = self.columns.line(self.flip), self.rows.line(False)
        straight = np.array([[a, 0, c], [0, e, f], [0, 0, 1]])  # (3, 3)
        row, column = self.pivot
        cosine, sine = (
            math.cos(math.radians(self.angle)),
            math.sin(math.radians(self.angle)),
        )
        rotation = np.array(  # (3, 3)
            [
                [cosine, -sine, column - cosine * column + sine * row],
                [sine, cosine, row - sine * column - cosine * row],
                [0, 0, 1],
            ]
        )
        return (straight @ rotation)[:2]


def warp(
    image: np.ndarray, labels: np.ndarray, transform: Transform, void: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the transformed frame, image (h, w, 3) and labels (h, w), both uint8.

    Args:
        image: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 class ids.
        transform: What is done.
        void: The id of pixels outside the frame; the image is grey there, before noise.
    """
    move = _rotate if transform.angle else _resize
    image, labels = move(image, labels, transform, void)  # (h, w, 3), (h, w)
    if transform.noise:
        image = add_noise(image, transform.noise)
    return image, labels


def _resize(
    image: np.ndarray, labels: np.ndarray, transform: Transform, void: int
) -> tuple[np.ndarray, np.ndarray]:
    """One resize of one window, padded where it lies outside the frame."""
    picture = _recolour(_resize_window(image, transform, IMAGE_FILTER), transform)
    ids = _resize_window(labels, transform, LABEL_FILTER)
    return _pad(picture, transform, PADDING), _pad(ids, transform, void)


def _recolour(picture: Image.Image, transform: Transform) -> Image.Image:
    if transform.colour is None:
        return picture
    return picture.convert("RGB", tuple(transform.colour.ravel()))


def _resize_window(
    array: np.ndarray, transform: Transform, resample: Image.Resampling
) -> Image.Image:
    """Returns the part of the result that lies inside the frame."""
    rows, columns = transform.rows, transform.columns
    box = (columns.start, rows.start, columns.stop, rows.stop)
    size = (columns.length, rows.length)
    picture = Image.fromarray(array).resize(size, resample, box=box)
    if transform.flip:
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture


def _pad(picture: Image.Image, transform: Transform, value: int) -> np.ndarray:
    array = np.asarray(picture)
    if array.shape[:2] == transform.size:
        return array
    rows, columns = transform.rows, transform.columns
    padded = np.full((*transform.size, *array.shape[2:]), value, np.uint8)  # (h, w, C)
    padded[
        rows.offset : rows.offset + rows.length,
        columns.offset : columns.offset + columns.length,
    ] = array
    return padded


def _rotate(
    image: np.ndarray, labels: np.ndarray, transform: Transform, void: int
) -> tuple[np.ndarray, np.ndarray]:
    """One affine resampling of the visible part of the frame.

    It reads four source pixels for each pixel, too few where the frame shrinks: there
    the image is shrunk before. Labels always come from the source in one step.
    """
    matrix = transform.matrix  # (2, 3)
    left, top, right, bottom = _visible_box(transform, matrix, labels.shape)
    matrix[:, 2] -= left, top
    visible = Image.fromarray(labels[top:bottom, left:right])
    ids = _affine(visible, transform.size, matrix, LABEL_FILTER, void)  # (h, w)

    picture = Image.fromarray(image[top:bottom, left:right])
    steps = max(1, transform.columns.step), max(1, transform.rows.step)
    if max(steps) > 1:
        full = picture.size
        small = [max(1, round(n / step)) for n, step in zip(full, steps, strict=True)]
        picture = picture.resize(small, IMAGE_FILTER)
        matrix *= np.divide(small, full)[:, None]
    picture = _recolour(picture, transform)
    grey = (PADDING,) * 3
    pixels = _affine(picture, transform.size, matrix, IMAGE_FILTER, grey)  # (h, w, 3)
    return pixels, ids


def _affine(
    picture: Image.Image,
    size: tuple[int, int],
    matrix: np.ndarray,
    resample: Image.Resampling,
    fill: int | tuple[int, ...],
) -> np.ndarray:
    height, width = size
    return np.asarray(
        picture.transform(
            (width, height),
            Image.Transform.AFFINE,
            tuple(matrix.ravel()),
            resample,
            fillcolor=fill,
        )
    )


def _visible_box(
    transform: Transform, matrix: np.ndarray, shape: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of the frame that the result shows."""
    height, width = transform.size
    corners = matrix @ [  # (2, 4), columns and rows
        [0, width, 0, width],
        [0, 0, height, height],
        [1, 1, 1, 1],
    ]
    # Bilinear sampling reads its neighbours, those of the shrunk image too.
    margin = math.ceil(max(transform.rows.step, transform.columns.step)) + 1
    limits = np.array(shape[::-1]) - 1  # (2,)
    low = np.clip(np.floor(corners.min(1)) - margin, 0, limits).astype(int)
    high = np.clip(np.ceil(corners.max(1)) + margin, low + 1, limits + 1).astype(int)
    return *low.tolist(), *high.tolist()
