"""The experiment that adds rendered frames to those of CamVid."""

import sys
from pathlib import Path

import numpy as np
import pytest

from segnet.classes import CAMVID11, VKITTI1
from segnet.data.prepare.packing import pack
from segnet.data.store import open_store
from segnet.data.store.writing import create_store

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))
import mixed_store

NAMES = ("Road", "Van", "TrafficLight", "Terrain", "Misc")
IN_CAMVID = ("Road", "Car", "SignSymbol", None, None)


@pytest.fixture
def rendered(tmp_path):
    """Writes three 6x9 frames, each column of one class, void from the sixth on."""
    row = np.array([*map(VKITTI1.id, NAMES), *[VKITTI1.void] * 4], np.uint8)
    labels = np.broadcast_to(row, (6, 9))
    path = tmp_path / "store.h5"
    with create_store(path, VKITTI1, {"train": ["a", "b", "c"]}, (6, 9), {}) as writer:
        for frame in range(3):
            image = np.full((6, 9, 3), frame, np.uint8)
            writer.write("train", frame, pack(image, 1), pack(labels, 4))
    with open_store(path) as store:
        yield store["train"]


def test_a_whole_frame_in_the_classes_of_camvid(rendered):
    names, images, labels = zip(*mixed_store.windows(rendered, (6, 9), 3), strict=True)
    assert names == ("rendered/a", "rendered/b", "rendered/c")
    assert [image[0, 0, 0] for image in images] == [0, 1, 2]
    void = CAMVID11.void
    known = [void if name is None else CAMVID11.id(name) for name in IN_CAMVID]
    assert labels[0].tolist() == [[*known, *[void] * 4]] * 6


def test_windows_have_their_size_and_another_frame_each(rendered):
    found = list(mixed_store.windows(rendered, (4, 2), 2))
    assert len({name for name, _, _ in found}) == 2
    assert all(i.shape == (4, 2, 3) and m.shape == (4, 2) for _, i, m in found)


@pytest.mark.parametrize(("size", "count"), [((7, 9), 1), ((6, 10), 1), ((6, 9), 4)])
def test_too_few_or_too_small_frames_are_named(rendered, size, count):
    with pytest.raises(ValueError, match=f"{count} windows of .* 3 frames of"):
        list(mixed_store.windows(rendered, size, count))
