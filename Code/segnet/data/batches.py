"""Training batches from one split of a store, in a seeded order.

Batch i of epoch e depends on (seed, e, i) only: any worker can make any batch at any
time, and a resumed training sees exactly what an uninterrupted one would have seen.
"""

import numpy as np

from segnet.data.augment import NOTHING, Augmentation, augment
from segnet.data.store import Split

MEMORY_LIMIT = 2**30


class Batches:
    """`batches(epoch, index)` -> images and labels; `len()` batches an epoch.

    An epoch takes the frames in a new random order, each once; what is left over
    after the last full batch waits for another epoch. A small split is kept in
    memory, a larger one is read from the store frame by frame.

    Args:
        split: One split of an open store.
        batch_size: B, at most the number of frames.
        augmentation: What may happen to each frame.
        seed: At least 0.
        memory_limit: Bytes up to which a split is kept in memory.

    Raises:
        ValueError: The split has fewer frames than a batch.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        augmentation: Augmentation = NOTHING,
        seed: int = 0,
        memory_limit: int = MEMORY_LIMIT,
    ):
        if not 1 <= batch_size <= len(split):
            raise ValueError(
                f"batch_size is {batch_size}, but {split.store.path} has {len(split)} "
                f"frames in {split.name!r}; take 1 to {len(split)}"
            )
        self.split = split
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.seed = seed
        self.void = split.store.class_map.void
        height, width = split.size
        fits = len(split) * height * width * 4 <= memory_limit
        self._frames = split.load() if fits else None

    def __len__(self) -> int:
        return len(self.split) // self.batch_size

    def __call__(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns images (B, H, W, 3) uint8 and labels (B, H, W) uint8.

        Args:
            epoch: From 0.
            index: From 0 to `len() - 1`.

        Raises:
            IndexError: There is no such batch.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.split))
        chosen = order[index * self.batch_size :][: self.batch_size]
        # Zero would repeat the generator of the order: seeds are padded with zeros.
        rng = np.random.default_rng((self.seed, epoch, index + 1))
        size = self.augmentation.crop or self.split.size
        images = np.empty((self.batch_size, *size, 3), np.uint8)
        labels = np.empty((self.batch_size, *size), np.uint8)
        for row, frame in enumerate(chosen):
            images[row], labels[row] = augment(
                *self._read(frame), rng, self.augmentation, self.void
            )
        return images, labels

    def _read(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        if self._frames is not None:
            images, labels = self._frames
            return images[frame], labels[frame]
        images, labels = self.split.read([frame])
        return images[0], labels[0]
