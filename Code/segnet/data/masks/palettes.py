"""Says whether masks with a palette mean its indices or its colours."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from segnet.classes.reading import LabelClasses
from segnet.data.images import read_mask
from segnet.data.masks.pixels import without_alpha

INDEX, COLOUR = PALETTES = ("index", "colour")


def palette_meaning(masks: Iterable[Path], classes: LabelClasses) -> tuple[str, str]:
    """Returns "index" or "colour", and why, for masks with a palette.

    Colours count where one of them is that of a class with another id. Otherwise
    indices count where all of them are ids, else colours where all are in the class
    map. So the masks of Pascal VOC, whose background is black, are read by index.

    Args:
        masks: Some of the files.
        classes: And what stands for them in masks.

    Raises:
        ValueError: A palette has the colour of one class at the index of another one,
            and other colours of no class.
    """
    by_index = by_colour = True
    reason = ""
    for path in masks:
        try:
            image = without_alpha(read_mask(path), path)
        except (ValueError, OSError):
            # Whoever reads the frame names the damage.
            continue
        if image.mode == "P":
            ids, colours, contradicts = palette_facts(image, classes)
            by_index, by_colour = by_index and ids, by_colour and colours
            reason = reason or contradicts
    if by_colour and (reason or not by_index):
        why = reason or "not all indices are ids"
        return COLOUR, f"the colours are those of the class map, and {why}"
    if by_index and not reason:
        return INDEX, "all of them are; --palette colour reads the colours"
    if by_index:
        raise ValueError(
            f"a palette has {reason}, but other colours are not in the class map; say "
            f"what the masks mean: --palette index or --palette colour"
        )
    # Indices, so that the reader of a frame names the value and the way out.
    return INDEX, "neither all indices nor all colours are those of the class map"


def palette_facts(image: Image.Image, classes: LabelClasses) -> tuple[bool, bool, str]:
    """Returns whether indices are ids, whether colours are known, and a contradiction.

    That is a used index with the colour of another class, in words, or "".
    """
    indices = np.bincount(np.asarray(image).ravel()).nonzero()[0].tolist()
    palette = np.zeros((256, 3), np.uint8)
    flat = np.frombuffer(image.im.getpalette("RGB", "RGB"), np.uint8).reshape(-1, 3)
    palette[: len(flat)] = flat
    class_map = classes.class_map
    ids = colours = True
    contradicts = ""
    for index in indices:
        colour = tuple(palette[index].tolist())
        meant = classes.colours.get(colour)
        ids &= index in classes.ids
        colours &= meant is not None
        if meant not in (None, class_map.void, classes.ids.get(index)):
            name = class_map.names[meant]
            contradicts = contradicts or f"the colour of {name} at index {index}"
    return ids, colours, contradicts
