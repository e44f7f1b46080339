"""The images that a file takes: their shape, type and order of axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from segnet.runtimes.facts import FileFacts

CHANNELS = 3
# Of a batch; no road scene has more, and a damaged file may ask for anything.
MOST_PIXELS = 64_000_000


@dataclass(frozen=True)
class ImageInput:
    """The one input of a file.

    Args:
        name: In the file.
        shape: (B, H, W).
        dtype: Of its values.
        channels_first: Whether it takes (B, 3, H, W); never so in files of segnet.
    """

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    channels_first: bool = False

    @property
    def axes(self) -> tuple[int, int, int, int]:
        """All four lengths in the file's order."""
        batch, height, width = self.shape
        if self.channels_first:
            return batch, CHANNELS, height, width
        return batch, height, width, CHANNELS

    def feed(self, images: np.ndarray, path: Path) -> np.ndarray:
        """Returns images as the file takes them.

        Values stay 0 to 255, also where a file of others takes floats.

        Args:
            images: (B, H, W, 3) uint8 RGB.
            path: The file, for messages.

        Raises:
            ValueError: The images have another shape or type.
        """
        expected = (*self.shape, CHANNELS)
        if images.shape != expected or images.dtype != np.uint8:
            raise ValueError(
                f"{path} takes uint8 images {expected}, not {images.dtype} "
                f"{images.shape}"
            )
        if self.channels_first:
            images = images.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(images, self.dtype)


def image_input(
    path: Path,
    name: str,
    axes: Sequence[int | str | None],
    dtype: DTypeLike,
    size: tuple[int, int] | None = None,
) -> ImageInput:
    """Returns the input that a file describes.

    Args:
        path: The file, for messages.
        name: Of the input.
        axes: Its four lengths; what is no number above 0 is left open by the file.
        dtype: Of its values.
        size: (H, W) where the file leaves it open; an open batch is 1.

    Raises:
        ValueError: The input takes no RGB images, or images of any or absurd size.
    """
    known = [n if isinstance(n, int) and n > 0 else None for n in axes]
    if len(known) != 4 or CHANNELS not in (known[1], known[3]):
        raise ValueError(
            f"{path}: its input {name!r} has the shape {list(axes)}, expected RGB "
            f"images (B, H, W, 3)"
        )
    channels_first = known[3] != CHANNELS
    batch = known[0] or 1
    sides = known[2:] if channels_first else known[1:3]
    height, width = (
        own or given for own, given in zip(sides, size or (None, None), strict=True)
    )
    if height is None or width is None:
        raise ValueError(
            f"{path}: its input {name!r} has the shape {list(axes)}, of any size; "
            f"give a size"
        )
    if size is not None and (height, width) != tuple(size):
        raise ValueError(f"{path} takes {height}x{width} only, not {size[0]}x{size[1]}")
    if batch * height * width > MOST_PIXELS:
        raise ValueError(
            f"{path}: its input {name!r} has the shape {list(axes)}, more than "
            f"{MOST_PIXELS // 10**6} megapixels"
        )
    return ImageInput(name, (batch, height, width), np.dtype(dtype), channels_first)


def check_facts(path: Path, facts: FileFacts | None, found: ImageInput) -> None:
    """Checks that the facts in a file say what its input says.

    Raises:
        ValueError: They contradict it.
    """
    if facts is None:
        return
    expected = ImageInput(
        "image", (facts.batch_size, *facts.size), np.dtype(np.uint8), False
    )
    if found != expected:
        raise ValueError(
            f"{path}: damaged: its facts say uint8 'image' {expected.shape}, its "
            f"input is {found.dtype} {found.name!r} {found.shape}"
        )
