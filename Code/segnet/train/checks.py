"""Checks before a training run: data from which no network could learn."""

from collections.abc import Sequence

import numpy as np

from segnet.check.doubts import label_doubts
from segnet.data.store import LabelledFrames, Split
from segnet.data.store.integrity import SEAL
from segnet.recipe import Recipe

# The share of a crop that the middle of the random factors fills at least.
ENOUGH = 0.5


def check_crop(recipe: Recipe, split: LabelledFrames) -> None:
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
    """Returns the share of a crop, 0 to 1, that a frame enlarged by a factor covers."""
    height, width = (
        min(1, int(side * factor) / wanted)
        for wanted, side in zip(crop, size, strict=True)
    )
    return height * width


def check_labels(
    splits: Sequence[Split], prefix: str = ""
) -> tuple[dict[str, str | None], list[str]]:
    """Refuses labels that no loss or score could use; returns marks of the store.

    The seal of a store holds the frame names and all settings, but not the frames
    where they lie in one file: two drives rendered with other seeds have one seal. So
    checksums of the labels, which are read anyway, stand beside it.

    Args:
        splits: Of one store, at least one; always the same ones in the same order.
        prefix: Put before the keys of the marks.

    Returns:
        The marks by which a resumed run knows the store again: `seal`, None for a
        store without one, and `labels`, the CRC-32 of the labels of each split in
        hexadecimal; and a warning where a class may have been read as void.

    Raises:
        ValueError: A label is neither a class nor void, or every pixel is void.
    """
    store = splits[0].store
    pixels, sums = np.zeros(store.class_map.num_classes + 1, np.int64), []
    for split in splits:
        summary = split.label_summary()
        counts = summary.pixels.sum(0)  # (K + 1,)
        if not counts[:-1].any():
            raise ValueError(
                f"{store.path}: {split.name!r} has no pixel that is not void"
            )
        pixels = pixels + counts
        sums.append(f"{summary.checksum:08x}")
    seal = store.attributes.get(SEAL)
    marks = {f"{prefix}seal": seal, f"{prefix}labels": "-".join(sums)}
    origin = str(store.attributes.get("source", ""))
    grey_ids = bool(store.attributes.get("grey_ids", False))
    doubts = label_doubts(origin, store.class_map, pixels, grey_ids)
    return marks, [f"{store.path}: {text}" for text in doubts]
