"""Trains other shapes of `slim`, each with one change, under equal budget.

    python experiments/shapes.py STORE OUT [--epochs 12] [--seeds 0] [--only NAME ...]

variants.py describes the comparison, docs/experiments/networks.md the results.
"""

from importlib import import_module

from keras import layers
from variants import main

from segnet.models import blocks

# The package has a function of the same name.
slim_module = import_module("segnet.models.slim")
# The originals, since variants replace them in their module.
plain_depthwise, plain_conv_bn_relu = blocks.depthwise, blocks.conv_bn_relu


def branched_residual(x, *, dilation=1, name: str):
    """Adds a 1x1 and the identity beside the depthwise 3x3, each normalised.

    All three are linear, so they can be merged into one 3x3 after training (Ding et
    al., "RepVGG", 2021).
    """
    branches = {
        "three": blocks.depthwise(x, dilation=dilation, name=f"{name}_three"),
        "one": blocks.depthwise(x, kernel_size=1, name=f"{name}_one"),
        "same": x,
    }
    branches = [blocks.bn(y, name=f"{name}_{key}") for key, y in branches.items()]
    y = layers.Add(name=f"{name}_branches")(branches)
    y = blocks.conv(y, x.shape[-1], name=f"{name}_conv")
    y = blocks.bn(y, gamma_initializer="zeros", name=name)
    return blocks.add_relu(x, y, name=name)


def depthwise_5x5(x, *, name: str, **arguments):
    """Applies 5x5 windows where `slim` has 3x3."""
    return plain_depthwise(x, kernel_size=5, name=name, **arguments)


def patch_stem(x, filters: int, *, name: str, **arguments):
    """Applies one 4x4 convolution of stride 4 for the first two of stride 2."""
    if name == "stem_s2":
        return x
    if name == "stem_s4":
        arguments = {"kernel_size": 4, "stride": 4}
    return plain_conv_bn_relu(x, filters, name=name, **arguments)


def no_global_context(x, *, name: str):
    """Omits the context of the whole image."""
    return x


def strip_context(x, *, name: str):
    """Adds means over whole rows and columns (Hou et al., "Strip Pooling", 2020)."""
    height, width = x.shape[1:3]
    strips = {"rows": (1, width), "columns": (height, 1)}
    parts = []
    for key, size in strips.items():
        y = layers.AveragePooling2D(size, name=f"{name}_{key}_pool")(x)
        y = blocks.conv(
            y,
            x.shape[-1],
            kernel_size=(3, 1) if key == "rows" else (1, 3),
            use_bias=True,
            name=f"{name}_{key}_conv",
        )
        parts.append(layers.UpSampling2D(size, name=f"{name}_{key}_spread")(y))
    return _corrected(x, layers.Add(name=f"{name}_strips")(parts), name=name)


def pyramid_context(x, *, name: str):
    """Adds means over 1, 2x2, 3x3 and 6x6 cells (Zhao et al., "PSPNet", 2017)."""
    height, width, channels = x.shape[1:]
    parts = []
    for bins in (1, 2, 3, 6):
        size = -(-height // bins), -(-width // bins)
        part = f"{name}_bins{bins}"
        y = layers.AveragePooling2D(size, padding="same", name=f"{part}_pool")(x)
        y = blocks.conv(y, channels // 4, use_bias=True, name=f"{part}_conv")
        y = blocks.upsample(y, size, name=part)
        parts.append(blocks.crop_to(y, height, width, name=part))
    return _corrected(x, layers.Concatenate(name=f"{name}_join")(parts), name=name)


def _corrected(x, y, *, name: str):
    """Returns x + a 1x1 convolution of ReLU(y)."""
    y = blocks.relu(y, name=name)
    y = blocks.conv(y, x.shape[-1], use_bias=True, name=f"{name}_conv")
    return layers.Add(name=f"{name}_add")([x, y])


# Name -> (changes in the modules, changes in the recipe).
VARIANTS = {
    "slim": ({}, {}),
    "branches folded later": ({blocks: {"residual_separable": branched_residual}}, {}),
    "depthwise 5x5": ({blocks: {"depthwise": depthwise_5x5}}, {}),
    "no dilation": ({slim_module: {"CONTEXT_DILATIONS": (1,) * 9}}, {}),
    "stem of one step": ({blocks: {"conv_bn_relu": patch_stem}}, {}),
    "no global context": ({blocks: {"add_global_context": no_global_context}}, {}),
    "strip pooling": ({blocks: {"add_global_context": strip_context}}, {}),
    "pyramid pooling": ({blocks: {"add_global_context": pyramid_context}}, {}),
    "batches of 4": ({}, {"batch_size": 4}),
    "batches of 16": ({}, {"batch_size": 16}),
}


if __name__ == "__main__":
    main(__doc__.splitlines()[0], VARIANTS)
