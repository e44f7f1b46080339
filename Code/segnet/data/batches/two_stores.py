"""Batches whose frames come from two stores, such as real and rendered ones."""

from dataclasses import replace

import numpy as np

from segnet.data.batches.sampling import Batches, Draft, finished
from segnet.data.store import Split


class Mixed:
    """`batches(epoch, index)` as `Batches`, the last frames from a second split.

    An epoch is one pass over the first split. The second is gone through at its own
    pace, from where the epoch before left it.

    Args:
        batches: Makes the frames of the first split.
        split: Where the others come from; the same classes. They are changed as
            those of the first split are.
        count: How many of them each batch has besides, at least 1.

    Raises:
        ValueError: The classes or the ids of void differ, or the second split has
            fewer than `count` frames.
    """

    def __init__(self, batches: Batches, split: Split, count: int):
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
        changes = replace(batches.augmentation, crop=batches.size)
        # Another seed: the two splits may be of one length.
        self._second = Batches(split, count, changes, batches.seed + 1)
        self.batch_size = batches.batch_size + count
        self.split, self.size, self.void = batches.split, batches.size, batches.void
        self.augmentation = batches.augmentation

    def __len__(self) -> int:
        return len(self._first)

    def __call__(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns images and labels as `Batches` does; errors as there."""
        return finished(self.draft(epoch, index), self.size, self.void)

    def draft(self, epoch: int, index: int) -> Draft:
        """Returns the frames of a batch and what is to happen to them; as a call."""
        first = self._first.draft(epoch, index)
        turn = divmod(epoch * len(self._first) + index, len(self._second))
        second = self._second.draft(*turn)
        return Draft(
            first.frames + second.frames,
            first.changes + second.changes,
            np.concatenate([first.patches, second.patches]),
        )
