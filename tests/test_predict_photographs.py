"""Photographs in every mode and orientation, and files that are not images."""

import numpy as np
import pytest
from PIL import Image

from helpers.colour_network import BLUE, CLASSES, GREEN, RED, ColourEngine, picture
from segnet.predict import Predictor, photographs
from segnet.predict.photographs import read_photograph
from test_orientation import STORED, exif

IDS = np.array([[RED, GREEN, BLUE], [GREEN, BLUE, RED]]).repeat(48, 0).repeat(48, 1)
PICTURE = picture(IDS)
GREY = np.arange(0, 240, dtype=np.uint8).reshape(12, 20)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        *(("RGB", suffix) for suffix in (".png", ".tif", ".bmp", ".ppm", ".jpg")),
        *(("RGBA", suffix) for suffix in (".png", ".tif", ".webp")),
        *(("P", suffix) for suffix in (".png", ".gif", ".tif")),
        *(("CMYK", suffix) for suffix in (".tif", ".jpg")),
        ("YCbCr", ".jpg"),
        ("RGB", ".jp2"),
    ],
)
def test_colour_in_every_mode(mode, suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(PICTURE).convert(mode).save(path)
    seen = Predictor(ColourEngine(), classes=CLASSES)(path)
    inside = np.zeros_like(IDS, bool)
    inside.reshape(2, 48, 3, 48)[:, 8:-8, :, 8:-8] = True
    np.testing.assert_array_equal(seen.ids[inside], IDS[inside])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("a.png", GREY),
        ("a.png", GREY.astype(np.uint16) * 257),
        ("a.pgm", GREY.astype(np.uint16) * 257),
        ("a.tif", GREY.astype(np.uint16) * 257),
        ("a.tif", GREY.astype(np.int32) * 257),
        ("a.tif", GREY.astype(np.float32) / 255),
        ("a.tif", GREY.astype(np.float32)),
    ],
)
def test_grey_of_every_depth(name, values, tmp_path):
    Image.fromarray(values).save(tmp_path / name)
    found = np.asarray(read_photograph(tmp_path / name))
    np.testing.assert_array_equal(found, GREY[..., None].repeat(3, -1))


def test_black_and_white_and_grey_with_transparency(tmp_path):
    bits = GREY > 100
    Image.fromarray(bits).save(tmp_path / "bits.png")
    Image.fromarray(GREY).convert("LA").save(tmp_path / "la.png")
    found = np.asarray(read_photograph(tmp_path / "bits.png"))
    np.testing.assert_array_equal(found[..., 0], bits * 255)
    np.testing.assert_array_equal(
        read_photograph(tmp_path / "la.png"), np.stack([GREY] * 3, -1)
    )


def test_depth_in_metres_is_no_picture(tmp_path):
    Image.fromarray(GREY.astype(np.float32) * 10).save(tmp_path / "depth.tif")
    with pytest.raises(
        ValueError, match=r"depth.tif: .* from 0 to 2390, .* depth image"
    ):
        read_photograph(tmp_path / "depth.tif")


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_photographs_are_seen_upright(orientation, suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    stored = np.ascontiguousarray(STORED[orientation](PICTURE[..., 0]))
    Image.fromarray(stored).save(path, exif=exif(orientation))
    found = np.asarray(read_photograph(path))[..., 0].astype(int)
    assert found.shape == IDS.shape
    assert np.abs(found - PICTURE[..., 0])[20:28, 20:28].max() <= 3
    assert np.abs(found - PICTURE[..., 0])[68:76, 20:28].max() <= 3


def test_an_image_in_memory_is_turned_too():
    image = Image.fromarray(np.ascontiguousarray(STORED[6](IDS.astype(np.uint8) * 90)))
    image.getexif()[0x0112] = 6
    assert Predictor(ColourEngine(), classes=CLASSES)(image).ids.shape == IDS.shape


def test_heic(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif", reason="pillow-heif is optional")
    pillow_heif.register_heif_opener()
    Image.fromarray(PICTURE).save(tmp_path / "a.heic", quality=90)
    found = np.asarray(read_photograph(tmp_path / "a.heic")).astype(int)
    assert np.abs(found[20:28, 20:28] - PICTURE[20:28, 20:28]).max() <= 6


def test_heic_names_the_package_that_it_needs(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(ValueError, match="a.heic: .* pip install pillow-heif"):
        read_photograph(tmp_path / "a.heic")


def test_files_that_are_too_large_are_refused_with_their_size(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    Image.new("1", (100, 90)).save(path)
    monkeypatch.setattr(photographs, "MOST_PIXELS", 8999)
    with pytest.raises(ValueError, match="large.png: .*90x100 are 0 megapixels, more"):
        read_photograph(path)
    monkeypatch.setattr(photographs, "MOST_BYTES", 10)
    with pytest.raises(ValueError, match="large.png: 0 MB, more than 0 MB"):
        read_photograph(path)


def test_files_that_are_none(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    Image.fromarray(PICTURE).save(tmp_path / "whole.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:900])
    for name in ("text.jpg", "empty.jpg", "half.jpg"):
        with pytest.raises(ValueError, match=f"{name}: cannot read this image"):
            read_photograph(tmp_path / name)
    with pytest.raises(ValueError, match="folder.jpg: no file"):
        read_photograph(tmp_path / "folder.jpg")
    with pytest.raises(FileNotFoundError, match="missing.jpg: no such image"):
        read_photograph(tmp_path / "missing.jpg")
