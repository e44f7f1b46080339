"""Images with an EXIF orientation are turned upright; masks with one are refused."""

import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from segnet.check import check
from segnet.data.images import image_size, read_colour_labels, read_id_labels, read_rgb
from segnet.data.prepare import prepare
from segnet.data.store import open_store

TAG = 0x0112
# How an upright picture is stored under each orientation.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}
# 5 x 3 blocks of 16 pixels: greys, which JPEG keeps nearly as they are.
BLOCKS = np.arange(10, 250, 16, dtype=np.uint8).reshape(3, 5)
UPRIGHT = np.kron(BLOCKS, np.ones((16, 16), np.uint8))
KINDS = {".png": {}, ".jpg": {"quality": 95}, ".tif": {}, ".webp": {"lossless": True}}


def exif(orientation):
    data = Image.Exif()
    data[TAG] = orientation
    return data


def stored(orientation):
    return np.ascontiguousarray(STORED[orientation](UPRIGHT))


def chunk(kind, data):
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png_with(pixels, kind, data):
    """Returns a PNG with an extra chunk after its pixels, where exiftool puts it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()[:-12] + chunk(kind, data) + chunk(b"IEND", b"")


def assert_upright(path):
    found = np.asarray(read_rgb(path)).astype(int)
    assert image_size(path) == found.shape[:2] == UPRIGHT.shape
    assert np.abs(found - UPRIGHT[..., None]).max() <= 3


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("orientation", STORED)
def test_images_are_turned_upright(tmp_path, orientation, suffix):
    path = tmp_path / f"turned{suffix}"
    image = Image.fromarray(stored(orientation)).convert("RGB")
    image.save(path, exif=exif(orientation), **KINDS[suffix])
    assert_upright(path)


def test_an_orientation_behind_the_pixels_of_a_png_counts(tmp_path):
    path = tmp_path / "late.png"
    path.write_bytes(png_with(stored(6), b"eXIf", exif(6).tobytes()[6:]))
    assert_upright(path)
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="8"/>'
    path.write_bytes(png_with(stored(8), b"iTXt", xmp))
    assert_upright(path)


@pytest.mark.parametrize("content", [b"Exif\0\0no EXIF at all", exif(0), exif(9)])
def test_an_orientation_that_makes_no_sense_turns_nothing(tmp_path, content):
    path = tmp_path / "odd.jpg"
    Image.fromarray(UPRIGHT).save(path, exif=content, quality=95)
    assert_upright(path)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("read", [read_id_labels, read_colour_labels])
def test_a_mask_with_an_orientation_is_refused(tmp_path, read, suffix):
    path = tmp_path / f"mask{suffix}"
    mode = "L" if read is read_id_labels else "RGB"
    mask = Image.fromarray(UPRIGHT).convert(mode)
    mask.save(path, exif=exif(1))
    assert read(path).shape[:2] == UPRIGHT.shape
    mask.save(path, exif=exif(6))
    message = rf"mask\{suffix}: .* orientation \(tag 274\) is 6, expected 1 in a mask"
    with pytest.raises(ValueError, match=message):
        read(path)


def test_turned_photographs_fit_their_masks(tmp_path):
    """Size and pixels of a sideways image agree with its upright mask everywhere."""
    classes = [{"id": 0, "name": "ground", "colour": [90, 60, 30]}]
    spec = {"version": 1, "name": "yard", "void": 255, "classes": classes}
    (tmp_path / "map.json").write_text(json.dumps(spec))
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    for number in range(10):
        image = Image.fromarray(stored(6))
        image.save(images / f"{number}.jpg", exif=exif(6), quality=95)
        Image.fromarray(np.zeros_like(UPRIGHT)).save(masks / f"{number}.png")
    own = {"masks": masks, "classes": tmp_path / "map.json", "workers": 1}
    findings = check("folder", images, **own)
    assert findings.sizes == (((48, 80), 10),)
    assert not [p for p in findings.problems if p.kind in ("sizes", "damaged")]
    path = prepare("folder", images, tmp_path / "out", scale=1, **own)
    with open_store(path) as store:
        assert store["train"].size == (48, 80)
        pixels = store["train"].images[0].astype(int)
    assert np.abs(pixels - UPRIGHT[..., None]).max() <= 3
    Image.fromarray(np.zeros_like(UPRIGHT)).save(masks / "1.png", exif=exif(3))
    findings = check("folder", images, **own)
    (line,) = next(p for p in findings.problems if p.kind == "damaged").frames
    assert "1.png" in line and "tag 274" in line and findings.status == 1
