"""Class colours over images, and legends, drawn by Pillow: fast enough for videos."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from segnet.classes import ClassMap
from segnet.classes.colours import Colour
from segnet.pictures.style import INK

# Rows processed at a time, so that the sums below stay in the cache.
BAND = 64
LEAST_WIDTH = 320
LEAST_TEXT, MOST_TEXT, WIDTH_PER_TEXT = 11, 64, 48


def overlay(
    image: np.ndarray, ids: np.ndarray, class_map: ClassMap, share: float = 0.5
) -> np.ndarray:
    """Returns the image blended with class colours, (H, W, 3) uint8.

    Args:
        image: (H, W, 3) uint8 RGB.
        ids: (H, W) class ids; void pixels show the image alone.
        class_map: The classes and their colours.
        share: Share of the colours: 0 image only, 1 colours only, in steps of 1/256.
    """
    table, known = np.zeros((256, 3), np.uint16), np.zeros(256, bool)
    strength = round(256 * share)
    table[: class_map.num_classes] = strength * np.array(class_map.colours) + 128
    known[[*range(class_map.num_classes), class_map.void]] = True
    if ids.dtype != np.uint8 or not known.take(ids).all():
        # Raises ValueError for ids that are not in the map.
        class_map.colourise(ids)
    mixed = np.empty_like(image)
    for top in range(0, len(image), BAND):
        rows = slice(top, top + BAND)
        sums = table.take(ids[rows], 0)  # (BAND, W, 3)
        sums += image[rows] * np.uint16(256 - strength)
        sums >>= np.uint16(8)
        mixed[rows] = sums
        void = ids[rows] == class_map.void
        if void.any():
            mixed[rows][void] = image[rows][void]
    return mixed


def legend(entries: Sequence[tuple[str, Colour]], width: int) -> np.ndarray:
    """Returns a strip with a coloured square and a text for each entry.

    Args:
        entries: (text, colour) pairs, placed in lines from left to right.
        width: Width of the picture above the strip; it sets the size of the text.

    Returns:
        (h, W, 3) uint8 on white; W is at least `width` and at least 320.
    """
    width = max(width, LEAST_WIDTH)
    size = int(np.clip(width / WIDTH_PER_TEXT, LEAST_TEXT, MOST_TEXT))
    font = ImageFont.load_default(size)
    line, gap = round(1.6 * size), round(0.4 * size)
    places, x, y = [], gap, gap
    for text, _ in entries:
        long = size + gap + round(font.getlength(text)) + 2 * gap
        if x > gap and x + long > width:
            x, y = gap, y + line
        places.append((x, y))
        x += long
    strip = Image.new("RGB", (width, y + line), "white")
    draw = ImageDraw.Draw(strip)
    for (text, colour), (x, y) in zip(entries, places, strict=True):
        draw.rectangle((x, y, x + size, y + size), colour, INK)
        draw.text((x + size + gap, y + size // 2), text, INK, font, anchor="lm")
    return np.asarray(strip)


def with_legend(picture: np.ndarray, strip: np.ndarray) -> np.ndarray:
    """Returns a picture (H, W, 3) above a legend, padded with white to its width."""
    height, width = picture.shape[:2]
    whole = np.full((height + len(strip), max(width, strip.shape[1]), 3), 255, np.uint8)
    whole[:height, :width] = picture
    whole[height:, : strip.shape[1]] = strip
    return whole
