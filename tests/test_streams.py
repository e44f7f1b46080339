"""Batches reach the network in order, independent of the thread that makes them."""

from functools import partial

import numpy as np
import pytest

from segnet.data.batches import Batches
from segnet.data.batches.augment import Augmentation
from segnet.data.store import open_store
from segnet.train.batch_stream import Prefetcher


def numbered(batches, step):
    return batches(*divmod(step, len(batches)))


def test_any_number_of_threads_gives_the_same_bytes(store_path):
    config = Augmentation(rare=0.5, rotate=8, cutmix=0.5)
    found = []
    with open_store(store_path) as store:
        for threads in (1, 2, 4):
            # Each reads the store for itself, ahead of use.
            batches = Batches(store["train"], 2, config, seed=7, memory_limit=0)
            with Prefetcher(partial(numbered, batches), 8, threads) as stream:
                found.append([stream[step] for step in range(8)])
    for step, (images, labels) in enumerate(found[0]):
        for others in found[1:]:
            np.testing.assert_array_equal(others[step][0], images)
            np.testing.assert_array_equal(others[step][1], labels)


def test_what_a_thread_raises_reaches_the_reader():
    def fails(step):
        if step == 2:
            raise ValueError("damaged")
        return step

    with Prefetcher(fails, 5, threads=2) as stream:
        assert [stream[0], stream[1]] == [0, 1]
        with pytest.raises(ValueError, match="damaged"):
            stream[2]
        assert str(stream.failure) == "damaged"


def test_reading_past_the_end_repeats_the_last():
    with Prefetcher(lambda step: step, 3, threads=2) as stream:
        assert [stream[step] for step in range(5)] == [0, 1, 2, 2, 2]
