"""Training batches from one split of a store, in a seeded order.

Batch i of epoch e depends on (seed, e, i) only: any worker can make any batch at any
time, and a resumed training sees exactly what an uninterrupted one would have seen.
"""

from dataclasses import dataclass

import numpy as np

from segnet.data.batches.augment import NOTHING, Augmentation, draw
from segnet.data.batches.cutmix import draw_patches, paste
from segnet.data.batches.rare import class_chances, count_classes, frame_chances
from segnet.data.batches.warp import Change, warp
from segnet.data.store import Split

MEMORY_LIMIT = 2**30


@dataclass(frozen=True)
class Draft:
    """A batch before anything is done to it.

    Args:
        frames: B pairs of image (H, W, 3) and labels (H, W), both uint8.
        changes: What happens to each of them.
        patches: (B, 4) int32, what is cut and mixed then, see
            `segnet.data.batches.cutmix`.
    """

    frames: list[tuple[np.ndarray, np.ndarray]]
    changes: list[Change]
    patches: np.ndarray


def finished(
    draft: Draft, size: tuple[int, int], void: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images (B, h, w, 3) and labels (B, h, w) of a draft, both uint8."""
    images = np.empty((len(draft.frames), *size, 3), np.uint8)
    labels = np.empty((len(draft.frames), *size), np.uint8)
    for row, change in enumerate(draft.changes):
        images[row], labels[row] = warp(*draft.frames[row], change, void)
    paste(images, labels, draft.patches)
    return images, labels


class Batches:
    """`batches(epoch, index)` -> images and labels; `len()` batches an epoch.

    An epoch takes the frames in a new random order, each once; what is left over
    after the last full batch waits for another epoch. With `balance`, frames with
    rare classes come several times and others not in every epoch. A small split is
    kept in memory, a larger one is read from the store frame by frame.

    Args:
        split: One split of an open store.
        batch_size: B, at most the number of frames.
        augmentation: What may happen to each frame.
        seed: At least 0.
        memory_limit: Bytes up to which a split is kept in memory.
        balance: 0 to 1, how much frames with rare classes are preferred (see
            `segnet.data.batches.rare.frame_chances`).

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
        balance: float = 0.0,
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
        self.size = augmentation.crop or split.size
        fits = len(split) * int(np.prod(split.size)) * 4 <= memory_limit
        self._frames = split.load() if fits else None
        self._chances = np.zeros((len(split), 0))
        self._expected = None
        if augmentation.rare or balance:
            counts = count_classes(split)
            self._chances = class_chances(counts)
            if balance:
                self._expected = np.cumsum(frame_chances(counts, balance))

    def __len__(self) -> int:
        return len(self.split) // self.batch_size

    def __call__(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns images (B, h, w, 3) uint8 and labels (B, h, w) uint8.

        Args:
            epoch: From 0.
            index: From 0 to `len() - 1`.

        Raises:
            IndexError: There is no such batch.
        """
        return finished(self.draft(epoch, index), self.size, self.void)

    def draft(self, epoch: int, index: int) -> Draft:
        """Returns the frames of a batch and what is to happen to them; as a call."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        chosen = self._order(epoch)[index * self.batch_size :][: self.batch_size]
        # Zero would repeat the generator of the order: seeds are padded with zeros.
        rng = np.random.default_rng((self.seed, epoch, index + 1))
        frames = [self._read(frame) for frame in chosen]
        changes = [
            draw(labels, rng, self.augmentation, self._chances[frame])
            for frame, (_, labels) in zip(chosen, frames, strict=True)
        ]
        share = self.augmentation.cutmix
        patches = draw_patches(self.batch_size, self.size, share, rng)
        return Draft(frames, changes, patches)

    def _order(self, epoch: int) -> np.ndarray:
        """The frames of an epoch in its order, as many as the split has."""
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.split))
        if self._expected is None:
            return order
        # Even steps through the sum of the chances: a frame comes as often as
        # expected, up to the rounding.
        steps = (np.arange(len(order)) + rng.random()) / len(order)
        drawn = np.searchsorted(self._expected, steps * self._expected[-1])
        return drawn[order]

    def _read(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        if self._frames is not None:
            images, labels = self._frames
            return images[frame], labels[frame]
        images, labels = self.split.read([frame])
        return images[0], labels[0]
