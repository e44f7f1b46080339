"""Sizes of frames: the one that counts where they differ, and fitting into another."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from segnet.data.images import (
    fit_image,
    fit_labels,
    image_size,
    shrink_image,
    shrink_labels,
)
from segnet.data.source import NAMED, Frame

Size = tuple[int, int]


class DifferentSizes(ValueError):
    """Some images have another size than most."""


def read_size(text: str) -> Size:
    """Returns (360, 480) for "360x480", height first.

    Raises:
        ValueError: The text is not of that form, or a side is 0.
    """
    height, cross, width = text.lower().partition("x")
    sides = [int(side) if side.isdecimal() else 0 for side in (height, width)]
    if not cross or not all(sides):
        raise ValueError(f"{text!r} is no size, height x width, such as 360x480")
    return sides[0], sides[1]


def in_words(size: Size) -> str:
    """Returns "360x480" for (360, 480)."""
    return f"{size[0]}x{size[1]}"


def most_frequent_first(sizes: Mapping[Size, int]) -> list[tuple[Size, int]]:
    """Returns the sizes with their counts, of equally frequent ones the larger."""
    return sorted(sizes.items(), key=lambda item: (item[1], item[0]), reverse=True)


def usual_size(frames: Iterable[Frame]) -> tuple[Size, list[str]]:
    """Returns the most frequent size of the images, and a line for each other one.

    Only headers are read. Images that cannot be read are passed over.

    Raises:
        ValueError, OSError: No image can be read; the error of the first one.
    """
    found: dict[Path, Size] = {}
    first: Exception | None = None
    for frame in frames:
        try:
            found[frame.image] = image_size(frame.image)
        except (ValueError, OSError) as error:
            first = first or error
    if not found:
        raise first or ValueError("no frame to read the size of")
    usual = most_frequent_first(Counter(found.values()))[0][0]
    other = {name: size for name, size in found.items() if size != usual}
    return usual, [f"{name}: {in_words(size)}" for name, size in other.items()]


def refusal(usual: Size, frames: int, lines: list[str]) -> DifferentSizes:
    """Returns the error for images of several sizes.

    Args:
        usual: The most frequent size.
        frames: Number of all frames.
        lines: One for each frame of another size.
    """
    ways_out = (
        f"a store has one size; fit all frames with --size {in_words(usual)}, or leave "
        f"these out with --skip-bad"
    )
    if len(lines) == 1:
        return DifferentSizes(
            f"{lines[0]} pixels (height x width), all others have {in_words(usual)}; "
            f"{ways_out}"
        )
    rest = len(lines) - NAMED
    named = [*lines[:NAMED], *([f"and {rest} more"] if rest > 0 else [])]
    return DifferentSizes(
        f"{len(lines)} of {frames} images are not {in_words(usual)} pixels (height x "
        f"width) as most are, and {ways_out}:\n  " + "\n  ".join(named)
    )


def inside(size: Size, frame: Size) -> Size:
    """Returns the largest (H, W) of the same shape that fits into `frame`."""
    factor = min(new / old for new, old in zip(frame, size, strict=True))
    height, width = (
        min(limit, max(1, round(side * factor)))
        for side, limit in zip(size, frame, strict=True)
    )
    return height, width


def resize_image(image: Image.Image, size: Size) -> Image.Image:
    """Returns the image resized into (H, W) `size` and padded with black.

    Its shape is kept, and its upper left corner stays in place. Areas are averaged
    where it shrinks, and neighbours blended where it grows.
    """
    height, width = inside((image.height, image.width), size)
    if height <= image.height and width <= image.width:
        image = Image.fromarray(shrink_image(image, (height, width)))
    else:
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return fit_image(image, size)


def resize_labels(labels: np.ndarray, size: Size, void: int) -> np.ndarray:
    """Returns the nearest ids, resized as `resize_image` does and padded with void."""
    return fit_labels(shrink_labels(labels, inside(labels.shape, size)), size, void)
