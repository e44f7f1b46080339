"""A slim multi-branch network, designed for wall-clock time on a CPU.

Three branches: detail (1/4 and 1/8 of the input), context (1/16, 1/32 and the whole
image) and skip (1/4 straight to the head), joined by two additive fusions.

The measurements behind the design: work at 1/4 is expensive, so one block stands there
before the fusion and one after it. A separable block with one BatchNormalization is the
fastest at 1/8 and 1/16, and on unseen drives more of them gained 1 to 2 mIoU. At 1/32
weights cost almost no time, so more than a third of them stand there, in 3x1/1x3 pairs,
which train fastest per weight. Padding is cropped and classes are computed at 1/4, so
that the one large resize comes last.

H and W in the shape comments are the sides of the padded image.
"""

import keras
from keras import KerasTensor, layers

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
    """Returns the slim network: uint8 RGB in, float32 logits at input size out.

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
        ValueError: An argument is out of range.
    """
    blocks.check_arguments(input_shape, num_classes)
    if width <= 0:
        raise ValueError(f"width must be above 0, got {width}")
    stem, quarter, eighth, sixteenth = (
        max(8, 8 * round(filters * width / 8))
        for filters in (STEM, QUARTER, EIGHTH, SIXTEENTH)
    )
    inputs, x = blocks.image_input(input_shape, multiple=16)  # (B, H, W, 3)

    x = blocks.conv_bn_relu(x, stem, kernel_size=3, stride=2, name="stem_s2")
    # (B, H/2, W/2, stem)
    x = blocks.conv_bn_relu(x, quarter, kernel_size=3, stride=2, name="stem_s4")
    x = blocks.residual_separable(x, name="detail_s4b1")  # (B, H/4, W/4, quarter)
    skip = blocks.conv_bn(x, quarter, name="skip_s4")

    x = blocks.downsample(x, eighth, name="detail_s8")  # (B, H/8, W/8, eighth)
    for number in range(1, DETAIL_BLOCKS + 1):
        x = blocks.residual_separable(x, name=f"detail_s8b{number}")
    detail = blocks.conv_bn(x, eighth, name="detail_s8project")

    context = _context(x, sixteenth)  # (B, H/16, W/16, sixteenth)
    x = _fused(context, detail, factor=8)  # (B, H/8, W/8, eighth)
    x = _fused(x, skip, factor=4)  # (B, H/4, W/4, quarter)

    outputs = logits = blocks.logits_head(x, input_shape, num_classes, factor=4)
    if auxiliary:
        stages = {8: detail, 16: context}
        outputs = [logits, *blocks.auxiliary_heads(stages, input_shape, num_classes)]
    return keras.Model(inputs, outputs, name=name)


def _context(x: KerasTensor, filters: int) -> KerasTensor:
    """1/16 of the input, dilated, plus a deeper part at 1/32 and over the image."""
    x = blocks.downsample(x, filters, name="context_s16")  # (B, H/16, W/16, filters)
    for number, dilation in enumerate(CONTEXT_DILATIONS, start=1):
        name = f"context_s16b{number}"
        x = blocks.residual_separable(x, dilation=dilation, name=name)
    # "same" rounds an odd side up, so that every cell has a context.
    y = layers.AveragePooling2D(2, padding="same", name="context_s32_pool")(x)
    for number in range(1, DEEP_PAIRS + 1):
        y = blocks.residual_pair(y, name=f"context_s32b{number}")
    y = blocks.add_global_context(y, name="context_global")
    y = blocks.conv_bn(y, filters, name="context_s32project")
    # (B, ceil(H/32), ceil(W/32), filters), enlarged and cut to H/16, W/16.
    y = blocks.upsample_like(y, x, name="context_s32")
    return blocks.add_relu(x, y, name="context_fuse")


def _fused(x: KerasTensor, finer: KerasTensor, factor: int) -> KerasTensor:
    """x, enlarged and added to the finer features at 1/factor, then blocks there."""
    name = f"fuse_s{factor}"
    # Reduced before the enlargement: a quarter of the positions.
    x = blocks.conv_bn(x, finer.shape[-1], name=name)
    x = blocks.add_relu(blocks.upsample(x, name=name), finer, name=name)
    for number in range(1, FUSED_BLOCKS[factor] + 1):
        x = blocks.residual_separable(x, name=f"{name}b{number}")
    return x
