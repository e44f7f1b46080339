"""Augmentation on the accelerator, from the transforms that the CPU would use.

NumPy draws the transform of each frame (`segnet.data.batches.augment`), so a batch is
the same function of seed, epoch and index here as on the CPU. The pixels alone are
moved on the device, a batch at once, by gathering: image bilinear, labels nearest.

Keras' own affine transform has one fill value for image and labels and no way to
shrink without aliasing. Here a pixel of a shrunk frame is the mean of four bilinear
samples, which follows Pillow's filter down to half the size.
"""

import numpy as np
from keras import ops

from segnet.data.batches.camera_noise import SIDE, noise_table
from segnet.data.batches.warp import PADDING
from segnet.losses.base import Tensor


def warp_images(
    images: Tensor,
    matrix: Tensor,
    colour: Tensor,
    size: tuple[int, int],
    shrinks: bool = True,
) -> Tensor:
    """Returns the transformed images, (B, h, w, 3) uint8, grey outside the frames.

    Args:
        images: (B, H, W, 3) uint8.
        matrix: (B, 2, 3) float32, see `segnet.data.batches.warp.Transform`.
        colour: (B, 3, 4) float32, on (r, g, b, 1).
        size: (h, w).
        shrinks: Whether a frame may become smaller; four times the work.
    """
    x, y = _source_positions(matrix, size)  # (B, h, w) each
    if shrinks:
        offsets = _sample_offsets(matrix)  # (B, 1, 1) each
        samples = [_bilinear(images, x + i, y + j) for i, j in offsets]
        pixels = sum(samples) / len(samples)  # (B, h, w, 3)
    else:
        pixels = _bilinear(images, x, y)  # (B, h, w, 3)
    pixels = ops.einsum("bhwc,bdc->bhwd", pixels, colour[..., :3])
    pixels = pixels + colour[:, None, None, :, 3]
    pixels = ops.clip(ops.round(pixels), 0, 255)
    inside = _is_inside(x, y, images.shape[1:3])[..., None]  # (B, h, w, 1)
    return ops.cast(ops.where(inside, pixels, float(PADDING)), "uint8")


def add_noise(images: Tensor, noise: Tensor) -> Tensor:
    """Returns the noisy images, (B, h, w, 3) uint8.

    The result is that of `segnet.data.batches.camera_noise.add_noise`, up to the
    rounding of halves.

    Args:
        images: (B, h, w, 3) uint8.
        noise: (B, 3) float32: deviation, row and column, see
            `segnet.data.batches.camera_noise.Noise`.
    """
    height, width = images.shape[1:3]
    rows, columns = (  # (B, h), (B, w)
        (ops.cast(noise[:, i, None], "int32") + ops.arange(length, dtype="int32"))
        % SIDE
        for i, length in ((1, height), (2, width))
    )
    table = np.reshape(noise_table(), (-1, 3))  # (SIDE * SIDE, 3)
    places = rows[:, :, None] * SIDE + columns[:, None, :]  # (B, h, w)
    values = ops.take(ops.convert_to_tensor(table), places, axis=0)  # (B, h, w, 3)
    values = noise[:, 0, None, None, None] * values + ops.cast(images, "float32")
    return ops.cast(ops.clip(ops.round(values), 0, 255), "uint8")


def warp_labels(
    labels: Tensor, matrix: Tensor, size: tuple[int, int], void: int
) -> Tensor:
    """Returns the transformed labels, (B, h, w) uint8, void outside the frames.

    Args:
        labels: (B, H, W) uint8.
        matrix: (B, 2, 3) float32.
        size: (h, w).
        void: The id outside.
    """
    x, y = _source_positions(matrix, size)  # (B, h, w) each
    ids = _gather(labels[..., None], ops.floor(x), ops.floor(y))[..., 0]  # (B, h, w)
    inside = _is_inside(x, y, labels.shape[1:3])  # (B, h, w)
    return ops.cast(ops.where(inside, ids, float(void)), "uint8")


def cutmix(batch: Tensor, patches: Tensor) -> Tensor:
    """Returns a batch whose rectangles come from the next frame.

    The result is that of `segnet.data.batches.cutmix.paste`.

    Args:
        batch: (B, h, w, C).
        patches: (B, 4) int32: top, left, bottom, right.
    """
    rows = ops.arange(batch.shape[1], dtype="int32")[None, :, None, None]
    columns = ops.arange(batch.shape[2], dtype="int32")[None, None, :, None]
    top, left, bottom, right = (  # (B, 1, 1, 1) each
        patches[:, i, None, None, None] for i in range(4)
    )
    in_rows = ops.logical_and(rows >= top, rows < bottom)  # (B, h, 1, 1)
    in_columns = ops.logical_and(columns >= left, columns < right)  # (B, 1, w, 1)
    inside = ops.logical_and(in_rows, in_columns)  # (B, h, w, 1)
    return ops.where(inside, ops.roll(batch, -1, axis=0), batch)


def _source_positions(matrix: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Column and row in the frame of each pixel's middle, both (B, h, w)."""
    rows = (ops.arange(size[0], dtype="float32") + 0.5)[None, :, None]  # (1, h, 1)
    columns = (ops.arange(size[1], dtype="float32") + 0.5)[None, None, :]  # (1, 1, w)
    line = matrix[:, :, :, None, None]  # (B, 2, 3, 1, 1)
    x, y = (
        line[:, i, 0] * columns + line[:, i, 1] * rows + line[:, i, 2] for i in (0, 1)
    )
    return x, y


def _sample_offsets(matrix: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Columns and rows from a pixel's middle to its four samples, (B, 1, 1) each.

    At half the size the samples are one pixel of the frame apart, at full size they
    meet.
    """
    a, b, c, d = (matrix[:, i // 2, i % 2, None, None] for i in range(4))  # (B, 1, 1)
    step = ops.sqrt(ops.abs(a * d - b * c))
    share = ops.maximum(0.0, (1 - 1 / step) / 2)
    return [
        (share * (a * i + b * j), share * (c * i + d * j))
        for i in (-1, 1)
        for j in (-1, 1)
    ]


def _bilinear(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Returns (B, h, w, C) float32 at the positions `x`, `y`, (B, h, w) each."""
    x, y = x - 0.5, y - 0.5
    left, top = ops.floor(x), ops.floor(y)
    right_share, lower_share = (x - left)[..., None], (y - top)[..., None]
    upper, lower = (  # (B, h, w, C) each
        _gather(images, left, row) * (1 - right_share)
        + _gather(images, left + 1, row) * right_share
        for row in (top, top + 1)
    )
    return upper * (1 - lower_share) + lower * lower_share


def _gather(batch: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Pixels (B, h, w, C) float32; beyond the edge that of the edge."""
    height, width, channels = batch.shape[1:]
    rows = ops.cast(ops.clip(rows, 0, height - 1), "int32")
    columns = ops.cast(ops.clip(columns, 0, width - 1), "int32")
    frame = ops.arange(ops.shape(batch)[0], dtype="int32")[:, None, None]  # (B, 1, 1)
    pixels = ops.reshape(ops.cast(batch, "float32"), (-1, channels))  # (B * H * W, C)
    return ops.take(pixels, (frame * height + rows) * width + columns, axis=0)


def _is_inside(x: Tensor, y: Tensor, size: tuple[int, int]) -> Tensor:
    """Returns (B, h, w) bool."""
    in_columns = ops.logical_and(x >= 0, x < size[1])
    return ops.logical_and(in_columns, ops.logical_and(y >= 0, y < size[0]))
