"""The pixels of each class, counted in one pass over the labels."""

import zlib
from dataclasses import dataclass

import numpy as np

from segnet.classes import ClassMap
from segnet.data.store.labelled_frames import LabelledFrames


@dataclass(frozen=True)
class LabelSummary:
    """The counts from one pass over the labels of N frames.

    Args:
        pixels: (N, K + 1) int64, the pixels of each class in each frame, void last.
        checksum: CRC-32 of all labels, frame after frame.
    """

    pixels: np.ndarray
    checksum: int


def count_pixels(labels: np.ndarray, class_map: ClassMap) -> np.ndarray:
    """Returns the pixels of each class, void last, (K + 1,) int64.

    Args:
        labels: uint8 class ids of any shape.
        class_map: Which ids are classes, and which is void.

    Raises:
        ValueError: A label is neither a class nor void; the most frequent is named.
    """
    num_classes, void = class_map.num_classes, class_map.void
    counts = np.bincount(labels.ravel(), minlength=256)  # (256,)
    known = [*range(num_classes), void]
    pixels = counts[known]  # (K + 1,)
    if pixels.sum() != labels.size:
        counts[known] = 0
        worst = int(counts.argmax())
        raise ValueError(
            f"label {worst} on {counts[worst]} pixels is neither a class (0 to "
            f"{num_classes - 1}) nor void ({void})"
        )
    return pixels


def summarise_labels(frames: LabelledFrames) -> LabelSummary:
    """Returns pixel counts and checksum of all labels, each frame read once.

    Raises:
        ValueError: A label is neither a class nor void, or the store is damaged.
    """
    class_map, checksum = frames.store.class_map, 0
    pixels = np.empty((len(frames), class_map.num_classes + 1), np.int64)  # (N, K + 1)
    for index in range(len(frames)):
        labels = frames.read_labels(index)  # (H, W)
        checksum = zlib.crc32(labels.data, checksum)
        try:
            pixels[index] = count_pixels(labels, class_map)
        except ValueError as error:
            raise ValueError(
                f"{frames.store.path}: frame {index} of {frames.name!r}: {error}; "
                f"prepare the data again"
            ) from error
    pixels.setflags(write=False)
    return LabelSummary(pixels, checksum)


def class_counts(frames: LabelledFrames) -> tuple[np.ndarray, np.ndarray]:
    """Returns how much of each class a split holds, void left out.

    Returns:
        Pixels of each class, and the number of frames that hold it; both (K,) int64.

    Raises:
        ValueError: A label is neither a class nor void, or the store is damaged.
    """
    pixels = frames.pixel_counts()[:, :-1]  # (N, K)
    return pixels.sum(0), (pixels > 0).sum(0)
