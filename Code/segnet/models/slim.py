"""A slim multi-branch network, designed for wall-clock time on a CPU.

Three branches: detail (1/4 and 1/8 of the input), context (1/16, 1/32 and the whole
image) and skip (1/4 straight to the head), joined by two additive fusions.

What the measurements behind it said: work at 1/4 is dear, so one block stands there
before and one after the fusion; a separable block with one BatchNormalization is the
fastest at 1/8 and 1/16, and on drives never seen more of them were worth 1 to 2 mIoU;
at 1/32 weights are nearly free, so more than a third of them stand there, in 3x1/1x3
pairs, which train fastest per weight; padding is cropped and classes are computed at
1/4, so that the one large resize is the last thing that happens.
"""

import keras
from keras import layers

from segnet.models import blocks

STEM, QUARTER, EIGHTH, SIXTEENTH = 16, 32, 64, 128
DETAIL_BLOCKS = 8
CONTEXT_DILATIONS = (1, 2, 4, 8, 2, 4, 1, 2, 4)
DEEP_PAIRS = 3
FUSED_BLOCKS = {8: 2, 4: 1}  # by the factor below the input


def slim(
    input_shape: tuple[int, int, int],
    num_classes: int,
    width: float = 1.0,
    auxiliary: bool = False,
    name: str = "slim",
) -> keras.Model:
    """The slim network: uint8 RGB in, float32 logits at input size out.

    Args:
        input_shape: (H, W, 3), H and W at least 64.
        num_classes: K, at least 2.
        width: Factor on every channel count, which is then rounded to a multiple
            of 8, at least 8.
        auxiliary: Also return the logits of two heads for training, at 1/8 (detail)
            and at 1/16 (context).
        name: The model's name.

    Returns:
        A model from images (B, H, W, 3) uint8 0-255 to logits (B, H, W, K) float32.
        With `auxiliary` it returns a list: these, then the smaller ones.

    Raises:
        ValueError: An argument out of range.
    """
    blocks.check_arguments(input_shape, num_classes)
    if width <= 0:
        raise ValueError(f"width must be above 0, got {width}")
    stem, quarter, eighth, sixteenth = (
        max(8, 8 * round(filters * width / 8))
        for filters in (STEM, QUARTER, EIGHTH, SIXTEENTH)
    )
    inputs, x = blocks.image_input(input_shape, multiple=16)

    x = blocks.conv_bn_relu(x, stem, 3, 2, name="stem_s2")  # 1/2 of the input
    x = blocks.conv_bn_relu(x, quarter, 3, 2, name="stem_s4")  # 1/4
    x = blocks.residual_separable(x, name="detail_s4b1")
    skip = blocks.conv_bn(x, quarter, name="skip_s4")

    x = blocks.downsample(x, eighth, name="detail_s8")  # 1/8
    for number in range(1, DETAIL_BLOCKS + 1):
        x = blocks.residual_separable(x, name=f"detail_s8b{number}")
    detail = blocks.conv_bn(x, eighth, name="detail_s8project")

    context = _context(x, sixteenth)  # 1/16
    x = _fused(context, detail, factor=8)
    x = _fused(x, skip, factor=4)

    logits = blocks.logits_head(x, input_shape, num_classes, factor=4)
    if auxiliary:
        stages = {8: detail, 16: context}
        logits = [logits, *blocks.auxiliary_heads(stages, input_shape, num_classes)]
    return keras.Model(inputs, logits, name=name)


def _context(x, filters: int):
    """1/16 of the input, dilated, plus a deeper part at 1/32 and over the image."""
    x = blocks.downsample(x, filters, name="context_s16")
    for number, dilation in enumerate(CONTEXT_DILATIONS, start=1):
        x = blocks.residual_separable(x, dilation, name=f"context_s16b{number}")
    y = layers.AveragePooling2D(2, padding="same", name="context_s32_pool")(x)
    for number in range(1, DEEP_PAIRS + 1):
        y = blocks.residual_pair(y, name=f"context_s32b{number}")
    y = blocks.add_global_context(y, name="context_global")
    y = blocks.conv_bn(y, filters, name="context_s32project")
    y = blocks.upsample_like(y, x, name="context_s32")
    return blocks.add_relu(x, y, name="context_fuse")


def _fused(x, finer, factor: int):
    """x, enlarged and added to the finer features at 1/factor, then blocks there."""
    name = f"fuse_s{factor}"
    x = blocks.conv_bn(x, finer.shape[-1], name=name)
    x = blocks.add_relu(blocks.upsample(x, name=name), finer, name=name)
    for number in range(1, FUSED_BLOCKS[factor] + 1):
        x = blocks.residual_separable(x, name=f"{name}b{number}")
    return x
