"""One change of a frame, carried out with Pillow: image bilinear, labels nearest.

A `Change` holds everything that chance has decided, as plain numbers. Its matrix says
for each pixel of the result where it comes from, so image and labels are aligned to
the pixel, here and on an accelerator (`segnet.train.device_warp`).
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
class Change:
    """What happens to one frame; pixel centres lie at halves.

    Args:
        size: (H, W) of the result.
        rows: Which rows of the frame, and where in the result.
        columns: The same for columns.
        flip: Mirrored left and right.
        colour: 3x4 matrix on (r, g, b, 1); None leaves the colours.
        noise: What is added in the end; None for nothing.
        angle: Degrees, counter-clockwise, after all of the above.
        pivot: (row, column) of the result that stay in place when it is rotated.
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
        straight = np.array([[a, 0, c], [0, e, f], [0, 0, 1]])
        row, column = self.pivot
        cosine, sine = (
            math.cos(math.radians(self.angle)),
            math.sin(math.radians(self.angle)),
        )
        turn = np.array(
            [
                [cosine, -sine, column - cosine * column + sine * row],
                [sine, cosine, row - sine * column - cosine * row],
                [0, 0, 1],
            ]
        )
        return (straight @ turn)[:2]


def warp(
    image: np.ndarray, labels: np.ndarray, change: Change, void: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the changed frame, image (h, w, 3) and labels (h, w) uint8.

    Args:
        image: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 class ids.
        change: What happens.
        void: The id of pixels outside the frame; the image is grey there, before noise.
    """
    move = _turn if change.angle else _place
    image, labels = move(image, labels, change, void)
    if change.noise:
        image = add_noise(image, change.noise)
    return image, labels


def _place(
    image: np.ndarray, labels: np.ndarray, change: Change, void: int
) -> tuple[np.ndarray, np.ndarray]:
    """One resize of one window, and what lies outside."""
    picture = _coloured(_cut(image, change, IMAGE_FILTER), change)
    ids = _cut(labels, change, LABEL_FILTER)
    return _pad(picture, change, PADDING), _pad(ids, change, void)


def _coloured(picture: Image.Image, change: Change) -> Image.Image:
    if change.colour is None:
        return picture
    return picture.convert("RGB", tuple(change.colour.ravel()))


def _cut(array: np.ndarray, change: Change, resample) -> Image.Image:
    rows, columns = change.rows, change.columns
    box = (columns.start, rows.start, columns.stop, rows.stop)
    size = (columns.length, rows.length)
    picture = Image.fromarray(array).resize(size, resample, box=box)
    if change.flip:
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture


def _pad(picture: Image.Image, change: Change, value: int) -> np.ndarray:
    array = np.asarray(picture)
    if array.shape[:2] == change.size:
        return array
    rows, columns = change.rows, change.columns
    padded = np.full((*change.size, *array.shape[2:]), value, np.uint8)
    padded[
        rows.offset : rows.offset + rows.length,
        columns.offset : columns.offset + columns.length,
    ] = array
    return padded


def _turn(
    image: np.ndarray, labels: np.ndarray, change: Change, void: int
) -> tuple[np.ndarray, np.ndarray]:
    """One affine resampling of what is seen.

    It reads four source pixels for each pixel, too few where the frame shrinks: there
    the image is shrunk before. Labels come from the source in one step, always.
    """
    matrix = change.matrix
    left, top, right, bottom = _seen(change, matrix, labels.shape)
    matrix[:, 2] -= left, top
    ids = Image.fromarray(labels[top:bottom, left:right])
    ids = _affine(ids, change.size, matrix, LABEL_FILTER, void)

    picture = Image.fromarray(image[top:bottom, left:right])
    steps = max(1, change.columns.step), max(1, change.rows.step)
    if max(steps) > 1:
        full = picture.size
        small = [max(1, round(n / step)) for n, step in zip(full, steps, strict=True)]
        picture = picture.resize(small, IMAGE_FILTER)
        matrix *= np.divide(small, full)[:, None]
    picture = _coloured(picture, change)
    return _affine(picture, change.size, matrix, IMAGE_FILTER, (PADDING,) * 3), ids


def _affine(picture, size, matrix: np.ndarray, resample, fill) -> np.ndarray:
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


def _seen(change: Change, matrix: np.ndarray, shape) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of the frame that the result shows."""
    height, width = change.size
    corners = matrix @ [[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]]
    # Bilinear sampling reads its neighbours, those of the shrunk image too.
    margin = math.ceil(max(change.rows.step, change.columns.step)) + 1
    limits = np.array(shape[::-1]) - 1
    low = np.clip(np.floor(corners.min(1)) - margin, 0, limits).astype(int)
    high = np.clip(np.ceil(corners.max(1)) + margin, low + 1, limits + 1).astype(int)
    return *low.tolist(), *high.tolist()
