"""An EdgeSegNet that trains from scratch: the paper's modules, repaired.

Source: Lin, Chwyl, Wong, "EdgeSegNet: A Compact Network for Semantic Segmentation",
arXiv 1905.04222 (2019). Kept from it: the 7x7 stride-2 stem and max-pool; a context
branch of one bottleneck-reduction module; a residual-bottleneck branch; a skip branch
at 1/4; refine modules; two sums; bilinear enlargement, x4 at the end.

The paper leaves open where normalisation and activations stand, how the stride-8
convolution is padded, which side of the last resize the classifier is on, and the
whole training recipe.

Deviation: widths 13, 193 and 217 become 16, 192 and 192: multiples of the vector
width of a CPU, and one width at 1/8 so that refine modules can be residual.
Deviation: BatchNormalization after every convolution and ReLU after every sum; the
branches of a sum are linear, so one can correct the other.
Deviation: the 3x3 stride-8 convolution, which reads a seventh of the positions,
becomes three stride-2 convolutions; dilated residual bottlenecks and global pooling
follow, so that the branch sees the whole scene.
Deviation: eight of these bottlenecks and, but for the skip branch, two refine modules
in a row: they gained 1 to 3 mIoU on unseen drives. Residual branches begin as zero.
Deviation: the 3x3 convolutions of the refine modules are depthwise separable, and
their two 1x1 convolutions in a row, which one could replace, are one.
Deviation: at 1/4 of the input the width is 64, reduced before the enlargement; full
width there was three quarters of the original's cost.
Deviation: the classifier runs at 1/4, before the last resize.

H and W in the shape comments are the sides of the padded image.
"""

import keras
from keras import KerasTensor, layers

from segnet.models import blocks

STEM, WIDTH, DETAIL = 16, 192, 64
REDUCTION = (32, 96, WIDTH)
CONTEXT_DILATIONS = (1, 2, 4, 8, 2, 4, 1, 2)
# Refine modules in a row, by stage.
REFINES = {"residual_s8": 2, "fuse_s8": 2, "skip_s4": 1, "fuse_s4": 2}


def edgesegnet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    auxiliary: bool = False,
    name: str = "edgesegnet",
) -> keras.Model:
    """Returns the repaired EdgeSegNet: uint8 RGB in, float32 logits at input size out.

    Args:
        input_shape: (H, W, 3), H and W at least 64.
        num_classes: K, at least 2.
        auxiliary: Also return the logits of two heads for training, at 1/8 (residual)
            and at 1/16 (context).
        name: The model's name.

    Returns:
        A model from images (B, H, W, 3) uint8 0-255 to logits (B, H, W, K) float32.
        With `auxiliary` it returns a list: these, then the smaller ones.

    Raises:
        ValueError: `input_shape` or `num_classes` is out of range.

    Source: arXiv 1905.04222; deviations at the top of this file.
    """
    blocks.check_arguments(input_shape, num_classes)
    inputs, x = blocks.image_input(input_shape, multiple=16)  # (B, H, W, 3)

    stem = blocks.conv_bn_relu(x, STEM, kernel_size=7, stride=2, name="stem_s2")
    # (B, H/2, W/2, STEM)
    pooled = layers.MaxPooling2D(
        pool_size=3, strides=2, padding="same", name="stem_s4_pool"
    )(stem)  # (B, H/4, W/4, STEM)

    context = _context(_bottleneck_reduction(stem))  # (B, H/16, W/16, WIDTH)
    x = blocks.upsample(context, name="context_s8")
    residual = _residual_bottleneck(pooled, name="residual_s8")
    residual = _refined(residual, name="residual_s8")  # (B, H/8, W/8, WIDTH)
    x = blocks.add_relu(x, residual, name="fuse_s8")
    x = _refined(x, name="fuse_s8")

    x = blocks.conv_bn(x, DETAIL, name="fuse_s4reduce")  # (B, H/8, W/8, DETAIL)
    x = blocks.upsample(x, name="fuse_s4")  # (B, H/4, W/4, DETAIL)
    skip = _refined(blocks.conv_bn(pooled, DETAIL, name="skip_s4"), name="skip_s4")
    x = blocks.add_relu(x, skip, name="fuse_s4")
    x = _refined(x, name="fuse_s4")

    outputs = logits = blocks.logits_head(x, input_shape, num_classes, factor=4)
    if auxiliary:
        stages = {8: residual, 16: context}
        outputs = [logits, *blocks.auxiliary_heads(stages, input_shape, num_classes)]
    return keras.Model(inputs, outputs, name=name)


def _bottleneck_reduction(x: KerasTensor) -> KerasTensor:
    """From 1/2 to 1/16 of the input in stride-2 steps."""
    for scale, filters in zip((4, 8, 16), REDUCTION, strict=True):
        name = f"context_s{scale}"
        x = blocks.conv_bn_relu(x, filters, kernel_size=3, stride=2, name=name)
    return x  # (B, H/16, W/16, WIDTH)


def _context(x: KerasTensor) -> KerasTensor:
    """Dilated bottlenecks, the mean over the image, and a linear projection."""
    for number, dilation in enumerate(CONTEXT_DILATIONS, start=1):
        name = f"context_s16b{number}"
        y = blocks.conv_bn_relu(x, WIDTH // 2, name=f"{name}reduce")
        y = blocks.conv_bn_relu(
            y, WIDTH // 2, kernel_size=3, dilation=dilation, name=f"{name}middle"
        )  # (B, H/16, W/16, WIDTH/2)
        y = blocks.conv_bn(y, WIDTH, gamma_initializer="zeros", name=f"{name}expand")
        x = blocks.add_relu(x, y, name=name)
    x = blocks.add_global_context(x, name="context_global")
    return blocks.conv_bn(x, WIDTH, name="context_s16project")


def _residual_bottleneck(x: KerasTensor, *, name: str) -> KerasTensor:
    """Half the size and `WIDTH` channels: 1x1, 3x3 stride 2, 1x1 beside a 3x3."""
    y = blocks.conv_bn_relu(x, DETAIL, name=f"{name}reduce")  # (B, H/4, W/4, DETAIL)
    y = blocks.conv_bn_relu(y, DETAIL, kernel_size=3, stride=2, name=f"{name}middle")
    y = blocks.conv_bn(y, WIDTH, name=f"{name}expand")  # (B, H/8, W/8, WIDTH)
    shortcut = blocks.conv_bn(x, WIDTH, kernel_size=3, stride=2, name=f"{name}shortcut")
    return blocks.add_relu(shortcut, y, name=name)


def _refined(x: KerasTensor, *, name: str) -> KerasTensor:
    """The refine modules of a stage, one after the other."""
    x = _refine(x, name=f"{name}refine")
    for number in range(2, REFINES[name] + 1):
        x = _refine(x, name=f"{name}b{number}refine")
    return x


def _refine(x: KerasTensor, *, name: str) -> KerasTensor:
    """x + two separable 3x3 convolutions, then ReLU; the identity at first."""
    filters = x.shape[-1]
    y = blocks.separable_bn_relu(x, filters, name=f"{name}1")
    y = blocks.depthwise(y, name=f"{name}2")
    y = blocks.conv_bn(y, filters, gamma_initializer="zeros", name=f"{name}2")
    return blocks.add_relu(x, y, name=name)
