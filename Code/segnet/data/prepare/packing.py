"""Reads, checks, shrinks and compresses a frame, in a worker process."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segnet.data.images import (
    fit_image,
    fit_labels,
    read_rgb,
    scaled_size,
    shrink_image,
    shrink_labels,
)
from segnet.data.sizes import refusal, resize_image, resize_labels, usual_size
from segnet.data.source import Frame, Source
from segnet.data.store.writing import IMAGE_LEVEL, LABEL_LEVEL


def pack(array: np.ndarray, level: int) -> bytes:
    """Returns an array compressed as a chunk of HDF5's gzip filter.

    Workers do this, so that the writer only copies bytes. The checksum in each chunk
    reveals a damaged file on reading.
    """
    return zlib.compress(np.ascontiguousarray(array).data, level)


@dataclass(frozen=True)
class Bad:
    """Stands for a frame that could not be packed."""

    reason: str


@dataclass(frozen=True)
class FramePacker:
    """Turns a frame into its packed image, packed labels and (K + 1,) class pixels.

    The counts are those of the labels in the store, void last.

    Args:
        source: Where the frames come from.
        size: (H, W) that every frame must have, or is fitted to where the source has
            a `size`.
        scaled: (H, W) in the store.
        resize: Resize and pad frames of any size to `size`, which `scaled` equals.
        skip_bad: Turn a bad frame into a `Bad` instead of raising.
    """

    source: Source
    size: tuple[int, int]
    scaled: tuple[int, int]
    skip_bad: bool = False
    resize: bool = False

    @classmethod
    def of(
        cls,
        source: Source,
        frames: Sequence[Frame],
        scale: float,
        skip_bad: bool = False,
        size: tuple[int, int] | None = None,
    ) -> "FramePacker":
        """Returns the packer for these frames of a source.

        Args:
            source: Where the frames come from.
            frames: Those to pack, whose most frequent size counts.
            scale: Divides height and width.
            skip_bad: As above.
            size: (H, W) to resize and pad to, in place of `scale`.

        Raises:
            DifferentSizes: Some frames have another size than most, and nothing says
                what to do with them.
        """
        # The list of frames stays behind: each worker gets a copy of the packer.
        light = replace(source, frames=())
        if size is not None:
            return cls(light, size, size, skip_bad, resize=True)
        usual = source.size
        if usual is None:
            usual, differing = usual_size(frames)
            if differing and not skip_bad:
                raise refusal(usual, len(frames), differing)
        return cls(light, usual, scaled_size(usual, scale), skip_bad)

    def __call__(self, frame: Frame) -> tuple[bytes, bytes, np.ndarray] | Bad:
        try:
            return self._packed(frame)
        except (ValueError, OSError) as error:
            if not self.skip_bad:
                raise
            return Bad(str(error))

    def _packed(self, frame: Frame) -> tuple[bytes, bytes, np.ndarray]:
        # One after the other: the second file then finds its memory already mapped.
        image, size = self._packed_image(frame)
        labels = self.source.read_labels(frame)
        self._check_size(frame.label, labels.shape, size, "its image")
        class_map = self.source.class_map
        if self.resize:
            labels = resize_labels(labels, self.size, class_map.void)
        else:
            labels = fit_labels(labels, self.size, class_map.void)
            labels = shrink_labels(labels, self.scaled)
        counts = np.bincount(labels.ravel(), minlength=256)
        pixels = counts[[*range(class_map.num_classes), class_map.void]]
        return image, pack(labels, LABEL_LEVEL), pixels

    def _packed_image(self, frame: Frame) -> tuple[bytes, tuple[int, int]]:
        image = read_rgb(frame.image)
        size = image.height, image.width
        if self.resize:
            return pack(np.asarray(resize_image(image, self.size)), IMAGE_LEVEL), size
        if self.source.size is None:
            self._check_size(frame.image, size, self.size, "most others")
        fitted = fit_image(image, self.size)
        return pack(shrink_image(fitted, self.scaled), IMAGE_LEVEL), size

    def _check_size(
        self, path: Path, size: tuple[int, int], wanted: tuple[int, int], whose: str
    ) -> None:
        if size != wanted:
            raise ValueError(
                f"{path}: {size[0]}x{size[1]} pixels (height x width), but {whose}: "
                f"{wanted[0]}x{wanted[1]}; all images and label images of a store "
                f"have one size"
            )
