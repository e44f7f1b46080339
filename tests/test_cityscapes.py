"""The readers of Cityscapes and of KITTI semantics, which share their label ids."""

import numpy as np
import pytest
from PIL import Image

from segnet.classes import CITYSCAPES19
from segnet.data import READERS
from segnet.data.cityscapes import LABEL_IDS, read_labels
from segnet.data.images import fit_image, fit_labels
from segnet.data.prepare import prepare
from segnet.data.split import split_frames
from segnet.data.store import open_store

# Label id -> train id as cityscapesScripts has it; all others are not scored.
TRAIN_ID = dict(zip([7, 8, *range(11, 14), 17, *range(19, 29)], range(16), strict=True))
TRAIN_ID |= {31: 16, 32: 17, 33: 18}


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def all_label_ids(height=4) -> np.ndarray:
    return np.repeat(np.arange(34, dtype=np.uint8)[None], height, axis=0)


@pytest.fixture
def cityscapes(tmp_path):
    frames = {
        "train": ("aachen_000001_000019", "aachen_000000_000019", "bonn_000000_000019"),
        "val": ("munster_000000_000019",),
        "test": ("berlin_000000_000019",),
    }
    for split, names in frames.items():
        for name in names:
            city = name.partition("_")[0]
            image = tmp_path / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png"
            save(image, np.full((4, 34, 3), 90, np.uint8))
            labels = tmp_path / "gtFine" / split / city / f"{name}_gtFine_labelIds.png"
            save(labels, all_label_ids())
            save(
                labels.with_name(f"{name}_gtFine_color.png"), np.zeros((4, 34, 3), "u1")
            )
    return tmp_path


def test_cityscapes_has_the_publishers_splits_without_test(cityscapes):
    source = READERS["cityscapes"](cityscapes)
    assert source.class_map is CITYSCAPES19
    assert [frame.id for frame in source.frames] == [
        "train/aachen/aachen_000000_000019",
        "train/aachen/aachen_000001_000019",
        "train/bonn/bonn_000000_000019",
        "val/munster/munster_000000_000019",
    ]
    assert [frame.drive for frame in source.frames][1:3] == ["aachen", "bonn"]
    names, text = split_frames(source.frames)
    assert names == ["train"] * 3 + ["val"]
    assert text.startswith("publisher")


def test_label_ids_become_train_ids(cityscapes):
    ids = read_labels(READERS["cityscapes"](cityscapes).frames[0])
    assert ids.dtype == np.uint8
    assert ids[2].tolist() == [TRAIN_ID.get(label_id, 255) for label_id in range(34)]
    assert dict(zip(LABEL_IDS, range(19), strict=True)) == TRAIN_ID


def test_cities_are_worlds(cityscapes):
    source = READERS["cityscapes"](cityscapes, worlds=["bonn"])
    assert [frame.drive for frame in source.frames] == ["bonn"]
    with pytest.raises(ValueError, match="no city oslo; it has aachen, bonn, munster"):
        READERS["cityscapes"](cityscapes, worlds=["oslo"])
    with pytest.raises(ValueError, match="no variations to choose: .* only worlds"):
        READERS["cityscapes"](cityscapes, variations=["fog"])


@pytest.mark.parametrize("stray", [34, 255])
def test_an_id_that_is_no_label_id_is_named(cityscapes, stray):
    frame = READERS["cityscapes"](cityscapes).frames[3]
    ids = all_label_ids()
    ids[1, :5] = stray
    save(frame.label, ids)
    message = rf"labelIds\.png: id {stray} on 5 pixels, expected label ids, 0 to 33"
    with pytest.raises(ValueError, match=message):
        read_labels(frame)
    save(frame.label, np.zeros((4, 34), np.uint16))
    with pytest.raises(ValueError, match="cannot read this image"):
        read_labels(frame)


@pytest.mark.parametrize(
    ("folder", "end"),
    [("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_labelIds")],
)
def test_a_missing_file_of_cityscapes_is_named(cityscapes, folder, end):
    path = cityscapes / folder / "train" / "bonn" / f"bonn_000000_000019_{end}.png"
    path.unlink()
    with pytest.raises(FileNotFoundError, match="missing, its partner") as caught:
        READERS["cityscapes"](cityscapes)
    assert str(caught.value).startswith(str(path))


def test_no_cityscapes_at_all(tmp_path):
    with pytest.raises(FileNotFoundError, match="both zip files of Cityscapes"):
        READERS["cityscapes"](tmp_path)
    (tmp_path / "gtFine" / "val" / "munster").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="no frame in the folders"):
        READERS["cityscapes"](tmp_path)


SIZES = [(6, 40), (6, 40), (5, 38), (7, 41), (6, 41)]


@pytest.fixture
def kitti(tmp_path):
    for number, (height, width) in enumerate(SIZES):
        name = f"{number:06d}_10.png"
        image = np.full((height, width, 3), 60, np.uint8)
        image[:, -1] = image[-1] = 200
        save(tmp_path / "training" / "image_2" / name, image)
        ids = np.full((height, width), 7, np.uint8)
        ids[-1], ids[0, 0] = 23, 14
        save(tmp_path / "training" / "semantic" / name, ids)
    save(tmp_path / "testing" / "image_2" / "000000_10.png", image)
    return tmp_path


def test_kitti_has_the_ids_of_cityscapes_and_a_common_size(kitti):
    source = READERS["kitti"](kitti)
    assert [frame.id for frame in source.frames][0] == "training/000000_10"
    assert len(source.frames) == 5
    assert source.class_map is CITYSCAPES19
    assert source.size == (6, 40)
    ids = source.read_labels(source.frames[2])
    assert ids.shape == (5, 38)
    assert [int(ids[0, 0]), int(ids[1, 1]), int(ids[4, 0])] == [255, 0, 10]


def test_kitti_frames_are_cropped_and_padded_never_resampled(kitti, tmp_path):
    path = prepare("kitti", kitti, tmp_path / "out", scale=1, split="val-only")
    with open_store(path) as store:
        assert store.splits == ("val",)
        assert store.attributes["source_size"] == [6, 40]
        assert store.attributes["split_rule"] == (
            "val-only: all frames judge, none trains; val 5"
        )
        images, labels = store["val"].load()
    smaller = labels[2]
    assert (smaller[5] == 255).all()
    assert (smaller[:, 38:] == 255).all()
    assert (smaller[4, :38] == 10).all()
    assert (images[2][5] == 0).all()
    assert (images[2][:5, 37] == 200).all()
    larger = labels[3]
    assert larger.shape == (6, 40)
    assert set(np.unique(larger)) == {0, 255}
    assert (larger == 255).sum() == 1
    assert (images[3] == 60).all()
    assert (images[0][:, 39] == 200).all()


def test_a_mask_of_another_size_than_its_image_is_refused(kitti, tmp_path):
    mask = kitti / "training" / "semantic" / "000002_10.png"
    save(mask, np.full((6, 40), 7, np.uint8))
    with pytest.raises(ValueError, match="6x40 .* its image: 5x38") as caught:
        prepare("kitti", kitti, tmp_path / "out", scale=1)
    assert str(caught.value).startswith(str(mask))


def test_kitti_errors_name_the_file(kitti, tmp_path):
    with pytest.raises(FileNotFoundError, match="data_semantics.zip"):
        READERS["kitti"](tmp_path / "nowhere")
    with pytest.raises(ValueError, match="kitti has no worlds to choose"):
        READERS["kitti"](kitti, worlds=["0001"])
    image = kitti / "training" / "image_2" / "000003_10.png"
    content = image.read_bytes()
    image.write_bytes(content[:10])
    with pytest.raises(ValueError, match=r"000003_10\.png: cannot read this image"):
        READERS["kitti"](kitti)
    image.unlink()
    with pytest.raises(FileNotFoundError, match=r"image_2/000003_10\.png: missing"):
        READERS["kitti"](kitti)


def test_fitting_keeps_the_upper_left_corner():
    ids = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert fit_labels(ids, (3, 2), 255).tolist() == [[0, 1], [3, 4], [255, 255]]
    assert fit_labels(ids, (2, 3), 255) is ids
    image = Image.fromarray(np.repeat(ids[..., None], 3, axis=2))
    fitted = np.asarray(fit_image(image, (1, 4)))
    assert fitted[..., 0].tolist() == [[0, 1, 2, 0]]
    assert fit_image(image, (2, 3)) is image
