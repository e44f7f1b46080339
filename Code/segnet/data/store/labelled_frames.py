"""The protocol of the labelled frames that training reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from segnet.classes import ClassMap


class DescribedStore(Protocol):
    """The properties shared by all frames of a store."""

    path: Path
    class_map: ClassMap
    attributes: dict[str, Any]


@runtime_checkable
class LabelledFrames(Protocol):
    """N frames of one size with labels, numbered from 0; `len()` is N.

    `segnet.data.store.Split` and `segnet.data.store.joined.Joined` offer this.
    """

    @property
    def store(self) -> DescribedStore:
        """Their store, usually a `segnet.data.store.Store`."""

    @property
    def name(self) -> str:
        """The name of the split, for messages."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of every frame, in pixels."""

    def __len__(self) -> int: ...

    def read(self, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the frames at `indices`, in that order, repeats allowed.

        Args:
            indices: B frame numbers, 0 to N - 1.

        Returns:
            Images (B, H, W, 3) uint8 RGB and labels (B, H, W) uint8 class ids.

        Raises:
            IndexError: A number is out of range.
            ValueError: The store is damaged there.
        """

    def read_labels(self, index: int) -> np.ndarray:
        """Returns the labels of one frame, (H, W) uint8; errors as `read`."""

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns all images and labels in memory, as `read` does."""

    def pixel_counts(self) -> np.ndarray:
        """Returns the pixels of each class in each frame, void last.

        Returns:
            (N, K + 1) int64, read-only. The labels are read at the first call only.

        Raises:
            ValueError: A label is neither a class nor void, or the store is damaged.
        """
