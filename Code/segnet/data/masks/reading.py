"""Reads masks that users drew or exported, by their meaning.

    grey, 1 to 16 bits    ids, or what the options of `value_table` make of them
    RGB                   colours of the class map, black being void unless a class has
                          it; ids, where all are greys that no class has
    palette               its indices as ids, or its colours: `palette_meaning`

An alpha channel is dropped where it is opaque, and refused otherwise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segnet.classes.colours import UnknownColour, look_up
from segnet.classes.reading import LabelClasses
from segnet.data.images import opened, read_mask
from segnet.data.masks.palettes import (
    COLOUR,
    INDEX,
    PALETTES,
    palette_facts,
    palette_meaning,
)
from segnet.data.masks.pixels import grey_values, without_alpha
from segnet.data.masks.values import Ids, in_words, look_up_ids, value_table
from segnet.data.source import Frame, WrongOption

# How many masks of a set are looked at to find what they hold.
SAMPLE = 16


@dataclass(frozen=True)
class MaskLabels:
    """Gives the class ids of a frame's mask, (H, W) uint8; picklable.

    Args:
        classes: And what stands for them in masks.
        table: From `value_table`.
        palette: "index" or "colour", for masks with a palette.
        named: Options name the values of grey masks.
        rgb_ids: RGB masks hold greys, whose value is the id.
        sure: An option says that palettes mean indices.
    """

    classes: LabelClasses
    table: np.ndarray
    palette: str = INDEX
    named: bool = False
    rgb_ids: bool = False
    sure: bool = False

    def __call__(self, frame: Frame) -> np.ndarray:
        return self.read(frame.label)

    def read(self, path: Path) -> np.ndarray:
        """Returns the ids of a mask, (H, W) uint8.

        Raises:
            FileNotFoundError: The file is missing.
            UnknownId: A value stands for no class; a ValueError.
            UnknownColour: A colour is not in the class map; a ValueError.
            ValueError: The file is damaged, or it is not clear what it holds.
        """
        image = without_alpha(read_mask(path), path)
        if image.mode == "P":
            if self.palette == INDEX:
                return self._of_indices(image, path)
            image = image.convert("RGB")
        if image.mode == "RGB":
            return self._of_colours(np.asarray(image), path)
        values = grey_values(image, path)
        if image.mode == "1" and self.named and self.table[1] < 0 <= self.table[255]:
            values = values * np.uint8(255)
        return self._of_values(values, path)

    def _of_values(self, values: np.ndarray, path: Path) -> np.ndarray:
        return look_up_ids(values, self.table, self.classes.class_map, str(path))

    def _of_colours(self, rgb: np.ndarray, path: Path) -> np.ndarray:
        if self.rgb_ids:
            if not _is_grey(rgb):
                why = "other RGB masks hold greys, which are read as ids"
                if self.named:
                    why = "--ids, --first-id and --void are for grey masks"
                raise ValueError(
                    f"{path}: its pixels are colours, and {why}; save all masks alike, "
                    f"and give their colours in the class map"
                )
            return self._of_values(np.ascontiguousarray(rgb[..., 0]), path)
        class_map = self.classes.class_map
        try:
            return look_up(rgb, self.classes.colours, f"{path} ({class_map.name})")
        except UnknownColour as error:
            if all(len(set(colour)) == 1 for colour, _ in error.most):
                hint = (
                    "greys in RGB: if they are ids, name them with --ids, such as "
                    f"--ids '0={class_map.names[0]}'"
                )
                raise UnknownColour(
                    error.where, error.pixels, error.colours, error.most, hint
                ) from None
            raise

    def _of_indices(self, image: Image.Image, path: Path) -> np.ndarray:
        indices = np.asarray(image)
        if not self.sure:
            _, _, contradicts = palette_facts(image, self.classes)
            if contradicts:
                raise ValueError(
                    f"{path}: its palette has {contradicts}, and the palettes of other "
                    f"masks are read by their indices; say which is meant: --palette "
                    f"index or --palette colour"
                )
        return self._of_values(indices, path)


def mask_labels(
    classes: LabelClasses,
    masks: Sequence[Path],
    ids: Ids | None = None,
    first_id: int | None = None,
    void: str | int | Iterable[int] | None = None,
    palette: str | None = None,
) -> tuple[MaskLabels, dict[str, Any]]:
    """Returns the function that reads masks, and what a `Source` says of it.

    Args:
        classes: And what stands for them in masks.
        masks: All files, some of which are looked at.
        ids: As in `value_table`, like the next two.
        first_id: The value of class 0.
        void: Further values that are void.
        palette: "index" or "colour"; by default `palette_meaning` decides.

    Returns:
        The function; the fields `notes` and `grey_ids` of `Source`.

    Raises:
        WrongOption: An option is out of range or contradicts another one.
        ValueError: It is not clear whether palettes mean indices or colours.
    """
    named = any(option is not None for option in (ids, first_id, void))
    if palette is not None and palette not in PALETTES:
        raise WrongOption(f"palette {palette!r}, expected index or colour")
    if named and palette == COLOUR:
        raise WrongOption(
            "--palette colour beside --ids, --first-id or --void, which name ids and "
            "no colours; take one of the two"
        )
    table = value_table(classes, ids, first_id, void)
    sample = [masks[i * len(masks) // SAMPLE] for i in range(SAMPLE)] if masks else []
    sample = list(dict.fromkeys(sample))
    modes = {path: mode for path in sample if (mode := _mode(path))}
    palettes = [path for path, mode in modes.items() if mode in ("P", "PA")]
    sure = named or palette is not None
    notes = [in_words(ids, first_id, void)]
    if palettes:
        why = "as asked for"
        if palette is None and named:
            palette = INDEX
        if palette is None:
            palette, why = palette_meaning(palettes, classes)
        read = "indices, as ids" if palette == INDEX else "colours"
        notes.append(f"masks with a palette are read by their {read}: {why}")
    rgb = [path for path, mode in modes.items() if mode in ("RGB", "RGBA")]
    rgb_ids = named or bool(rgb) and _rgb_holds_ids(rgb, classes)
    if rgb_ids and not named:
        notes.append("RGB masks are read as ids: all are greys that no class has")
    grey = rgb_ids or any(mode[0] in "LI1F" for mode in modes.values())
    labels = MaskLabels(classes, table, palette or INDEX, named, rgb_ids, sure)
    facts = {
        "notes": tuple(filter(None, notes)),
        "grey_ids": not named and (grey or bool(palettes) and palette == INDEX),
    }
    return labels, facts


def _rgb_holds_ids(masks: Iterable[Path], classes: LabelClasses) -> bool:
    """Returns whether RGB masks are greys that are ids, and not colours of classes."""
    found: set[int] = set()
    for path in masks:
        try:
            rgb = np.asarray(without_alpha(read_mask(path), path))
        except (ValueError, OSError):
            continue
        if not _is_grey(rgb):
            return False
        found.update(np.bincount(rgb[..., 0].ravel()).nonzero()[0].tolist())
    colours = classes.colours
    return found <= classes.ids.keys() and any((v, v, v) not in colours for v in found)


def _is_grey(rgb: np.ndarray) -> bool:
    return bool((rgb[..., :1] == rgb[..., 1:]).all())


def _mode(path: Path) -> str:
    """Returns Pillow's mode of an image, "" where it cannot be read."""
    try:
        with opened(path) as image:
            return image.mode
    except (ValueError, OSError):
        return ""
