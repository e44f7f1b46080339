"""What is looked at before a training: data on which it could only come to nothing."""

import numpy as np

from segnet.data.store import Split
from segnet.recipe import Recipe


def check_crop(recipe: Recipe, split: Split) -> None:
    """Refuses crops that no enlargement of the recipe fills: the rest would be void.

    Args:
        recipe: Names the crops, if any, and the largest factor on the frames.
        split: The frames that are cropped.

    Raises:
        ValueError: Naming the three sizes.
    """
    if recipe.crop is None:
        return
    largest = [int(side * max(1, recipe.scale[1])) for side in split.size]
    if any(wanted > side for wanted, side in zip(recipe.crop, largest, strict=True)):
        sizes = ["{}x{}".format(*size) for size in (recipe.crop, split.size, largest)]
        raise ValueError(
            f"recipe: crops of {sizes[0]}, but the frames of {split.store.path} are "
            f"{sizes[1]}, at most enlarged to {sizes[2]}; prepare them at a "
            f"smaller --scale or take smaller crops (--crop)"
        )


def check_labels(split: Split) -> None:
    """Refuses a split whose labels the loss or the score could only answer with nan.

    Raises:
        ValueError: A label is neither a class nor void, or every pixel is void.
    """
    class_map, path = split.store.class_map, split.store.path
    allowed = np.zeros(256, bool)
    allowed[[*range(class_map.num_classes), class_map.void]] = True
    total = np.zeros(256, np.int64)
    for frame in range(len(split)):
        counts = np.bincount(split.labels[frame].ravel(), minlength=256)
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
