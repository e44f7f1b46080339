"""Batches whose frames come from two stores, such as real and rendered ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from segnet.data.batches.sampling import (
    Batches,
    Sample,
    augment_samples,
    checked_rows,
)
from segnet.data.store.labelled_frames import LabelledFrames


class TwoStoreBatches:
    """`batches(epoch, index)` as `Batches`, the last rows from a second split.

    An epoch is one pass over the first split. The second has its own order and goes
    on where the epoch before left it.

    Args:
        batches: Makes the rows of the first split.
        split: The second split, with the same classes. Its frames are augmented as
            those of the first are.
        count: How many rows of the second split each batch has besides, at least 1.

    Raises:
        ValueError: The classes or the ids of void differ, or the second split has
            fewer than `count` frames.
    """

    def __init__(self, batches: Batches, split: LabelledFrames, count: int):
        own, other = (s.store.class_map for s in (batches.split, split))
        if own.names != other.names:
            raise ValueError(
                f"{split.store.path} has the classes {', '.join(other.names)}, but "
                f"{batches.split.store.path} has {', '.join(own.names)}; frames of "
                f"both can share a batch only if the classes are the same"
            )
        if own.void != other.void:
            raise ValueError(
                f"{split.store.path} has void as {other.void}, but "
                f"{batches.split.store.path} as {own.void}; prepare one of them again"
            )
        self._first = batches
        augmentation = replace(batches.augmentation, crop=batches.size)
        # Another seed: the two splits may be of one length.
        self._second = Batches(split, count, augmentation, batches.seed + 1)
        self.batch_size = batches.batch_size + count
        self.split, self.size, self.void = batches.split, batches.size, batches.void
        self.augmentation = batches.augmentation

    def __len__(self) -> int:
        return len(self._first)

    def __call__(
        self, epoch: int, index: int, rows: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns images and labels as `Batches` does; errors as there."""
        return augment_samples(self.samples(epoch, index, rows), self.size, self.void)

    def samples(
        self, epoch: int, index: int, rows: Sequence[int] | None = None
    ) -> list[Sample]:
        """Returns the rows of a batch before augmentation; arguments as for a call."""
        rows = checked_rows(rows, self.batch_size)
        own = self._first.batch_size
        firsts = [row for row in rows if row < own]
        seconds = [row - own for row in rows if row >= own]
        turn = divmod(epoch * len(self._first) + index, len(self._second))
        first = iter(self._first.samples(epoch, index, firsts))
        second = iter(self._second.samples(*turn, seconds))
        return [next(first if row < own else second) for row in rows]
