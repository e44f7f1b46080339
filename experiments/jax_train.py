"""`segnet train` on JAX for GPUs: depthwise convolutions as sums of shifted images.

    export KERAS_BACKEND=jax
    python experiments/jax_train.py STORE --recipe camvid11_slim --out runs/slim

Takes the arguments of `segnet train` and leaves the same run folder. The convolutions
that a GPU's libraries have for this are slow; written as a sum of shifted images, XLA
makes one loop over the pixels of it, forwards and backwards. Three times as many images
a second on an H200, see docs/experiments/networks.md. The mathematics is the same, the
last bits are not.
"""

import sys

import keras
from keras import ops

from segnet.cli import main

# The backend's own, which stays what it is when `shift` puts `shifted` in its place.
plain = keras.src.backend.nn.depthwise_conv


def shifted(
    inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1
):
    """Depthwise convolution of images (B, H, W, C) with a kernel (h, w, C, 1).

    Anything but "same" padding and one output a channel is left to Keras.
    """
    if padding != "same" or kernel.shape[-1] != 1 or data_format == "channels_first":
        return plain(inputs, kernel, strides, padding, data_format, dilation_rate)
    rows, columns = (
        _places(inputs.shape[1 + axis], kernel.shape[axis], step, dilation)
        for axis, (step, dilation) in enumerate(
            zip(_pair(strides), _pair(dilation_rate), strict=True)
        )
    )
    padded = ops.pad(inputs, [(0, 0), rows[0], columns[0], (0, 0)])
    total = 0
    for i, row in enumerate(rows[1]):
        for j, column in enumerate(columns[1]):
            weights = ops.cast(kernel[i, j, :, 0], "float32")
            total += ops.cast(padded[:, row, column], "float32") * weights
    return ops.cast(total, inputs.dtype)


def _pair(value) -> tuple[int, int]:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def _places(size: int, taps: int, step: int, dilation: int):
    """Padding before and after, and the slice of the padded side for each tap."""
    last = (-(-size // step) - 1) * step
    missing = max(last + dilation * (taps - 1) + 1 - size, 0)
    starts = range(0, dilation * taps, dilation)
    slices = [slice(start, start + last + 1, step) for start in starts]
    return (missing // 2, missing - missing // 2), slices


def shift() -> None:
    """From now on every depthwise convolution on JAX is computed this way.

    Raises:
        ValueError: Keras runs on another backend.
    """
    if keras.backend.backend() != "jax":
        raise ValueError(
            f"Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=jax"
        )
    # The layers call the backend by this name and offer no other way in.
    keras.src.backend.nn.depthwise_conv = shifted


if __name__ == "__main__":
    try:
        shift()
    except ValueError as error:
        sys.exit(f"jax_train.py: {error}")
    sys.exit(main(["train", *sys.argv[1:]]))
