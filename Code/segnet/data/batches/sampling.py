"""Training batches from one split of a store, in a seeded order.

Batch i of epoch e depends on (seed, e, i) only, and everything random about its row r
on (seed, e, i, r). So any worker can make any batch at any time, a process can make
its own rows without the others, and a resumed run sees the same frames as an
uninterrupted one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segnet.data.batches.augment import (
    NO_AUGMENTATION,
    Augmentation,
    draw_transform,
)
from segnet.data.batches.cutmix import Patch, draw_patch, paste
from segnet.data.batches.own import Augment
from segnet.data.batches.rare import (
    class_probabilities,
    frame_probabilities,
)
from segnet.data.batches.warp import Transform, warp
from segnet.data.store.labelled_frames import LabelledFrames

MEMORY_LIMIT = 2**30


@dataclass(frozen=True)
class Sample:
    """One row of a batch before augmentation.

    Args:
        image: (H, W, 3) uint8 RGB, as stored.
        labels: (H, W) uint8 class ids, as stored.
        transform: What is done to both.
        patch: The rectangle that cut-mix then replaces by that of the next row.
    """

    image: np.ndarray
    labels: np.ndarray
    transform: Transform
    patch: Patch


def augment_samples(
    samples: Sequence[Sample], size: tuple[int, int], void: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the augmented images (R, h, w, 3) and labels (R, h, w), both uint8.

    Args:
        samples: R of them.
        size: (h, w), that of all their transforms.
        void: The id of pixels outside the frame.
    """
    images = np.empty((len(samples), *size, 3), np.uint8)  # (R, h, w, 3)
    labels = np.empty((len(samples), *size), np.uint8)  # (R, h, w)
    for row, sample in enumerate(samples):
        images[row], labels[row] = warp(
            sample.image, sample.labels, sample.transform, void
        )
    paste(images, labels, [sample.patch for sample in samples])
    return images, labels


def local_rows(batch_size: int, process: int, processes: int) -> range:
    """Returns the rows of each batch that one of several processes makes.

    Every `processes`-th row, so that frames of a second store, which come last in a
    batch, are spread over all processes.

    Args:
        batch_size: Rows of the whole batch.
        process: 0 to `processes` - 1.
        processes: How many share the batch.

    Raises:
        ValueError: The processes would not all have the same number of rows, or
            there is no such process.
    """
    if not 0 <= process < processes:
        raise ValueError(f"process is {process}, expected 0 to {processes - 1}")
    if batch_size % processes:
        raise ValueError(
            f"batch_size is {batch_size}, which {processes} processes cannot share "
            f"evenly; take a multiple of {processes}"
        )
    return range(process, batch_size, processes)


class Batches:
    """`batches(epoch, index)` -> images and labels; `len()` batches an epoch.

    An epoch takes the frames in a new random order, each once; frames left over
    after the last full batch wait for another epoch. With `balance`, frames with
    rare classes come several times and others not in every epoch. A small split is
    kept in memory, a larger one is read from the store frame by frame.

    Args:
        split: One split of an open store, or several joined.
        batch_size: B, at most the number of frames.
        augmentation: What may happen to each frame.
        seed: At least 0.
        memory_limit: Bytes up to which a split is kept in memory.
        balance: 0 to 1, how much frames with rare classes are preferred (see
            `segnet.data.batches.rare.frame_probabilities`).
        own: Changes image and labels of each frame before the augmentation.

    Raises:
        ValueError: The split has fewer frames than a batch.
    """

    def __init__(
        self,
        split: LabelledFrames,
        batch_size: int,
        augmentation: Augmentation = NO_AUGMENTATION,
        seed: int = 0,
        memory_limit: int = MEMORY_LIMIT,
        balance: float = 0.0,
        own: Augment | None = None,
    ):
        if not 1 <= batch_size <= len(split):
            raise ValueError(
                f"batch_size is {batch_size}, but {split.store.path} has {len(split)} "
                f"frames in {split.name!r}; take 1 to {len(split)}"
            )
        self.split = split
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.own = own
        self.seed = seed
        self.void = split.store.class_map.void
        self.size = augmentation.crop or split.size
        fits = len(split) * int(np.prod(split.size)) * 4 <= memory_limit
        self._frames = split.load() if fits else None
        self._probabilities = np.zeros((len(split), 0))  # (N, K)
        self._cumulative: np.ndarray | None = None  # (N,)
        self._latest_order: tuple[int, np.ndarray] | None = None
        if augmentation.rare or balance:
            counts = split.pixel_counts()[:, :-1]  # (N, K)
            self._probabilities = class_probabilities(counts)
            if balance:
                self._cumulative = np.cumsum(frame_probabilities(counts, balance))

    def __len__(self) -> int:
        return len(self.split) // self.batch_size

    def __call__(
        self, epoch: int, index: int, rows: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns images (R, h, w, 3) uint8 and labels (R, h, w) uint8.

        Args:
            epoch: From 0.
            index: From 0 to `len() - 1`.
            rows: R rows of the batch, 0 to B - 1, such as `local_rows` gives; None
                for all B. A row is the same whichever others are made with it,
                except for cut-mix: it takes from the next of `rows`, the last from
                the first.

        Raises:
            IndexError: There is no such batch or no such row.
        """
        return augment_samples(self.samples(epoch, index, rows), self.size, self.void)

    def samples(
        self, epoch: int, index: int, rows: Sequence[int] | None = None
    ) -> list[Sample]:
        """Returns the rows of a batch before augmentation; arguments as for a call."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        order = self._order(epoch)[index * self.batch_size :][: self.batch_size]
        return [
            self._sample(order[row], (epoch, index, row))
            for row in checked_rows(rows, self.batch_size)
        ]

    def _sample(self, frame: int, place: tuple[int, int, int]) -> Sample:
        epoch, index, row = place
        image, labels = self._read(frame)
        # Index 0 and row 0 would repeat the generator of the order: NumPy pads short
        # seeds with zeros.
        if self.own is not None:
            own = np.random.default_rng((self.seed, epoch, index + 1, row, 1))
            image, labels = self.own(image, labels, own)
        rng = np.random.default_rng((self.seed, epoch, index + 1, row))
        config = self.augmentation
        transform = draw_transform(labels, rng, config, self._probabilities[frame])
        patch = draw_patch(self.size, config.cutmix, rng)
        return Sample(image, labels, transform, patch)

    def _order(self, epoch: int) -> np.ndarray:
        """Returns the frames of an epoch in its order, (N,) int64."""
        latest = self._latest_order
        if latest is None or latest[0] != epoch:
            # One assignment, since several threads make batches.
            latest = self._latest_order = epoch, self._draw_order(epoch)
        return latest[1]

    def _draw_order(self, epoch: int) -> np.ndarray:
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.split))
        if self._cumulative is None:
            return order
        # Even steps through the cumulative probabilities: a frame comes as often as
        # expected, up to the rounding.
        steps = (np.arange(len(order)) + rng.random()) / len(order)
        drawn = np.searchsorted(self._cumulative, steps * self._cumulative[-1])
        return drawn[order]

    def _read(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        if self._frames is not None:
            images, labels = self._frames
            return images[frame], labels[frame]
        images, labels = self.split.read([frame])
        return images[0], labels[0]


def checked_rows(rows: Sequence[int] | None, batch_size: int) -> Sequence[int]:
    """Returns the rows of a batch, all of them for None.

    Raises:
        IndexError: A row is not in the batch.
    """
    if rows is None:
        return range(batch_size)
    for row in rows:
        if not 0 <= row < batch_size:
            raise IndexError(
                f"row {row} of a batch that has rows 0 to {batch_size - 1}"
            )
    return rows
