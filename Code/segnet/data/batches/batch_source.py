"""The protocol of the batches that training reads."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class BatchSource(Protocol):
    """Batches by epoch and index, in any order; `len()` is their number in an epoch.

    `segnet.data.batches.Batches`, `segnet.data.batches.two_stores.TwoStoreBatches` and
    `segnet.train.augmented_model.DeviceBatches` offer this. Several threads may call
    it at once.
    """

    @property
    def batch_size(self) -> int:
        """B, the rows of a whole batch."""

    def __len__(self) -> int: ...

    def __call__(
        self, epoch: int, index: int, rows: Sequence[int] | None = None
    ) -> tuple[np.ndarray | dict[str, np.ndarray], np.ndarray]:
        """Returns inputs and targets, a pure function of seed and arguments.

        Args:
            epoch: From 0.
            index: From 0 to `len() - 1`.
            rows: R rows of the batch, 0 to B - 1, such as
                `segnet.data.batches.sampling.local_rows` gives; None for all B.

        Returns:
            Images (R, h, w, 3) uint8, or a dictionary of arrays whose first axis is R;
            and labels uint8: (R, h, w), or (R, H, W) where the model transforms them.

        Raises:
            IndexError: There is no such batch or no such row.
            ValueError: A store is damaged.
        """
