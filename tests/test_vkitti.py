"""The Virtual KITTI 1.3.1 reader on a small tree with the published names."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from conftest import RGB, SCENEGT, band_colours, encoding_text
from segnet.classes import VKITTI1
from segnet.data import READERS
from segnet.data.images import read_rgb
from segnet.data.vkitti import read_encoding, reader

HEADER = "Category(:id) r g b\n"


def write(tmp_path, text: str):
    path = tmp_path / "0001_clone_scenegt_rgb_encoding.txt"
    path.write_bytes(text.encode())
    return path


def test_frames_are_rendered_where_a_note_of_the_renderer_lies(vkitti_tree):
    assert reader(vkitti_tree).origin == "vkitti1"
    (vkitti_tree / "rendered_0020_fog.json").touch()
    assert reader(vkitti_tree).origin == "vkitti1, rendered by segnet"
    assert reader(vkitti_tree, worlds=["0001"]).origin == "vkitti1"
    assert reader(vkitti_tree, variations=["clone"]).origin == "vkitti1"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_instances_become_classes(tmp_path, newline, end):
    rows = ["Category(:id) r g b", "Terrain 210 0 200", "Car:0 200 200 200"]
    rows += ["Van:12 0 9 8", "Car:7 1 2 3"]
    path = write(tmp_path, newline.join(rows) + end)
    assert read_encoding(path) == {
        (210, 0, 200): 0,
        (200, 200, 200): 12,
        (0, 9, 8): 13,
        (1, 2, 3): 12,
    }


def test_two_instances_of_a_class_may_share_a_colour(tmp_path):
    path = write(tmp_path, HEADER + "Car:0 1 2 3\nCar:1 1 2 3\n")
    assert read_encoding(path) == {(1, 2, 3): 12}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is ''"),
        ("Category r g b\nTerrain 210 0 200\n", "line 1 is 'Category r g b'"),
        (HEADER, "only a header"),
        (HEADER + "Terrain 210 0\n", "line 2: 'Terrain 210 0', expected"),
        (HEADER + "Terrain 210 0 200 9\n", "line 2"),
        (HEADER + "Terrain 210 0 x\n", "line 2"),
        (HEADER + "Terrain 210 0 -1\n", "line 2"),
        (HEADER + "Terrain 210 0 256\n", "not a colour of three integers"),
        (HEADER + "Sky 1 1 1\nTram 2 2 2\n", "line 3: 'Tram' is not a class"),
        (HEADER + "Car: 2 2 2\n", "no instance after its colon"),
        (HEADER + "Sky 1 1 1\nSky 2 2 2\n", "line 3 repeats a category"),
        (HEADER + "Car:1 1 1 1\nVan:1 1 1 1\n", "line 3 .* to a second class"),
        (HEADER + "Terr\u00e4in 210 0 200\n", "not a text file"),
    ],
)
def test_a_wrong_encoding_names_file_and_line(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match=message) as caught:
        read_encoding(path)
    assert str(path) in str(caught.value)


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
@example(b"Category(:id) r g b\nSky \xc2\xb9 2 3")
@example(b"Category(:id) r g b\nSky 1\x0b2 3 4")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_an_error_or_a_table(tmp_path, content):
    path = tmp_path / "encoding.txt"
    for start in (b"", HEADER.encode(), (HEADER + "Sky 90 200 255\n").encode()):
        path.write_bytes(start + content)
        try:
            table = read_encoding(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert set(table.values()) <= set(range(14))


def test_frames_are_paired_and_sorted(vkitti_tree):
    source = READERS["vkitti1"](vkitti_tree)
    ids = [frame.id for frame in source.frames]
    assert len(ids) == 2 * 2 * 8
    assert ids == sorted(ids)
    assert ids[0] == "0001/clone/00000"
    first = source.frames[0]
    assert first.image == vkitti_tree / RGB / "0001" / "clone" / "00000.png"
    assert first.label == vkitti_tree / SCENEGT / "0001" / "clone" / "00000.png"
    assert (first.drive, first.group) == ("0001", "0001/00000")
    assert sorted(source.encodings) == [
        f"{world}/{variation}"
        for world in ("0001", "0020")
        for variation in ("clone", "fog")
    ]


def test_one_colour_is_a_car_in_one_variation_and_a_van_in_the_other(vkitti_tree):
    source = reader(vkitti_tree, worlds=["0001"])
    frames = {frame.id: frame for frame in source.frames}
    clone, fog = (
        source.read_labels(frames[f"0001/{name}/00000"]) for name in ("clone", "fog")
    )
    assert clone.dtype == np.uint8
    assert clone.shape == (24, 36)
    assert clone[0, 0] == VKITTI1.id("Car")
    assert fog[0, 0] == VKITTI1.id("Van")
    assert clone[0, -1] == fog[0, -1] == VKITTI1.id("Car")
    np.testing.assert_array_equal(clone[23], np.arange(36) // 3)


def test_worlds_and_variations_are_filters(vkitti_tree):
    source = reader(vkitti_tree, worlds=["0020"], variations=["fog"])
    assert {frame.id.rpartition("/")[0] for frame in source.frames} == {"0020/fog"}
    assert list(source.encodings) == ["0020/fog"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"worlds": ["0001", "0007"]}, "no world 0007; it has 0001, 0020"),
        ({"variations": ["rain"]}, "no variation rain; it has clone, fog"),
    ],
)
def test_a_filter_that_finds_nothing_lists_what_is_there(vkitti_tree, options, message):
    with pytest.raises(ValueError, match=message):
        reader(vkitti_tree, **options)


def test_worlds_and_variations_that_never_meet(vkitti_tree):
    for kind in (RGB, SCENEGT):
        (vkitti_tree / kind / "0020" / "clone").rename(
            vkitti_tree / kind / "0020" / "rain"
        )
    encoding = vkitti_tree / SCENEGT / "0020_clone_scenegt_rgb_encoding.txt"
    encoding.rename(vkitti_tree / SCENEGT / "0020_rain_scenegt_rgb_encoding.txt")
    assert len(reader(vkitti_tree).frames) == 32
    with pytest.raises(ValueError, match="it has 0001/clone, 0001/fog, 0020/fog, 0020"):
        reader(vkitti_tree, worlds=["0020"], variations=["clone"])


@pytest.mark.parametrize("kind", [RGB, SCENEGT])
def test_a_missing_partner_is_named(vkitti_tree, kind):
    path = vkitti_tree / kind / "0020" / "fog" / "00003.png"
    path.unlink()
    with pytest.raises(FileNotFoundError, match="missing, its partner") as caught:
        READERS["vkitti1"](vkitti_tree)
    assert str(caught.value).startswith(str(path))


def test_a_missing_sequence_on_one_side_is_named(vkitti_tree):
    for path in (vkitti_tree / SCENEGT / "0020" / "fog").iterdir():
        path.unlink()
    path.parent.rmdir()
    with pytest.raises(
        FileNotFoundError, match=r"scenegt/0020/fog/00000\.png: missing"
    ):
        READERS["vkitti1"](vkitti_tree)


def test_missing_folders_and_encodings_are_named(vkitti_tree):
    encoding = vkitti_tree / SCENEGT / "0001_fog_scenegt_rgb_encoding.txt"
    encoding.unlink()
    with pytest.raises(FileNotFoundError, match="0001_fog_scenegt_rgb_encoding.txt"):
        reader(vkitti_tree)
    with pytest.raises(FileNotFoundError, match="give the folder that holds"):
        reader(vkitti_tree / RGB)


def test_empty_folders_are_named(tmp_path):
    for kind in (RGB, SCENEGT):
        (tmp_path / kind).mkdir()
    with pytest.raises(FileNotFoundError, match="no <world>/<variation> folder"):
        reader(tmp_path)
    for kind in (RGB, SCENEGT):
        (tmp_path / kind / "0001" / "clone").mkdir(parents=True)
    path = tmp_path / SCENEGT / "0001_clone_scenegt_rgb_encoding.txt"
    path.write_text(encoding_text("clone"))
    with pytest.raises(FileNotFoundError, match="0001/clone: no frame in it"):
        reader(tmp_path)


def broken(path, how: str) -> None:
    content = path.read_bytes()
    if how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("404 not found")
    elif how == "flipped":
        middle = len(content) // 2
        flipped = content[middle] ^ 255
        path.write_bytes(content[:middle] + bytes([flipped]) + content[middle + 1 :])
    elif how == "depth":
        Image.fromarray(np.zeros((24, 36), np.uint16)).save(path)


@pytest.mark.parametrize("how", ["truncated", "empty", "text", "flipped", "depth"])
def test_a_damaged_png_is_named(vkitti_tree, how):
    source = reader(vkitti_tree)
    frame = source.frames[5]
    for path in (frame.image, frame.label):
        broken(path, how)
    for read, argument in ((read_rgb, frame.image), (source.read_labels, frame)):
        with pytest.raises(ValueError, match=r"00005\.png: cannot read this image"):
            read(argument)


def test_every_checksum_of_a_png_is_compared(tmp_path):
    path, content = tmp_path / "frame.png", io.BytesIO()
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "rendered")
    Image.new("RGB", (5, 3), (1, 2, 3)).save(content, "PNG", pnginfo=note)
    whole = content.getvalue()
    path.write_bytes(whole)
    assert read_rgb(path).getpixel((4, 2)) == (1, 2, 3)
    for kind in (b"IHDR", b"tEXt", b"IDAT"):
        place = whole.index(kind) - 4
        end = place + 8 + int.from_bytes(whole[place : place + 4])
        path.write_bytes(whole[:end] + bytes(4) + whole[end + 4 :])
        with pytest.raises(ValueError, match=r"frame\.png: cannot read this image"):
            read_rgb(path)
    path.write_bytes(whole[:-12])
    with pytest.raises(ValueError, match=r"frame\.png: .* truncated PNG file"):
        read_rgb(path)


def test_an_unknown_colour_names_file_and_count(vkitti_tree):
    source = reader(vkitti_tree)
    frame = source.frames[9]
    colours = band_colours(24, 36, 1)
    colours[3, 4:9] = 0
    Image.fromarray(colours).save(frame.label)
    message = r"fog/00001\.png.*colour \(0, 0, 0\) on 5 pixels"
    with pytest.raises(ValueError, match=message):
        source.read_labels(frame)
