"""Building blocks: plain functions, tensor in and tensor out, stock layers only.

Every layer gets a name `<branch>_<stage>_<unit>`; a block takes the first two
parts as `name` and adds the unit. Convolutions that a BatchNormalization follows
have no bias.
"""

from numbers import Integral

import keras
from keras import layers

MIN_SIZE = 64
# Keras' 0.99 needs several hundred steps before inference statistics are usable;
# short trainings on a few hundred frames have fewer.
BN_MOMENTUM = 0.9


def check_arguments(input_shape: tuple[int, int, int], num_classes: int) -> None:
    """Nothing for arguments a network can be built from, an error for others.

    Args:
        input_shape: (H, W, 3), H and W at least `MIN_SIZE`.
        num_classes: At least 2.

    Raises:
        ValueError: Naming the value got and what is accepted.
    """
    shape = tuple(input_shape)
    if len(shape) != 3 or shape[2] != 3:
        raise ValueError(f"input_shape must be (H, W, 3) for RGB images, got {shape}")
    if not all(isinstance(side, Integral) and side >= MIN_SIZE for side in shape[:2]):
        raise ValueError(
            f"input_shape needs fixed H and W of at least {MIN_SIZE}, got {shape}"
        )
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, got {num_classes}")


def image_input(input_shape: tuple[int, int, int], multiple: int):
    """The image input and the scaled image, padded at the bottom and right.

    Args:
        input_shape: (H, W, 3).
        multiple: Both sides are padded up to a multiple of this.

    Returns:
        `inputs` (B, H, W, 3) uint8 and `x` (B, H', W', 3) in -1 to 1, where the
        padding is 0, the middle of the range.
    """
    inputs = keras.Input(input_shape, dtype="uint8", name="input_image")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="input_rescale")(inputs)
    bottom, right = (-input_shape[0] % multiple, -input_shape[1] % multiple)
    if bottom or right:
        x = layers.ZeroPadding2D(((0, bottom), (0, right)), name="input_pad")(x)
    return inputs, x


def logits_head(x, input_shape: tuple[int, int, int], num_classes: int, factor: int):
    """Logits (B, H, W, K) float32: crop, 1x1 classifier, one bilinear resize.

    The full-size tensor is the dearest of the network: it has K channels only, and
    whole cells of padding are cropped before it is made. float32 is forced because
    the loss wants it under mixed precision.
    """
    height, width = (-(-side // factor) for side in input_shape[:2])
    x = crop_to(x, height, width, name=f"head_s{factor}")
    x = layers.Conv2D(num_classes, 1, dtype="float32", name="head_logits_conv")(x)
    x = layers.UpSampling2D(
        factor, interpolation="bilinear", dtype="float32", name="head_logits_upsample"
    )(x)
    return crop_to(x, *input_shape[:2], dtype="float32", name="head_logits")


def auxiliary_heads(
    stages: dict, input_shape: tuple[int, int, int], num_classes: int
) -> list:
    """Logits (B, h, w, K) float32 of some stages, for losses at their resolution.

    One cell for each started square of pixels, as `segnet.losses.LowResolution`
    expects. To be made after everything else, so that a seed gives the rest of the
    network the same start without them.

    Args:
        stages: Features by the factor by which they are smaller than the input.
        input_shape: (H, W, 3).
        num_classes: K.
    """
    heads = []
    for factor, x in stages.items():
        height, width = (-(-side // factor) for side in input_shape[:2])
        name = f"auxiliary_s{factor}"
        x = crop_to(x, height, width, name=name)
        classify = layers.Conv2D(num_classes, 1, dtype="float32", name=f"{name}_conv")
        heads.append(classify(x))
    return heads


def crop_to(x, height: int, width: int, dtype=None, *, name: str):
    """x cut at the bottom and right to a size; x itself where that is its size."""
    bottom, right = x.shape[1] - height, x.shape[2] - width
    if not bottom and not right:
        return x
    crop = ((0, bottom), (0, right))
    return layers.Cropping2D(crop, dtype=dtype, name=f"{name}_crop")(x)


def conv(
    x,
    filters: int,
    kernel=1,
    stride=1,
    dilation=1,
    bias=False,
    initializer: str = "he_normal",
    *,
    name: str,
):
    """A convolution alone, "same" padding, by default He initialisation."""
    return layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        dilation_rate=dilation,
        use_bias=bias,
        kernel_initializer=initializer,
        name=name,
    )(x)


def depthwise(x, kernel=3, stride=1, dilation=1, *, name: str):
    """A depthwise convolution alone; the 1x1 after it mixes the channels.

    Keras' initialisation is small here (it counts the fan over all channels). It
    stays: BatchNormalization undoes the scale, and small weights learn faster.
    """
    return layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same",
        dilation_rate=dilation,
        use_bias=False,
        name=f"{name}_depthwise",
    )(x)


def bn(x, gamma: str = "ones", *, name: str):
    """BatchNormalization with the package's momentum.

    `gamma` "zeros" at the end of a residual branch makes its block begin as the
    identity (Goyal et al., "Accurate, Large Minibatch SGD", 2017): a block that
    trained weights lack can then be added to them without changing what they say.
    """
    return layers.BatchNormalization(
        momentum=BN_MOMENTUM, gamma_initializer=gamma, name=f"{name}_bn"
    )(x)


def relu(x, *, name: str):
    """A named ReLU."""
    return layers.ReLU(name=f"{name}_relu")(x)


def conv_bn(
    x, filters: int, kernel=1, stride=1, dilation=1, gamma="ones", *, name: str
):
    """Convolution and BatchNormalization: a linear projection; `gamma` as in `bn`."""
    x = conv(x, filters, kernel, stride, dilation, name=f"{name}_conv")
    return bn(x, gamma, name=name)


def conv_bn_relu(x, filters: int, kernel=1, stride=1, dilation=1, *, name: str):
    """Convolution, BatchNormalization, ReLU."""
    return relu(conv_bn(x, filters, kernel, stride, dilation, name=name), name=name)


def separable_bn_relu(x, filters: int, stride=1, *, name: str):
    """Depthwise 3x3, 1x1, one BatchNormalization, ReLU."""
    return conv_bn_relu(depthwise(x, stride=stride, name=name), filters, name=name)


def add_relu(first, second, *, name: str):
    """ReLU of a sum: both inputs may be negative, so a branch can correct another."""
    return relu(layers.Add(name=f"{name}_add")([first, second]), name=name)


def residual_separable(x, dilation=1, *, name: str):
    """x + (depthwise 3x3, 1x1, BN), then ReLU; the identity at first."""
    y = depthwise(x, dilation=dilation, name=name)
    y = conv(y, x.shape[-1], name=f"{name}_conv")
    return add_relu(x, bn(y, gamma="zeros", name=name), name=name)


def residual_pair(x, dilation=1, *, name: str):
    """x + (3x1 to half the channels, ReLU, 1x3, BN), then ReLU; the identity at first.

    One BatchNormalization for two convolutions: on a CPU normalisation costs
    training more than a narrow convolution does.
    """
    filters = x.shape[-1]
    y = conv(
        x, filters // 2, (3, 1), 1, (dilation, 1), bias=True, name=f"{name}_vertical"
    )
    y = layers.ReLU(name=f"{name}_inner")(y)
    y = conv(y, filters, (1, 3), 1, (1, dilation), name=f"{name}_horizontal")
    return add_relu(x, bn(y, gamma="zeros", name=name), name=name)


def downsample(x, filters: int, *, name: str):
    """Half the size: 3x3 stride 2 beside max-pool 2x2, joined, BN, ReLU.

    The pooled half keeps thin bright or dark structures and costs no weights.
    """
    y = conv(x, filters - x.shape[-1], 3, 2, name=f"{name}_conv")
    pooled = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    y = layers.Concatenate(name=f"{name}_concat")([y, pooled])
    return relu(bn(y, name=name), name=name)


def upsample(x, factor: int | tuple[int, int] = 2, *, name: str):
    """Bilinear enlargement by a whole factor, or by one for each side."""
    return layers.UpSampling2D(
        factor, interpolation="bilinear", name=f"{name}_upsample"
    )(x)


def upsample_like(x, reference, *, name: str):
    """Bilinear x2, cut at the bottom and right to the size of `reference`."""
    return crop_to(upsample(x, name=name), *reference.shape[1:3], name=name)


def add_global_context(x, *, name: str):
    """x plus a vector computed from its mean over the image.

    No BatchNormalization: its statistics would come from one value per image.
    """
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    y = conv(y, x.shape[-1], bias=True, name=f"{name}_conv")
    y = layers.ReLU(name=f"{name}_relu")(y)
    return layers.Add(name=f"{name}_add")([x, y])
