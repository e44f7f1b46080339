"""The slim multi-branch network this project set out from, as a baseline.

Source: the structure picture of the inspiring work gives layers, channels and sizes.
It does not show kernel sizes; those below are the ones that add up to its 469,430
parameters (14 classes).

| stage | layers | scale |
|---|---|---|
| encoder | 3x3 12, pool; 3x3 24, pool; 3x3 48, pool; 3x3 96, pool | 1 to 1/16 |
| bottleneck | 1x1 96, 3x3 96, 3x3 48, 1x1 48, BN; beside it the pooled 96 | 1/16 |
| middle | 3x3 48, 1x1 48, 3x3 48, BN; from the encoder's 48 | 1/4 |
| decoder | transposed 3x3 stride 2: 96; 48 + middle; 48 + 24; 24 + 12 | 1/8 to 1 |
| head | 3x3 24, 3x3 classifier | 1 |

The count leaves open which of the two kinds of kernel comes first in a branch of
equal widths (1x1 and 3x3 in `middle` may swap places), the activations (ReLU here), the
side on which the decoder pads (bottom and right here, where the pooling dropped a row
or column).
Deviation: logits instead of a softmax, and the scaling is a layer of the model.
Deviation: BatchNormalization momentum as in the other networks of this package.
"""

from collections.abc import Sequence

import keras
from keras import KerasTensor, layers

from segnet.models import blocks

ENCODER = (12, 24, 48, 96)
BOTTLENECK = ((96, 1), (96, 3), (48, 3), (48, 1))
MIDDLE = ((48, 3), (48, 1), (48, 3))
DECODER = (96, 48, 48, 24)
HEAD = 24


def reference_multibranch(
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str = "reference_multibranch",
) -> keras.Model:
    """Returns the inspiring network: uint8 RGB in, float32 logits at input size out.

    Args:
        input_shape: (H, W, 3), H and W at least 64.
        num_classes: K, at least 2.
        name: The model's name.

    Returns:
        A model from images (B, H, W, 3) uint8 0-255 to logits (B, H, W, K) float32.

    Raises:
        ValueError: `input_shape` or `num_classes` is out of range.

    Source: the inspiring work's structure picture; see the top of this file.
    """
    blocks.check_arguments(input_shape, num_classes)
    inputs, x = blocks.image_input(input_shape, multiple=1)

    skips = []
    for stage, filters in enumerate(ENCODER):
        x = _conv(x, filters, kernel_size=3, name=f"encoder_s{2**stage}_conv")
        skips.append(x)  # (B, H/2**stage, W/2**stage, filters)
        x = layers.MaxPooling2D(2, name=f"encoder_s{2 ** (stage + 1)}_pool")(x)
    full, half, quarter, eighth = skips

    y = _branch(x, BOTTLENECK, name="bottleneck_s16")
    x = layers.Concatenate(name="bottleneck_s16_concat")([y, x])
    # (B, H/16, W/16, 144): 48 of the branch, 96 of the encoder.
    middle = _branch(quarter, MIDDLE, name="middle_s4")  # (B, H/4, W/4, 48)

    x = _up(x, DECODER[0], eighth, name="decoder_s8")  # (B, H/8, W/8, 96)
    x = _up(x, DECODER[1], quarter, name="decoder_s4")
    x = layers.Concatenate(name="decoder_s4_concat")([x, middle])  # (B, H/4, W/4, 96)
    x = _up(x, DECODER[2], half, name="decoder_s2")
    x = layers.Concatenate(name="decoder_s2_concat")([half, x])  # (B, H/2, W/2, 72)
    x = _up(x, DECODER[3], full, name="decoder_s1")
    x = layers.Concatenate(name="decoder_s1_concat")([full, x])  # (B, H, W, 36)

    x = _conv(x, HEAD, kernel_size=3, name="head_s1_conv")
    logits = layers.Conv2D(
        num_classes, 3, padding="same", dtype="float32", name="head_logits_conv"
    )(x)
    return keras.Model(inputs, logits, name=name)


def _conv(x: KerasTensor, filters: int, *, kernel_size: int, name: str) -> KerasTensor:
    """A convolution with bias and ReLU, same size."""
    return layers.Conv2D(
        filters, kernel_size, padding="same", activation="relu", name=name
    )(x)


def _branch(
    x: KerasTensor, widths_and_kernels: Sequence[tuple[int, int]], *, name: str
) -> KerasTensor:
    """Convolutions in a row, then one BatchNormalization."""
    for number, (filters, kernel_size) in enumerate(widths_and_kernels, start=1):
        x = _conv(x, filters, kernel_size=kernel_size, name=f"{name}_conv{number}")
    return blocks.bn(x, name=name)


def _up(x: KerasTensor, filters: int, like: KerasTensor, *, name: str) -> KerasTensor:
    """Twice the size by a transposed convolution, zero-padded to the size of `like`.

    Max-pooling dropped the last row or column of an odd side, so the padding puts
    one back in the same place.
    """
    x = layers.Conv2DTranspose(
        filters, 3, strides=2, padding="same", activation="relu", name=f"{name}_up"
    )(x)
    bottom, right = like.shape[1] - x.shape[1], like.shape[2] - x.shape[2]
    if bottom or right:
        pad = ((0, bottom), (0, right))
        x = layers.ZeroPadding2D(pad, name=f"{name}_pad")(x)
    return x
