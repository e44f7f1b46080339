"""The readers of labelling tools' exports, each on a set of 4 frames in its format."""

import pytest

from helpers.exports import SCENE, WRITERS
from segnet.check import check
from segnet.data import READERS
from segnet.data.prepare import prepare
from segnet.data.store import open_store

EXPORTS = sorted(WRITERS)
# Where the order of the names in the export is not that of the scene.
ORDER = {"coco": ("background", "car", "road")}
BACKGROUND = {"voc": "_background_"}


def options(name, root):
    return {"images": root / "photos"} if name == "labelbox" else {}


@pytest.mark.parametrize("name", EXPORTS)
def test_pixels_names_and_splits_are_right(tmp_path, name):
    WRITERS[name](tmp_path)
    source = READERS[name](tmp_path, **options(name, tmp_path))
    first = BACKGROUND.get(name, "background")
    names = ORDER.get(name, (first, "road", "car"))
    assert source.class_map.names == names
    ids = [names.index(n) for n in (first, "road", "car")]
    splits = [frame.publisher_split for frame in source.frames]
    if name in ("train", "labelbox"):
        assert len(splits) == 4
    assert splits == ["train", "train", "val", "val"]
    assert len({frame.id for frame in source.frames}) == 4
    for frame in source.frames:
        labels = source.read_labels(frame)
        assert (labels.dtype, labels.shape) == (SCENE.dtype, SCENE.shape)
        assert [ids[value] for value in SCENE.ravel()] == labels.ravel().tolist()


@pytest.mark.parametrize("name", EXPORTS)
def test_check_and_prepare_agree(tmp_path, name):
    WRITERS[name](tmp_path)
    findings = check(name, tmp_path, **options(name, tmp_path))
    assert [p.text for p in findings.problems if p.severity == "error"] == []
    path = prepare(name, tmp_path, tmp_path / "Store", **options(name, tmp_path))
    with open_store(path) as store:
        assert {split: len(store[split]) for split in store.splits} == {
            "train": 2,
            "val": 2,
        }
        # At full size: a set of one's own is not shrunk unless asked for.
        assert store["train"].size == (6, 8)
        assert store.attributes["source"] == name


@pytest.mark.parametrize("name", [n for n in EXPORTS if n != "class-dict"])
def test_uncovered_pixels_may_be_void(tmp_path, name):
    WRITERS[name](tmp_path)
    given = options(name, tmp_path) | {"background": "void"}
    source = READERS[name](tmp_path, **given)
    assert sorted(source.class_map.names) == ["car", "road"]
    labels = source.read_labels(source.frames[0])
    assert ((labels == 255) == (SCENE == 0)).all()


@pytest.mark.parametrize("name", [n for n in EXPORTS if n not in ("class-dict", "voc")])
def test_chosen_classes_are_numbered_in_their_order(tmp_path, name):
    WRITERS[name](tmp_path)
    given = options(name, tmp_path) | {"classes": "car,other", "background": "other"}
    source = READERS[name](tmp_path, **given)
    assert source.class_map.names == ("car", "other")
    labels = source.read_labels(source.frames[0])
    # The road is not chosen, so it is part of what is left.
    assert ((labels == 0) == (SCENE == 2)).all()
    assert ((labels == 1) == (SCENE != 2)).all()
    with pytest.raises(ValueError, match="has no truck; it has .*car"):
        READERS[name](tmp_path, **given | {"classes": "car,other,truck"})


@pytest.mark.parametrize("name", EXPORTS)
def test_the_wrong_reader_is_told_the_right_one(tmp_path, name):
    WRITERS[name](tmp_path)
    for other in EXPORTS:
        if other == name or (name, other) in {("cvat", "voc"), ("voc", "cvat")}:
            continue
        with pytest.raises(
            (ValueError, OSError), match=f"use `segnet prepare {name}`"
        ) as caught:
            READERS[other](tmp_path)
        assert str(tmp_path) in str(caught.value)
