"""Building blocks: plain functions, tensor in and tensor out, stock layers only.

Every layer gets a name `<branch>_<stage>_<unit>`; a block takes the first two
parts as `name` and adds the unit. Convolutions before a BatchNormalization have no
bias. Shape comments give a block's own H and W.
"""

from numbers import Integral

import keras
from keras import KerasTensor, layers

MIN_SIZE = 64
# Keras' 0.99 needs several hundred steps before inference statistics are usable;
# short runs on a few hundred frames have fewer.
BN_MOMENTUM = 0.9


def check_arguments(input_shape: tuple[int, int, int], num_classes: int) -> None:
    """Refuses arguments from which no network can be built.

    Args:
        input_shape: (H, W, 3), H and W at least `MIN_SIZE`.
        num_classes: At least 2.

    Raises:
        ValueError: An argument is out of range; names the value and the range.
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


def image_input(
    input_shape: tuple[int, int, int], multiple: int
) -> tuple[KerasTensor, KerasTensor]:
    """Returns the image input and the scaled image, padded at the bottom and right.

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


def logits_head(
    x: KerasTensor, input_shape: tuple[int, int, int], num_classes: int, factor: int
) -> KerasTensor:
    """Returns logits (B, H, W, K) float32: crop, 1x1 classifier, one bilinear resize.

    The full-size tensor costs more time than any other in the network, so it has K
    channels only, and whole cells of padding are cropped before it is made. It is
    float32 under mixed precision too, because the loss needs that.
    """
    height, width = (-(-side // factor) for side in input_shape[:2])
    x = crop_to(x, height, width, name=f"head_s{factor}")  # (B, h, w, C)
    x = layers.Conv2D(num_classes, 1, dtype="float32", name="head_logits_conv")(x)
    x = layers.UpSampling2D(
        factor, interpolation="bilinear", dtype="float32", name="head_logits_upsample"
    )(x)  # (B, h * factor, w * factor, K)
    return crop_to(x, *input_shape[:2], dtype="float32", name="head_logits")


def auxiliary_heads(
    stages: dict[int, KerasTensor], input_shape: tuple[int, int, int], num_classes: int
) -> list[KerasTensor]:
    """Returns logits (B, h, w, K) float32 of some stages, for auxiliary losses.

    h and w are H and W divided by the factor, rounded up, as
    `segnet.losses.LowResolution` expects. Call it after building everything else, so
    that a seed gives the rest of the network the same start without these heads.

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


def crop_to(
    x: KerasTensor, height: int, width: int, dtype: str | None = None, *, name: str
) -> KerasTensor:
    """Returns x cut at the bottom and right to a size, or x itself if it has it."""
    bottom, right = x.shape[1] - height, x.shape[2] - width
    if not bottom and not right:
        return x
    crop = ((0, bottom), (0, right))
    return layers.Cropping2D(crop, dtype=dtype, name=f"{name}_crop")(x)


def conv(
    x: KerasTensor,
    filters: int,
    *,
    kernel_size: int | tuple[int, int] = 1,
    stride: int = 1,
    dilation: int | tuple[int, int] = 1,
    use_bias: bool = False,
    kernel_initializer: str = "he_normal",
    name: str,
) -> KerasTensor:
    """A convolution alone, "same" padding, by default He initialisation."""
    return layers.Conv2D(
        filters,
        kernel_size,
        strides=stride,
        padding="same",
        dilation_rate=dilation,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        name=name,
    )(x)


def depthwise(
    x: KerasTensor,
    *,
    kernel_size: int = 3,
    stride: int = 1,
    dilation: int = 1,
    name: str,
) -> KerasTensor:
    """A depthwise convolution alone; a 1x1 after it mixes the channels.

    Keras' default initialisation is small here (it counts the fan over all channels).
    It stays: BatchNormalization undoes the scale, and small weights learn faster.
    """
    return layers.DepthwiseConv2D(
        kernel_size,
        strides=stride,
        padding="same",
        dilation_rate=dilation,
        use_bias=False,
        name=f"{name}_depthwise",
    )(x)


def bn(x: KerasTensor, *, gamma_initializer: str = "ones", name: str) -> KerasTensor:
    """BatchNormalization with the package's momentum.

    `gamma_initializer` "zeros" at the end of a residual branch makes its block begin
    as the identity (Goyal et al., "Accurate, Large Minibatch SGD", 2017). Such a block
    can be added to a trained network without changing its predictions.
    """
    return layers.BatchNormalization(
        momentum=BN_MOMENTUM, gamma_initializer=gamma_initializer, name=f"{name}_bn"
    )(x)


def relu(x: KerasTensor, *, name: str) -> KerasTensor:
    """A named ReLU."""
    return layers.ReLU(name=f"{name}_relu")(x)


def conv_bn(
    x: KerasTensor,
    filters: int,
    *,
    kernel_size: int = 1,
    stride: int = 1,
    dilation: int = 1,
    gamma_initializer: str = "ones",
    name: str,
) -> KerasTensor:
    """Convolution and BatchNormalization: a linear projection."""
    x = conv(
        x,
        filters,
        kernel_size=kernel_size,
        stride=stride,
        dilation=dilation,
        name=f"{name}_conv",
    )
    return bn(x, gamma_initializer=gamma_initializer, name=name)


def conv_bn_relu(
    x: KerasTensor,
    filters: int,
    *,
    kernel_size: int = 1,
    stride: int = 1,
    dilation: int = 1,
    name: str,
) -> KerasTensor:
    """Convolution, BatchNormalization, ReLU."""
    x = conv_bn(
        x,
        filters,
        kernel_size=kernel_size,
        stride=stride,
        dilation=dilation,
        name=name,
    )
    return relu(x, name=name)


def separable_bn_relu(
    x: KerasTensor, filters: int, *, stride: int = 1, name: str
) -> KerasTensor:
    """Depthwise 3x3, 1x1, one BatchNormalization, ReLU."""
    return conv_bn_relu(depthwise(x, stride=stride, name=name), filters, name=name)


def add_relu(first: KerasTensor, second: KerasTensor, *, name: str) -> KerasTensor:
    """ReLU of a sum: both inputs may be negative, so a branch can correct another."""
    return relu(layers.Add(name=f"{name}_add")([first, second]), name=name)


def residual_separable(x: KerasTensor, *, dilation: int = 1, name: str) -> KerasTensor:
    """x + (depthwise 3x3, 1x1, BN), then ReLU; the identity at first."""
    y = depthwise(x, dilation=dilation, name=name)  # (B, H, W, C)
    y = conv(y, x.shape[-1], name=f"{name}_conv")
    return add_relu(x, bn(y, gamma_initializer="zeros", name=name), name=name)


def residual_pair(x: KerasTensor, *, dilation: int = 1, name: str) -> KerasTensor:
    """x + (3x1 to half the channels, ReLU, 1x3, BN), then ReLU; the identity at first.

    One BatchNormalization for two convolutions: on a CPU, normalisation slows training
    more than a narrow convolution does.
    """
    filters = x.shape[-1]
    y = conv(
        x,
        filters // 2,
        kernel_size=(3, 1),
        dilation=(dilation, 1),
        use_bias=True,
        name=f"{name}_vertical",
    )  # (B, H, W, C/2)
    y = layers.ReLU(name=f"{name}_inner")(y)
    y = conv(
        y,
        filters,
        kernel_size=(1, 3),
        dilation=(1, dilation),
        name=f"{name}_horizontal",
    )  # (B, H, W, C)
    return add_relu(x, bn(y, gamma_initializer="zeros", name=name), name=name)


def downsample(x: KerasTensor, filters: int, *, name: str) -> KerasTensor:
    """Half the size: 3x3 stride 2 beside max-pool 2x2, concatenated, BN, ReLU.

    The pooled half keeps thin bright or dark structures and has no weights.
    """
    added = filters - x.shape[-1]
    y = conv(x, added, kernel_size=3, stride=2, name=f"{name}_conv")
    pooled = layers.MaxPooling2D(2, name=f"{name}_pool")(x)  # (B, H/2, W/2, C)
    y = layers.Concatenate(name=f"{name}_concat")([y, pooled])
    return relu(bn(y, name=name), name=name)  # (B, H/2, W/2, filters)


def upsample(
    x: KerasTensor, factor: int | tuple[int, int] = 2, *, name: str
) -> KerasTensor:
    """Bilinear enlargement by a whole factor, or by one for each side."""
    return layers.UpSampling2D(
        factor, interpolation="bilinear", name=f"{name}_upsample"
    )(x)


def upsample_like(x: KerasTensor, reference: KerasTensor, *, name: str) -> KerasTensor:
    """Bilinear x2, cut at the bottom and right to the size of `reference`."""
    return crop_to(upsample(x, name=name), *reference.shape[1:3], name=name)


def add_global_context(x: KerasTensor, *, name: str) -> KerasTensor:
    """x plus a vector computed from its mean over the image.

    No BatchNormalization: its statistics would come from one value per image.
    """
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    y = conv(y, x.shape[-1], use_bias=True, name=f"{name}_conv")  # (B, 1, 1, C)
    y = layers.ReLU(name=f"{name}_relu")(y)
    return layers.Add(name=f"{name}_add")([x, y])
