"""The inspiring work's EdgeSegNet attempt, as a baseline.

Source: Lin, Chwyl, Wong, "EdgeSegNet: A Compact Network for Semantic Segmentation",
arXiv 1905.04222 (2019), in the form in which the inspiring work tried it. Of that form
the widths 13, 193 and 217, the module types and the parameter count, 3,692,608 at 14
classes, are known. The reading below gives that count; every convolution has a bias,
`/2` is a stride, and numbers without a kernel are channels.

| module | layers | scale | parameters |
|---|---|---|---|
| stem | 3, 7x7/2, 13 | 1/2 | 1,924 |
| stem pool | max 3x3/2 | 1/4 | |
| context: bottleneck reduction | 13, 3x3/8, 21, 1x1, 64, 3x3, 193 | 1/16 | 115,247 |
| context up | nearest x2 | 1/8 | |
| residual bottleneck, BN-ReLU first | 13, 1x1, 21, 3x3/2, 64, 1x1, 193 | 1/8 | 25,391 |
| shortcut of it, from the pooled stem | 13, 3x3/2, 193 | 1/8 | 22,774 |
| refine of the residual branch | 193 to 193 | 1/8 | 745,752 |
| fuse: sum with context, refine | 193 to 217 | 1/8 | 937,440 |
| fuse up | nearest x2 | 1/4 | |
| skip: refine of the pooled stem | 13 to 217 | 1/4 | 898,380 |
| fuse: sum with skip, refine | 217 to 217 | 1/4 | 942,648 |
| head | 1x1 classifier, nearest x4 | 1 | 3,052 |

A refine module is a 1x1, plus 1x1 - 3x3 - 3x3 of the result. The bottlenecks grow from
193 // 9 = 21 to 193 // 3 = 64 to 193: by 3 each time.

The count leaves open:
- Where BatchNormalization stands. 392 parameters are 98 = 13 + 21 + 64 channels: before
  each convolution of the residual bottleneck (used here, and in a public PyTorch copy
  of the paper), before each of the reduction, or after the stem and after the first
  two convolutions of either. With these widths, and a bias on every convolution or on
  none, a search over kernels, shortcuts and BN places found no fifth reading.
- Everything without weights: strides, the max-pool, the tensor each branch starts
  from. These follow that PyTorch copy, whose tensors have the sizes in the paper's
  figure.
- Activations: ReLU after every convolution but the stem, the first of a refine module
  and those of the residual bottleneck; none after a sum. A refine module therefore
  adds something non-negative.
- The side of the last enlargement on which the classifier stands. Nearest enlargement
  and a 1x1 convolution commute, so both orders are the same function.

Deviation: logits instead of a softmax, and the scaling is a layer of the model; inputs
are padded to a multiple of 16 and the logits cropped.
Deviation: BatchNormalization momentum as in the other networks of this package.

H and W in the shape comments are the sides of the padded image.
"""

import keras
from keras import KerasTensor, layers

from segnet.models import blocks

STEM, NARROW, WIDE = 13, 193, 217
GROWTH = 3
BOTTLENECK = (NARROW // GROWTH**2, NARROW // GROWTH, NARROW)


def reference_edgesegnet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str = "reference_edgesegnet",
) -> keras.Model:
    """Returns the EdgeSegNet attempt: uint8 RGB in, float32 logits at input size out.

    Args:
        input_shape: (H, W, 3), H and W at least 64.
        num_classes: K, at least 2.
        name: The model's name.

    Returns:
        A model from images (B, H, W, 3) uint8 0-255 to logits (B, H, W, K) float32.

    Raises:
        ValueError: `input_shape` or `num_classes` is out of range.

    Source: arXiv 1905.04222 as the inspiring work read it; see the top of this file.
    """
    blocks.check_arguments(input_shape, num_classes)
    inputs, x = blocks.image_input(input_shape, multiple=16)  # (B, H, W, 3)

    stem = _conv(
        x, STEM, kernel_size=7, stride=2, activation=None, name="stem_s2_conv"
    )  # (B, H/2, W/2, STEM)
    pooled = layers.MaxPooling2D(
        pool_size=3, strides=2, padding="same", name="stem_s4_pool"
    )(stem)  # (B, H/4, W/4, STEM)

    context = _bottleneck_reduction(stem, name="context_s16")
    # (B, H/16, W/16, NARROW)
    context = layers.UpSampling2D(2, name="context_s8_upsample")(context)
    x = _residual_bottleneck(pooled, name="residual_s8")  # (B, H/8, W/8, NARROW)
    x = _refine(x, NARROW, name="residual_s8refine")
    x = layers.Add(name="fuse_s8_add")([context, x])
    x = _refine(x, WIDE, name="fuse_s8refine")  # (B, H/8, W/8, WIDE)

    x = layers.UpSampling2D(2, name="fuse_s4_upsample")(x)  # (B, H/4, W/4, WIDE)
    skip = _refine(pooled, WIDE, name="skip_s4refine")
    x = layers.Add(name="fuse_s4_add")([x, skip])
    x = _refine(x, WIDE, name="fuse_s4refine")

    return keras.Model(inputs, _head(x, input_shape, num_classes), name=name)


def _conv(
    x: KerasTensor,
    filters: int,
    *,
    kernel_size: int = 1,
    stride: int = 1,
    activation: str | None = "relu",
    name: str,
) -> KerasTensor:
    """A convolution with bias, "same" padding."""
    return layers.Conv2D(
        filters,
        kernel_size,
        strides=stride,
        padding="same",
        activation=activation,
        name=name,
    )(x)


def _bottleneck_reduction(x: KerasTensor, *, name: str) -> KerasTensor:
    """An eighth of the size: 3x3 stride 8, 1x1, 3x3, each wider by the growth."""
    x = _conv(x, BOTTLENECK[0], kernel_size=3, stride=8, name=f"{name}_conv1")
    x = _conv(x, BOTTLENECK[1], name=f"{name}_conv2")
    return _conv(x, BOTTLENECK[2], kernel_size=3, name=f"{name}_conv3")


def _residual_bottleneck(x: KerasTensor, *, name: str) -> KerasTensor:
    """Half the size: (BN, ReLU, convolution) three times beside a 3x3 shortcut."""
    shortcut = _conv(
        x, NARROW, kernel_size=3, stride=2, activation=None, name=f"{name}_shortcut"
    )
    steps = zip(BOTTLENECK, (1, 3, 1), (1, 2, 1), strict=True)
    for number, (filters, kernel_size, stride) in enumerate(steps, start=1):
        x = blocks.relu(blocks.bn(x, name=f"{name}_{number}"), name=f"{name}_{number}")
        x = _conv(
            x,
            filters,
            kernel_size=kernel_size,
            stride=stride,
            activation=None,
            name=f"{name}_conv{number}",
        )
    return layers.Add(name=f"{name}_add")([shortcut, x])


def _refine(x: KerasTensor, filters: int, *, name: str) -> KerasTensor:
    """1x1 to `filters`, plus (1x1, 3x3, 3x3 of it), same size."""
    x = _conv(x, filters, activation=None, name=f"{name}_conv1")
    y = _conv(x, filters, name=f"{name}_conv2")
    y = _conv(y, filters, kernel_size=3, name=f"{name}_conv3")
    y = _conv(y, filters, kernel_size=3, name=f"{name}_conv4")
    return layers.Add(name=f"{name}_add")([x, y])


def _head(
    x: KerasTensor, input_shape: tuple[int, int, int], num_classes: int
) -> KerasTensor:
    """Logits (B, H, W, K) float32: 1x1 classifier, nearest x4, crop."""
    x = layers.Conv2D(num_classes, 1, dtype="float32", name="head_logits_conv")(x)
    x = layers.UpSampling2D(4, dtype="float32", name="head_logits_upsample")(x)
    bottom, right = x.shape[1] - input_shape[0], x.shape[2] - input_shape[1]
    if bottom or right:
        crop = ((0, bottom), (0, right))
        x = layers.Cropping2D(crop, dtype="float32", name="head_logits_crop")(x)
    return x
