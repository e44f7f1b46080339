"""Trains `edgesegnet` with each repair taken back alone, under equal budget.

    python experiments/repairs.py STORE OUT [--epochs 12] [--seeds 0] [--only NAME ...]

variants.py describes the comparison, docs/experiments/networks.md the results.
"""

from importlib import import_module

from keras import layers
from variants import main

from segnet.models import blocks

# The package has a function of the same name.
edgesegnet_module = import_module("segnet.models.edgesegnet")


def conv_without_bn(
    x, filters: int, *, gamma_initializer="ones", name: str, **arguments
):
    """Applies a convolution with a bias where `edgesegnet` normalises.

    Where its gamma starts at 0, the kernel here starts at 0, so that a block is the
    identity at first.
    """
    start = "zeros" if gamma_initializer == "zeros" else "he_normal"
    return blocks.conv(
        x, filters, use_bias=True, kernel_initializer=start, name=name, **arguments
    )


def nearest_upsample(x, factor: int = 2, *, name: str):
    """Enlarges by nearest neighbour."""
    return layers.UpSampling2D(factor, name=f"{name}_upsample")(x)


def nearest_head(x, input_shape, num_classes: int, factor: int):
    """Applies the classifier, and enlarges by nearest neighbour to the input size."""
    height, width = (-(-side // factor) for side in input_shape[:2])
    x = blocks.crop_to(x, height, width, name=f"head_s{factor}")
    x = layers.Conv2D(num_classes, 1, dtype="float32", name="head_logits_conv")(x)
    x = layers.UpSampling2D(factor, dtype="float32", name="head_logits_upsample")(x)
    return blocks.crop_to(x, *input_shape[:2], dtype="float32", name="head_logits")


def stride_8_reduction(x):
    """Reduces to 1/16 as in the paper: a 3x3 convolution of stride 8, 1x1, 3x3."""
    narrow, middle, wide = edgesegnet_module.REDUCTION
    x = blocks.conv_bn_relu(x, narrow, kernel_size=3, stride=8, name="context_s16a")
    x = blocks.conv_bn_relu(x, middle, name="context_s16b")
    return blocks.conv_bn_relu(x, wide, kernel_size=3, name="context_s16c")


def no_context(x):
    """Omits the dilated bottlenecks and the mean over the image."""
    return blocks.conv_bn(x, edgesegnet_module.WIDTH, name="context_s16project")


EDGE = {"model": "edgesegnet"}
REFERENCE = {"model": "reference_edgesegnet"}
# The inspiring work did not augment frames.
AS_THEY_ARE = {"scale": (1.0, 1.0), "flip": False, "colour": 0.0}

# Name -> (changes in the modules, changes in the recipe).
VARIANTS = {
    "edgesegnet": ({}, EDGE),
    "learning rate 2e-4": ({}, {**EDGE, "learning_rate": 2e-4}),
    "no normalisation": ({blocks: {"conv_bn": conv_without_bn}}, EDGE),
    "nearest enlargement": (
        {blocks: {"upsample": nearest_upsample, "logits_head": nearest_head}},
        EDGE,
    ),
    "stride-8 reduction": (
        {edgesegnet_module: {"_bottleneck_reduction": stride_8_reduction}},
        EDGE,
    ),
    "no context": ({edgesegnet_module: {"_context": no_context}}, EDGE),
    "fewer modules: the edgesegnet of before": (
        {
            edgesegnet_module: {
                "CONTEXT_DILATIONS": (1, 2, 4, 8),
                "REFINES": dict.fromkeys(edgesegnet_module.REFINES, 1),
            }
        },
        EDGE,
    ),
    "crops of 128x160": ({}, {**EDGE, "crop": (128, 160)}),
    "frames as they are": ({}, {**EDGE, **AS_THEY_ARE}),
    "no class weights": ({}, {**EDGE, "class_weights": "none"}),
    "reference_edgesegnet": ({}, REFERENCE),
    "reference_edgesegnet, learning rate 2e-4": (
        {},
        {**REFERENCE, "learning_rate": 2e-4},
    ),
}


if __name__ == "__main__":
    main(__doc__.splitlines()[0], VARIANTS)
