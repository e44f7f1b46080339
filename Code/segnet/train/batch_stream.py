"""Streams of batches to Keras: prefetched for training, in order for scoring."""

import math
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import keras
import numpy as np

from segnet.data.store import LabelledFrames

# Batches made ahead of the one in use.
PREFETCHED = 4


class Prefetcher(keras.utils.PyDataset):
    """The batches of all epochs in one row, made by threads ahead of their use.

    Keras' own workers restart with every epoch and cannot tell which epoch a batch
    is for; a batch here is a pure function of the number of the step. Threads are
    enough: Pillow and HDF5 work without the interpreter's lock.

    Args:
        make: Number of a step, from 0 -> inputs and targets.
        steps: Number of batches.
        threads: By default one for two cores, up to eight.
    """

    def __init__(
        self, make: Callable[[int], tuple], steps: int, threads: int | None = None
    ):
        super().__init__()
        self._make, self._last = make, steps - 1
        threads = threads or min(8, max(1, (os.cpu_count() or 1) // 2))
        self._pool = ThreadPoolExecutor(threads)
        self._futures: dict[int, Future[tuple]] = {}
        self.failure: Exception | None = None

    @property
    def num_batches(self) -> None:
        return None

    def __getitem__(self, step: int) -> tuple:
        # Keras reads past the end and throws that away.
        step = min(step, self._last)
        for number in range(step, min(step + PREFETCHED, self._last) + 1):
            if number not in self._futures:
                self._futures[number] = self._pool.submit(self._make, number)
        try:
            batch = self._futures[step].result()
        except Exception as error:
            self.failure = error
            raise
        if step < self._last:
            del self._futures[step]
        return batch

    def __enter__(self) -> "Prefetcher":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


class SequentialBatches(keras.utils.PyDataset):
    """A split in its own order, the last batch smaller.

    A batch is images (B, H, W, 3) uint8 and labels (B, H, W) uint8.
    """

    def __init__(self, split: LabelledFrames, batch_size: int):
        super().__init__()
        self._split, self._batch_size = split, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self._split) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        start = index * self._batch_size
        stop = min(start + self._batch_size, len(self._split))
        return self._split.read(range(start, stop))
