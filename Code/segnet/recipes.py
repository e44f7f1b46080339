"""The named recipes that `segnet train --recipe` accepts, and `own` for own frames."""

import math
from dataclasses import replace
from typing import Any

from segnet.recipe import Recipe, differences
from segnet.system.own_parts import find_own

DEFAULT = "default"
# A recipe that differs from every named one in more than this is called its own.
MOST_DIFFERENCES = 12

# Rendered drives of several towns, then real frames from there; see the cards of the
# shipped weights.
_SCENES = Recipe(learning_rate=3e-3, class_weights="enet", scale=(0.6, 1.8), rare=0.3)
_CAMVID = Recipe(
    crop=(240, 320), class_weights="enet", scale=(0.6, 2.0), rare=0.4, balance=0.5
)
_SLIM_CROPS = replace(
    _CAMVID,
    epochs=240,
    learning_rate=4e-3,
    loss="lovasz",
    validate_every=20,
    init="slim_scenes14",
)
_SLIM_CAMVID = replace(
    _SLIM_CROPS,
    epochs=100,
    crop=(360, 480),
    validate_every=20,
    init="slim_city14",
)
_EDGESEGNET_CROPS = replace(
    _SLIM_CROPS,
    model="edgesegnet",
    epochs=100,
    learning_rate=3e-3,
    validate_every=20,
    init="edgesegnet_city14",
)
_EDGESEGNET_CAMVID = replace(
    _EDGESEGNET_CROPS, epochs=130, crop=(360, 480), validate_every=26
)

RECIPES = {
    # A first look on about a hundred small frames: minutes on a CPU.
    "quick": Recipe(
        epochs=32,
        batch_size=4,
        learning_rate=4e-3,
        warmup_epochs=0.5,
        ema=0.9,
        class_weights="enet",
        scale=(0.75, 1.5),
        colour=0.2,
    ),
    # A few hundred frames and hours: what the networks can do.
    "long": replace(_CAMVID, epochs=200, learning_rate=4e-3),
    "scenes14_slim": replace(_SCENES, epochs=24, validate_every=6),
    "scenes14_edgesegnet": replace(
        _SCENES, model="edgesegnet", epochs=24, crop=(125, 414), validate_every=12
    ),
    # Half size: things are as large as in CamVid's frames.
    "scenes14_slim_half": replace(
        _SCENES, epochs=10, crop=(188, 320), scale=(0.5, 2.0), validate_every=5
    ),
    # Streets of a city too, seen by a camera as CamVid's: what CamVid's start from.
    "city14_slim": replace(
        _SCENES, epochs=9, validate_every=3, init="slim_scenes14_half"
    ),
    "city14_edgesegnet": replace(
        _SCENES,
        model="edgesegnet",
        epochs=9,
        validate_every=9,
        init="edgesegnet_scenes14",
    ),
    "camvid11_slim": _SLIM_CAMVID,
    "camvid11_edgesegnet": _EDGESEGNET_CAMVID,
    # Those called trainval have val among their training data, as the published figures
    # do. The shipped weights had streets in each batch as well, and then some epochs
    # without class weights: the commands are on their cards.
    "camvid11_slim_trainval": replace(_SLIM_CAMVID, include_val=True),
    "camvid11_edgesegnet_trainval": replace(_EDGESEGNET_CAMVID, include_val=True),
    # Crops: what held-out drives are scored by, in half the time.
    "camvid11_slim_crops": _SLIM_CROPS,
    "camvid11_edgesegnet_crops": _EDGESEGNET_CROPS,
    # Both networks of docs/experiments/camvid.md, side by side.
    "camvid11_short": Recipe(epochs=20, learning_rate=1e-3, class_weights="enet"),
    # The inspiring work's training, as far as it is known: its network, and neither
    # augmentation nor class weights nor averaging.
    "reference": Recipe(
        model="reference_multibranch",
        epochs=40,
        learning_rate=1e-3,
        ema=0.0,
        weight_decay=0.0,
        warmup_epochs=0.0,
        scale=(1.0, 1.0),
        colour=0.0,
        flip=False,
    ),
}

OWN = "own"
# Crops that a first network sees: about ten minutes on two cores at 180x240.
OWN_CROPS = 4800
OWN_EPOCHS = (20, 200)
OWN_BATCH = 8
# Pixels of the largest crop; what the shipped weights were trained with.
OWN_AREA = 360 * 480
SMALLEST_CROP = 64
# Network -> weights to start from: rendered streets, which hold no real frame that
# could also be in a user's val.
OWN_START = {"slim": "slim_city14", "edgesegnet": "edgesegnet_city14"}


def own_recipe(frames: int, size: tuple[int, int], **values: Any) -> Recipe:
    """Returns the recipe `own`, chosen for the frames of a store.

    The fewer the frames, the more epochs, so that the number of training crops stays
    near 4,800, within 20 to 200 epochs. Crops are whole frames up to 360x480 pixels,
    and have that area and the shape of the frame above. Rare classes count more, and
    all random changes are strong.

    Args:
        frames: Number of training frames, from 1.
        size: (H, W) of a frame.
        values: Fields of `Recipe` that are given; the others follow from them.
    """
    epochs = min(max(math.ceil(OWN_CROPS / frames), OWN_EPOCHS[0]), OWN_EPOCHS[1])
    epochs = values.get("epochs", epochs)
    chosen = {
        "epochs": epochs,
        "batch_size": min(OWN_BATCH, frames),
        "learning_rate": 3e-3,
        "warmup_epochs": epochs / 20,
        "loss": "lovasz",
        "class_weights": "enet",
        "crop": _own_crop(size),
        "scale": (0.5, 2.0),
        "colour": 0.4,
        "rotate": 5.0,
        "rare": 0.4,
        "balance": 0.5,
        "init": OWN_START.get(values.get("model", Recipe().model), ""),
        "validate_every": max(1, epochs // 10),
    }
    return Recipe(**(chosen | values))


def _own_crop(size: tuple[int, int]) -> tuple[int, int] | None:
    """Returns (h, w) of a crop, multiples of 8 from 64; None for the whole frame."""
    height, width = size
    if height * width <= OWN_AREA or min(size) < SMALLEST_CROP:
        return None
    factor = (OWN_AREA / (height * width)) ** 0.5
    # One side of a long, low frame may have to stay longer than its share.
    own = [max(SMALLEST_CROP, int(side * factor) // 8 * 8) for side in size]
    return own[0], own[1]


# For whom each of them is.
PURPOSES = {
    "quick": "a first look: about a hundred small frames, minutes on a CPU",
    "long": "from scratch on a few hundred frames: what a network can do",
    "scenes14_slim": "rendered towns, for weights to start from",
    "scenes14_edgesegnet": "rendered towns, for weights to start from",
    "scenes14_slim_half": "rendered towns at half size, near CamVid's scale",
    "city14_slim": "rendered city streets, which CamVid's recipes start from",
    "city14_edgesegnet": "rendered city streets, which CamVid's recipes start from",
    "camvid11_slim": "photographs of CamVid, whole frames",
    "camvid11_edgesegnet": "photographs of CamVid, whole frames",
    "camvid11_slim_trainval": "camvid11_slim with val among the training frames",
    "camvid11_edgesegnet_trainval": "camvid11_edgesegnet with val as well",
    "camvid11_slim_crops": "crops of CamVid, in half the time; held-out drives",
    "camvid11_edgesegnet_crops": "crops of CamVid, in half the time; held-out drives",
    "camvid11_short": "20 epochs of CamVid from scratch, to compare networks",
    "reference": "the inspiring work's training, as far as it is known",
}


def closest(recipe: Recipe) -> tuple[str, list[str]]:
    """Returns the named recipe from which the fewest fields differ, and these fields.

    The name is "" for the default values of `Recipe`, which win where none is closer.
    """
    plain = _changed(Recipe(), recipe)
    name = min(RECIPES, key=lambda name: len(_changed(RECIPES[name], recipe)))
    changed = _changed(RECIPES[name], recipe)
    return ("", plain) if len(plain) <= len(changed) else (name, changed)


def described(recipe: Recipe) -> str:
    """Returns the closest named recipe and what differs: "quick, epochs=3"."""
    name, changed = closest(recipe)
    if len(changed) > MOST_DIFFERENCES:
        return f"{name or DEFAULT} with {len(changed)} changes"
    values = (f"{field}={getattr(recipe, field)}" for field in changed)
    return ", ".join([name or DEFAULT, *values])


def _changed(first: Recipe, second: Recipe) -> list[str]:
    return [text.partition(":")[0] for text in differences(first, second)]


def with_parts(recipe: Recipe) -> Recipe:
    """Returns the recipe with the checksums of the user's own functions.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file cannot be imported, or has no such function.
    """
    named = (recipe.model, "models"), (recipe.loss, "losses")
    found = [find_own(*pair) for pair in (*named, (recipe.augment, "augmentations"))]
    return replace(recipe, parts=tuple(part.checksum for part in found if part))
