"""Trains `slim` with one of six ideas at a time, under equal budget.

    python experiments/ideas.py STORE OUT [--epochs 20] [--seeds 0] [--only NAME ...]

variants.py describes the comparison, docs/experiments/networks.md the results.
"""

from importlib import import_module

from keras import layers
from variants import main

from segnet.models import blocks

# The package has a function of the same name.
slim_module = import_module("segnet.models.slim")


def dense_residual(x, *, dilation=1, name: str):
    """Applies a full 3x3 convolution where `slim` has a depthwise one and a 1x1."""
    y = blocks.conv(
        x, x.shape[-1], kernel_size=3, dilation=dilation, name=f"{name}_conv"
    )
    y = blocks.bn(y, gamma_initializer="zeros", name=name)
    return blocks.add_relu(x, y, name=name)


def transposed_upsample(x, factor: int = 2, *, name: str):
    """Applies a transposed convolution where `slim` enlarges bilinearly."""
    return layers.Conv2DTranspose(
        x.shape[-1], 2 * factor, factor, padding="same", name=f"{name}_upsample"
    )(x)


# Name -> (changes in the modules, changes in the recipe).
VARIANTS = {
    "slim": ({}, {}),
    "dense 3x3 for depthwise": ({blocks: {"residual_separable": dense_residual}}, {}),
    "transposed convolutions": ({blocks: {"upsample": transposed_upsample}}, {}),
    "fewer blocks": (
        {
            slim_module: {
                "DETAIL_BLOCKS": 4,
                "CONTEXT_DILATIONS": (1, 2, 4, 8, 2, 4),
                "FUSED_BLOCKS": {8: 1, 4: 1},
            }
        },
        {},
    ),
    "rendered towns to start from": ({}, {"init": "slim_scenes14"}),
    "rendered streets to start from": ({}, {"init": "slim_city14"}),
    "no class weights": ({}, {"class_weights": "none"}),
    "median-frequency weights": ({}, {"class_weights": "median"}),
    "focal": ({}, {"loss": "focal"}),
    "ohem": ({}, {"loss": "ohem"}),
    "lovasz": ({}, {"loss": "lovasz"}),
    "dice": ({}, {"loss": "dice"}),
    "rare windows": ({}, {"rare": 0.5, "balance": 0.5}),
    "auxiliary heads": ({}, {"auxiliary": 0.4}),
    "rotation": ({}, {"rotate": 8.0}),
    "cut-mix": ({}, {"cutmix": 0.5}),
    "no colour changes": ({}, {"colour": 0.0}),
    "no scale changes": ({}, {"scale": (1.0, 1.0)}),
    "no mirroring": ({}, {"flip": False}),
    "no averaging": ({}, {"ema": 0.0}),
    "no warm-up": ({}, {"warmup_epochs": 0.0}),
    "no weight decay": ({}, {"weight_decay": 0.0}),
    "poly": ({}, {"schedule": "poly"}),
    "no padding": ({}, {"crop": (176, 240)}),
    "learning rate 1e-3": ({}, {"learning_rate": 1e-3}),
    "learning rate 6e-3": ({}, {"learning_rate": 6e-3}),
    "edgesegnet": ({}, {"model": "edgesegnet"}),
    "fast_scnn": ({}, {"model": "fast_scnn"}),
    "fast_scnn with auxiliary heads": (
        {},
        {"model": "fast_scnn", "auxiliary": 0.4},
    ),
    "reference_multibranch": ({}, {"model": "reference_multibranch"}),
}


if __name__ == "__main__":
    main(__doc__.splitlines()[0], VARIANTS)
