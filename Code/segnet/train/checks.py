"""What is looked at before a training: data on which it could only come to nothing."""

from collections.abc import Sequence

import numpy as np

from segnet.check.rules import void_doubt
from segnet.data.store import Split
from segnet.recipe import Recipe

# The share of a crop that the middle of the random factors fills at least.
ENOUGH = 0.5


def check_crop(recipe: Recipe, split: Split) -> None:
    """Refuses crops that the frames of a split do not fill: the rest would be void.

    Args:
        recipe: Names the crops, if any, and the range of the factors on the frames.
        split: The frames that are cropped.

    Raises:
        ValueError: Not even the largest factor fills a crop, or the middle one fills
            less than half of it. The sizes are named.
    """
    if recipe.crop is None:
        return
    smallest, largest = recipe.scale
    middle = (smallest * largest) ** 0.5
    filled = _filled(recipe.crop, split.size, max(1, largest))
    usual = _filled(recipe.crop, split.size, middle)
    if filled < 1 or usual < ENOUGH:
        crop, size = ("{}x{}".format(*size) for size in (recipe.crop, split.size))
        raise ValueError(
            f"recipe: crops of {crop}, but the frames of {split.store.path} are {size} "
            f"and fill {usual:.0%} of one when enlarged by {middle:.3g}, {filled:.0%} "
            f"by {max(1, largest):.3g}; prepare them at a smaller --scale or take "
            f"smaller crops (--crop)"
        )


def _filled(crop: tuple[int, int], size: tuple[int, int], factor: float) -> float:
    """The share of a crop, 0 to 1, that a frame enlarged by a factor covers."""
    height, width = (
        min(1, int(side * factor) / wanted)
        for wanted, side in zip(crop, size, strict=True)
    )
    return height * width


def check_labels(splits: Sequence[Split]) -> list[str]:
    """Refuses splits whose labels the loss or the score could only answer with nan.

    Returns:
        A line for each of their stores in which a class may have been read as void.

    Raises:
        ValueError: A label is neither a class nor void, or every pixel is void.
    """
    stores, pixels = {}, {}
    for split in splits:
        path = split.store.path
        stores[path] = split.store
        pixels[path] = pixels.get(path, 0) + _count_pixels(split)
    lines = []
    for path, store in stores.items():
        origin = str(store.attributes.get("source", ""))
        text = void_doubt(origin, store.class_map, pixels[path])
        lines += [f"{path}: {text}"] if text else []
    return lines


def _count_pixels(split: Split) -> np.ndarray:
    """(K + 1,) pixels of each class, void last; errors as `check_labels`."""
    class_map, path = split.store.class_map, split.store.path
    allowed = np.zeros(256, bool)
    allowed[[*range(class_map.num_classes), class_map.void]] = True
    total = np.zeros(256, np.int64)
    for frame in range(len(split)):
        counts = np.bincount(split.read_labels(frame).ravel(), minlength=256)
        strays = np.flatnonzero((counts > 0) & ~allowed)
        if strays.size:
            raise ValueError(
                f"{path}: label {strays[0]} in frame {frame} of {split.name!r} is "
                f"neither a class (0 to {class_map.num_classes - 1}) nor void "
                f"({class_map.void}); prepare the data again"
            )
        total += counts
    if not total[: class_map.num_classes].any():
        raise ValueError(f"{path}: {split.name!r} has no pixel that is not void")
    return total[[*range(class_map.num_classes), class_map.void]]
