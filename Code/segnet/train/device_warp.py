"""Augmentation on the accelerator: the same changes, drawn by the same chance.

What happens to a frame is drawn with NumPy (`segnet.data.batches.augment.draw`), so a
batch is
the same function of seed, epoch and number here as on the workers. Only the pixels are
moved on the device, a batch at once, by gathering: image bilinear, labels nearest.

Keras' own affine transform has one fill value for image and labels and no way to
shrink without aliasing. Here a pixel of a shrunk frame is the mean of four bilinear
samples, which follows Pillow's filter down to half the size.
"""

import numpy as np
from keras import ops

from segnet.data.batches.camera_noise import SIDE, noise_table
from segnet.data.batches.warp import PADDING


def move_images(images, matrix, colour, size: tuple[int, int], shrinks: bool = True):
    """Returns the changed images, (B, h, w, 3) uint8, grey outside the frames.

    Args:
        images: (B, H, W, 3) uint8.
        matrix: (B, 2, 3) float32, see `segnet.data.batches.warp.Change`.
        colour: (B, 3, 4) float32, on (r, g, b, 1).
        size: (h, w).
        shrinks: Whether a frame may become smaller; four times the work.
    """
    x, y = _places(matrix, size)
    if shrinks:
        samples = [_bilinear(images, x + i, y + j) for i, j in _spread(matrix)]
        pixels = sum(samples) / len(samples)
    else:
        pixels = _bilinear(images, x, y)
    pixels = ops.einsum("bhwc,bdc->bhwd", pixels, colour[..., :3])
    pixels = pixels + colour[:, None, None, :, 3]
    pixels = ops.clip(ops.round(pixels), 0, 255)
    inside = _inside(x, y, images.shape[1:3])[..., None]
    return ops.cast(ops.where(inside, pixels, float(PADDING)), "uint8")


def add_noise(images, noise):
    """Returns the noisy images, (B, h, w, 3) uint8, as `data.noise.add_noise`.

    Args:
        images: (B, h, w, 3) uint8.
        noise: (B, 3) float32: deviation, row and column, see
            `segnet.data.batches.camera_noise.Noise`.
    """
    height, width = images.shape[1:3]
    rows, columns = (
        (ops.cast(noise[:, i, None], "int32") + ops.arange(length, dtype="int32"))
        % SIDE
        for i, length in ((1, height), (2, width))
    )
    table = np.reshape(noise_table(), (-1, 3))
    places = rows[:, :, None] * SIDE + columns[:, None, :]
    values = ops.take(ops.convert_to_tensor(table), places, axis=0)
    values = noise[:, 0, None, None, None] * values + ops.cast(images, "float32")
    return ops.cast(ops.clip(ops.round(values), 0, 255), "uint8")


def move_labels(labels, matrix, size: tuple[int, int], void: int):
    """Returns the changed labels, (B, h, w) uint8, void outside the frames.

    Args:
        labels: (B, H, W) uint8.
        matrix: (B, 2, 3) float32.
        size: (h, w).
        void: The id outside.
    """
    x, y = _places(matrix, size)
    ids = _gather(labels[..., None], ops.floor(x), ops.floor(y))[..., 0]
    inside = _inside(x, y, labels.shape[1:3])
    return ops.cast(ops.where(inside, ids, float(void)), "uint8")


def mix(batch, patches):
    """Returns a batch whose rectangles come from the next frame, as `data.mix.paste`.

    Args:
        batch: (B, h, w, C).
        patches: (B, 4) int32: top, left, bottom, right.
    """
    rows = ops.arange(batch.shape[1], dtype="int32")[None, :, None, None]
    columns = ops.arange(batch.shape[2], dtype="int32")[None, None, :, None]
    top, left, bottom, right = (patches[:, i, None, None, None] for i in range(4))
    below = ops.logical_and(rows >= top, rows < bottom)
    between = ops.logical_and(columns >= left, columns < right)
    return ops.where(
        ops.logical_and(below, between), ops.roll(batch, -1, axis=0), batch
    )


def _places(matrix, size: tuple[int, int]):
    """Column and row in the frame of each pixel's middle, both (B, h, w)."""
    rows = (ops.arange(size[0], dtype="float32") + 0.5)[None, :, None]
    columns = (ops.arange(size[1], dtype="float32") + 0.5)[None, None, :]
    line = matrix[:, :, :, None, None]
    x, y = (
        line[:, i, 0] * columns + line[:, i, 1] * rows + line[:, i, 2] for i in (0, 1)
    )
    return x, y


def _spread(matrix):
    """From a pixel's middle to its four samples: columns and rows of the frame.

    At half the size they are one pixel of the frame apart, at full size they meet.
    """
    a, b, c, d = (matrix[:, i // 2, i % 2, None, None] for i in range(4))
    step = ops.sqrt(ops.abs(a * d - b * c))
    share = ops.maximum(0.0, (1 - 1 / step) / 2)
    return [
        (share * (a * i + b * j), share * (c * i + d * j))
        for i in (-1, 1)
        for j in (-1, 1)
    ]


def _bilinear(images, x, y):
    x, y = x - 0.5, y - 0.5
    left, top = ops.floor(x), ops.floor(y)
    to_right, down = (x - left)[..., None], (y - top)[..., None]
    upper, lower = (
        _gather(images, left, row) * (1 - to_right)
        + _gather(images, left + 1, row) * to_right
        for row in (top, top + 1)
    )
    return upper * (1 - down) + lower * down


def _gather(batch, columns, rows):
    """Pixels (B, h, w, C) float32; beyond the edge that of the edge."""
    height, width, channels = batch.shape[1:]
    rows = ops.cast(ops.clip(rows, 0, height - 1), "int32")
    columns = ops.cast(ops.clip(columns, 0, width - 1), "int32")
    frame = ops.arange(ops.shape(batch)[0], dtype="int32")[:, None, None]
    pixels = ops.reshape(ops.cast(batch, "float32"), (-1, channels))
    return ops.take(pixels, (frame * height + rows) * width + columns, axis=0)


def _inside(x, y, size: tuple[int, int]):
    across = ops.logical_and(x >= 0, x < size[1])
    return ops.logical_and(across, ops.logical_and(y >= 0, y < size[0]))
