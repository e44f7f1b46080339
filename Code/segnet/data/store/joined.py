"""Several splits of one store, read as one."""

from collections.abc import Sequence

import numpy as np

from segnet.data.store.reading import Split


class Joined:
    """The frames of `splits`, one split after the other; `len()` is their number.

    It offers what training reads of a split
    (`segnet.data.store.labelled_frames.LabelledFrames`).

    Args:
        splits: At least one, of the same store.
    """

    def __init__(self, splits: Sequence[Split]):
        self._splits = list(splits)
        self._starts = np.cumsum([0, *map(len, self._splits)])
        self.store = self._splits[0].store
        self.name = "+".join(split.name for split in self._splits)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of every frame."""
        return self._splits[0].size

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the frames at `indices` as `Split.read` does."""
        wanted = np.asarray(indices, np.int64).reshape(-1)
        self._check(wanted)
        images = np.empty((len(wanted), *self.size, 3), np.uint8)
        labels = np.empty((len(wanted), *self.size), np.uint8)
        for split, start in zip(self._splits, self._starts, strict=False):
            here = (start <= wanted) & (wanted < start + len(split))
            images[here], labels[here] = split.read(wanted[here] - start)
        return images, labels

    def read_labels(self, index: int) -> np.ndarray:
        """Returns the labels of one frame, (H, W) uint8; errors as `read`."""
        self._check(np.array([index]))
        which = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self._splits[which].read_labels(index - int(self._starts[which]))

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns all images and labels in memory, as `read` does."""
        images, labels = zip(*(split.load() for split in self._splits), strict=True)
        return np.concatenate(images), np.concatenate(labels)

    def pixel_counts(self) -> np.ndarray:
        """Returns the pixels of each class in each frame, as `Split.pixel_counts`."""
        return np.concatenate([split.pixel_counts() for split in self._splits])

    def _check(self, indices: np.ndarray) -> None:
        if indices.size and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(
                f"{self.store.path}: frames {indices.min()} to {indices.max()} asked "
                f"for, {self.name!r} has joined frames 0 to {len(self) - 1}"
            )
