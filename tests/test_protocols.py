"""The protocols of training data and batches: every class implements them."""

import inspect

import numpy as np
import pytest

from segnet.bench.feed import _Noise
from segnet.data.batches import Batches, BatchSource
from segnet.data.batches.augment import Augmentation
from segnet.data.batches.two_stores import TwoStoreBatches
from segnet.data.store import LabelledFrames, open_store
from segnet.data.store.joined import Joined
from segnet.train.augmented_model import DeviceBatches

SPECIAL = {"__len__", "__call__"}


@pytest.fixture(scope="module")
def store(store_path):
    with open_store(store_path) as opened:
        yield opened


def differing(offered, protocol) -> list[str]:
    """Returns methods of a protocol that a class lacks or has with other parameters."""
    return [
        name
        for name, method in vars(protocol).items()
        if inspect.isfunction(method) and (name[0] != "_" or name in SPECIAL)
        if parameters(getattr(offered, name, None)) != parameters(method)
    ]


def parameters(method) -> list[tuple] | None:
    if not callable(method):
        return None
    found = inspect.signature(method).parameters.values()
    return [(each.name, each.kind, each.default) for each in found]


FRAMES = {
    "split": lambda store: store["train"],
    "joined": lambda store: Joined([store["train"], store["val"]]),
    "noise": lambda store: _Noise(5, (64, 96)),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames(kind, store):
    frames = FRAMES[kind](store)
    assert isinstance(frames, LabelledFrames)
    assert differing(type(frames), LabelledFrames) == []
    count, (height, width) = len(frames), frames.size
    num_classes = frames.store.class_map.num_classes
    images, labels = frames.load()
    assert images.shape == (count, height, width, 3)
    assert labels.shape == (count, height, width)
    assert images.dtype == labels.dtype == np.uint8
    for ours, all_of_them in zip(frames.read([2, 0]), (images, labels), strict=True):
        np.testing.assert_array_equal(ours, all_of_them[[2, 0]])
    np.testing.assert_array_equal(frames.read_labels(1), labels[1])
    pixels = frames.pixel_counts()
    assert pixels.shape == (count, num_classes + 1) and pixels.dtype == np.int64
    assert (pixels.sum(1) == height * width).all()
    assert (
        frames.store.path.name and frames.name and frames.store.attributes is not None
    )


def two_stores(store):
    return TwoStoreBatches(Batches(store["train"], 3, Augmentation()), store["val"], 1)


SOURCES = {
    "one split": lambda store: Batches(store["train"], 4, Augmentation()),
    "two stores": two_stores,
    "device": lambda store: DeviceBatches(two_stores(store)),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_sources(kind, store):
    source = SOURCES[kind](store)
    assert isinstance(source, BatchSource)
    assert differing(type(source), BatchSource) == []
    assert source.batch_size == 4 and len(source) in (2, 3)
    for rows, count in ((None, 4), ([1, 3], 2)):
        inputs, labels = source(0, 1, rows)
        arrays = inputs.values() if isinstance(inputs, dict) else [inputs]
        assert {len(array) for array in (*arrays, labels)} == {count}
        assert labels.dtype == np.uint8 and labels.ndim == 3


def test_other_classes_and_other_parameters_are_found():
    class NoRows:
        batch_size = 1

        def __len__(self):
            return 1

        def __call__(self, epoch, index):
            return epoch, index

    assert not isinstance(NoRows(), LabelledFrames)
    assert differing(NoRows, BatchSource) == ["__call__"]
    assert differing(NoRows, LabelledFrames) == [
        "read",
        "read_labels",
        "load",
        "pixel_counts",
    ]
