"""Several splits read as one."""

import numpy as np
import pytest

from segnet.data.batches import Batches
from segnet.data.store import open_store
from segnet.data.store.joined import Joined


@pytest.fixture
def joined(store_path):
    with open_store(store_path) as store:
        yield store, Joined([store["train"], store["val"]])


def test_frames_follow_each_other(joined):
    store, both = joined
    assert len(both) == len(store["train"]) + len(store["val"])
    assert both.size == store["train"].size and both.name == "train+val"
    images, labels = both.load()
    for name, start in (("train", 0), ("val", len(store["train"]))):
        for number in range(len(store[name])):
            image, label = (array[0] for array in store[name].read([number]))
            np.testing.assert_array_equal(images[start + number], image)
            np.testing.assert_array_equal(labels[start + number], label)
            np.testing.assert_array_equal(both.read_labels(start + number), label)


def test_any_order_and_repeats(joined):
    _, both = joined
    images, labels = both.load()
    order = [len(both) - 1, 0, len(both) - 1, 1]
    for ours, all_of_them in zip(both.read(order), (images, labels), strict=True):
        np.testing.assert_array_equal(ours, all_of_them[order])
    assert both.read([])[0].shape == (0, *both.size, 3)


def test_numbers_out_of_range_are_refused(joined):
    _, both = joined
    for number in (-1, len(both)):
        with pytest.raises(IndexError, match="joined frames 0 to"):
            both.read([0, number])
        with pytest.raises(IndexError, match="joined frames 0 to"):
            both.read_labels(number)


def test_batches_take_all_frames(joined):
    _, both = joined
    batches = Batches(both, 1)
    seen = {batches(0, index)[0].tobytes() for index in range(len(batches))}
    assert seen == {image[None].tobytes() for image in both.load()[0]}
