"""The reader of the original CamVid, in the folder layouts of its copies."""

import numpy as np
import pytest
from PIL import Image

from segnet.classes import CAMVID32
from segnet.data import READERS
from segnet.data.camvid32 import read_labels, reader
from segnet.data.split import split_frames

NAMES = ("0001TP_006690", "0006R0_f00930", "Seq05VD_f00000")


def colours() -> np.ndarray:
    """(2, 32, 3): each class in its colour, then void."""
    row = np.array([*CAMVID32.colours, (0, 0, 0)], np.uint8)
    return np.repeat(row[None], 2, axis=0)


def write(root, folders):
    for name, (images, labels) in zip(NAMES, folders, strict=True):
        for folder in (images, labels):
            (root / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 32, 3), 70, "u1")).save(
            root / images / f"{name}.png"
        )
        Image.fromarray(colours()).save(root / labels / f"{name}_L.png")
    return root


PUBLISHED = [("701_StillsRaw_full", "LabeledApproved_full")] * 3
SORTED = [("train", "train_labels"), ("train", "train_labels"), ("val", "val_labels")]


@pytest.mark.parametrize("folders", [PUBLISHED, SORTED, [(".", ".")] * 3])
def test_pairs_are_found_by_their_names(tmp_path, folders):
    source = READERS["camvid32"](write(tmp_path, folders))
    assert source.class_map is CAMVID32
    assert [frame.id for frame in source.frames] == list(NAMES)
    assert [frame.drive for frame in source.frames] == ["0001TP", "0006R0", "Seq05VD"]
    for frame in source.frames:
        assert read_labels(frame)[1].tolist() == [*range(31), 255]


DEEPER = [(f"{folder}/images", f"{folder}/labels") for folder in ("Training",) * 2]
DEEPER += [("VALID/images", "VALID/labels")]


@pytest.mark.parametrize("folders", [SORTED, DEEPER])
def test_folders_called_train_and_val_are_the_split(tmp_path, folders):
    names, text = split_frames(reader(write(tmp_path, folders)).frames)
    assert names == ["train", "train", "val"]
    assert text.startswith("publisher")


def test_published_folders_have_no_split(tmp_path):
    frames = reader(write(tmp_path, PUBLISHED)).frames
    assert {frame.publisher_split for frame in frames} == {""}


@pytest.mark.parametrize(
    ("path", "folder"),
    [("701_StillsRaw_full/{}.png", 0), ("LabeledApproved_full/{}_L.png", 1)],
)
def test_a_missing_partner_is_named(tmp_path, path, folder):
    write(tmp_path, PUBLISHED)
    path = tmp_path / path.format(NAMES[1])
    path.unlink()
    with pytest.raises(FileNotFoundError, match="missing, its partner") as caught:
        READERS["camvid32"](tmp_path)
    assert str(caught.value).startswith(str(path))


def test_labels_without_any_image_and_no_frames(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected <name>.png and <name>_L.png"):
        reader(tmp_path)
    Image.fromarray(colours()).save(tmp_path / "a_L.png")
    with pytest.raises(FileNotFoundError, match=r"a\.png: missing, its partner"):
        READERS["camvid32"](tmp_path)


def test_two_copies_of_a_frame(tmp_path):
    write(tmp_path, PUBLISHED)
    write(tmp_path, [("701_StillsRaw_full", "CamVidColor11")] * 3)
    with pytest.raises(ValueError, match="has that name too; give a folder with one"):
        reader(tmp_path)


def test_a_colour_of_no_class_is_named(tmp_path):
    frame = reader(write(tmp_path, PUBLISHED)).frames[2]
    wrong = colours()
    wrong[0, 3:6] = (1, 64, 128)
    Image.fromarray(wrong).save(frame.label)
    message = r"f00000_L\.png \(camvid32\): colour \(1, 64, 128\) on 3 pixels"
    with pytest.raises(ValueError, match=message):
        read_labels(frame)


def test_grey_ids_are_refused(tmp_path):
    frame = reader(write(tmp_path, PUBLISHED)).frames[0]
    Image.fromarray(np.zeros((2, 32), np.uint8)).save(frame.label)
    with pytest.raises(ValueError, match="its pixels are 'L', expected RGB or P"):
        read_labels(frame)
