"""Fast-SCNN: one shared stem, a deep branch at 1/32, a shallow one at 1/8.

Source: Poudel, Liwicki, Cipolla, "Fast-SCNN: Fast Semantic Segmentation Network",
arXiv 1902.04502 (2019), tables 1 to 3.

| module of the paper | layers here | scale |
|---|---|---|
| learning to downsample | `stem`: 3x3 32; separable 48, 64; stride 2 | 1/8 |
| global feature extractor | `context`: 3 bottlenecks each of 64, 96, 128 | 1/32 |
| pyramid pooling, bins 1, 2, 3, 6 | `pyramid`: 1x1 32 a bin, joined, 1x1 128 | 1/32 |
| feature fusion | `fuse`: x4, depthwise dilation 4, 1x1 128; `skip`: 1x1 128 | 1/8 |
| classifier | `head`: 2 separable 128, dropout, 1x1, x8 | 1/8 to 1 |

The paper's 1.11 million parameters are the convolutions alone: 1,114,115 at 19 classes.
BatchNormalization adds 2 trained and 2 counted numbers for each of 11,504 channels.

Deviation: the cells of the pyramid have one size; where they do not fit, the last holds
some zeros, as the padding of the image does, and there may be fewer of them.
Deviation: bilinear enlargement with half-pixel centres; the paper leaves it open.
Deviation: dropout 0.1 before the classifier; the paper gives no rate.
Deviation: BatchNormalization momentum as in the other networks of this package.
Deviation: an auxiliary head is one 1x1 convolution; the paper does not describe them.

H and W in the shape comments are the sides of the padded image.
"""

import keras
from keras import KerasTensor, layers

from segnet.models import blocks

STEM = (32, 48, 64)
EXPANSION = 6
# Channels, bottlenecks, stride of the first of them, scale.
CONTEXT = ((64, 3, 2, 16), (96, 3, 2, 32), (128, 3, 1, 32))
BINS = (1, 2, 3, 6)
WIDTH = 128
DROPOUT = 0.1


def fast_scnn(
    input_shape: tuple[int, int, int],
    num_classes: int,
    auxiliary: bool = False,
    name: str = "fast_scnn",
) -> keras.Model:
    """Returns Fast-SCNN: uint8 RGB in, float32 logits at input size out.

    Args:
        input_shape: (H, W, 3), H and W at least 64.
        num_classes: K, at least 2.
        auxiliary: Also return the logits of two heads for training, at 1/8 after the
            stem and at 1/32 after the pyramid; the paper weighs each with 0.4.
        name: The model's name.

    Returns:
        A model from images (B, H, W, 3) uint8 0-255 to logits (B, H, W, K) float32.
        With `auxiliary` it returns a list: these, then the smaller ones.

    Raises:
        ValueError: `input_shape` or `num_classes` is out of range.

    Source: arXiv 1902.04502; deviations at the top of this file.
    """
    blocks.check_arguments(input_shape, num_classes)
    inputs, x = blocks.image_input(input_shape, multiple=32)  # (B, H, W, 3)

    x = blocks.conv_bn_relu(x, STEM[0], kernel_size=3, stride=2, name="stem_s2")
    # (B, H/2, W/2, STEM[0])
    x = blocks.separable_bn_relu(x, STEM[1], stride=2, name="stem_s4")
    # (B, H/4, W/4, STEM[1])
    stem = blocks.separable_bn_relu(x, STEM[2], stride=2, name="stem_s8")
    # (B, H/8, W/8, STEM[2])

    context = _pyramid(_context(stem))  # (B, H/32, W/32, WIDTH)
    x = blocks.upsample(context, factor=4, name="fuse_s8")  # (B, H/8, W/8, WIDTH)
    x = blocks.depthwise(x, dilation=4, name="fuse_s8low")
    x = blocks.relu(blocks.bn(x, name="fuse_s8low"), name="fuse_s8low")
    x = blocks.conv_bn(x, WIDTH, name="fuse_s8project")
    skip = blocks.conv_bn(stem, WIDTH, name="skip_s8")
    x = blocks.add_relu(x, skip, name="fuse_s8")  # (B, H/8, W/8, WIDTH)

    for number in (1, 2):
        x = blocks.separable_bn_relu(x, WIDTH, name=f"head_s8b{number}")
    x = layers.Dropout(DROPOUT, name="head_s8_dropout")(x)
    outputs = logits = blocks.logits_head(x, input_shape, num_classes, factor=8)
    if auxiliary:
        stages = {8: stem, 32: context}
        outputs = [logits, *blocks.auxiliary_heads(stages, input_shape, num_classes)]
    return keras.Model(inputs, outputs, name=name)


def _context(x: KerasTensor) -> KerasTensor:
    """The bottlenecks, 1/8 to 1/32 of the input."""
    numbers: dict[int, int] = {}
    for filters, count, first_stride, scale in CONTEXT:
        for stride in (first_stride, *(1,) * (count - 1)):
            number = numbers[scale] = numbers.get(scale, 0) + 1
            name = f"context_s{scale}b{number}"
            x = _bottleneck(x, filters, stride=stride, name=name)
    return x


def _bottleneck(x: KerasTensor, filters: int, *, stride: int, name: str) -> KerasTensor:
    """1x1 to six times the channels, depthwise 3x3, linear 1x1; plus x if it fits."""
    y = blocks.conv_bn_relu(x, EXPANSION * x.shape[-1], name=f"{name}expand")
    y = blocks.depthwise(y, stride=stride, name=f"{name}middle")
    y = blocks.relu(blocks.bn(y, name=f"{name}middle"), name=f"{name}middle")
    y = blocks.conv_bn(y, filters, name=f"{name}project")
    # The paper adds x only where neither size nor channels change.
    if stride > 1 or x.shape[-1] != filters:
        return y
    return layers.Add(name=f"{name}_add")([x, y])


def _pyramid(x: KerasTensor) -> KerasTensor:
    """x beside its means over 1, 2, 3 and 6 cells a side, joined to `WIDTH`.

    Padding and cropping are layers even where they do nothing: the order of the
    weights, which Keras takes from the depth of the layers, must not depend on the
    size. No `Resizing`: without a `training` argument it puts the layers behind it
    into training mode (Keras 3.15).
    """
    sides = x.shape[1:3]  # H/32, W/32
    joined = [x]
    for bins in BINS:
        name = f"pyramid_s32bin{bins}"
        cell = tuple(-(-side // bins) for side in sides)
        ends = tuple((0, -side % size) for side, size in zip(sides, cell, strict=True))
        y = layers.ZeroPadding2D(ends, name=f"{name}_pad")(x)
        y = layers.AveragePooling2D(cell, name=f"{name}_pool")(y)
        # (B, at most bins, at most bins, C)
        y = blocks.conv_bn_relu(y, x.shape[-1] // len(BINS), name=name)
        y = blocks.upsample(y, cell, name=name)
        joined.append(layers.Cropping2D(ends, name=f"{name}_crop")(y))
    x = layers.Concatenate(name="pyramid_s32_concat")(joined)  # (B, H/32, W/32, 2 * C)
    return blocks.conv_bn_relu(x, WIDTH, name="pyramid_s32project")
