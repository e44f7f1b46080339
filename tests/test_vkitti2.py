"""The Virtual KITTI 2.0.3 reader on a small tree with the published names."""

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from segnet.classes import VKITTI2
from segnet.data import READERS
from segnet.data.images import read_rgb
from segnet.data.prepare import prepare
from segnet.data.split import SplitRule, split_frames
from segnet.data.store import open_store
from segnet.data.vkitti2 import GUARD_RAILS, guard_rail_pixels, read_colours, reader

HEADER = "Category r g b\n"
COLOURS_TXT = HEADER + "".join(
    f"{name} {r} {g} {b}\n"
    for name, (r, g, b) in zip(VKITTI2.names, VKITTI2.colours, strict=True)
)
SCENES, VARIATIONS, CAMERAS = ("Scene01", "Scene20"), ("clone", "fog"), (0, 1)


def label_colours(frame: int) -> np.ndarray:
    """Returns (12, 30, 3): 14 two-column bands, then void; both kinds of guard rail."""
    ids = np.minimum(np.arange(30) // 2, 14)
    palette = np.array([*VKITTI2.colours, (0, 0, 0)], np.uint8)
    colours = palette[np.repeat(ids[None], 12, axis=0)]
    colours[: frame + 1, 12:14] = (255, 100, 255)
    return colours


def write_vkitti2(root, frames=6, labels="classSegmentation", colours=COLOURS_TXT):
    for scene in SCENES:
        for variation in VARIATIONS:
            folder = root / scene / variation
            for camera in CAMERAS:
                places = [
                    folder / "frames" / kind / f"Camera_{camera}"
                    for kind in ("rgb", labels)
                ]
                for place in places:
                    place.mkdir(parents=True)
                for frame in range(frames):
                    mask = Image.fromarray(label_colours(frame))
                    mask.save(places[0] / f"rgb_{frame:05d}.jpg", quality=90)
                    mask.save(places[1] / f"classgt_{frame:05d}.png")
            if colours:
                (folder / "colors.txt").write_text(colours)
    return root


@pytest.fixture
def tree(tmp_path):
    return write_vkitti2(tmp_path / "vkitti2")


def test_frames_are_paired_sorted_and_grouped(tree):
    source = READERS["vkitti2"](tree)
    ids = [frame.id for frame in source.frames]
    assert len(ids) == 2 * 2 * 2 * 6
    assert ids == sorted(ids)
    first = source.frames[0]
    frames = tree / "Scene01" / "clone" / "frames"
    assert first.id == "Scene01/clone/Camera_0/00000"
    assert first.image == frames / "rgb" / "Camera_0" / "rgb_00000.jpg"
    assert (
        first.label == frames / "classSegmentation" / "Camera_0" / "classgt_00000.png"
    )
    assert (first.drive, first.group) == ("Scene01", "Scene01/00000")
    assert source.class_map is VKITTI2
    assert sorted(source.encodings) == [f"{s}/{v}" for s in SCENES for v in VARIATIONS]


def test_both_cameras_and_all_variations_of_a_moment_stay_together(tree):
    frames = reader(tree).frames
    names, _ = split_frames(frames, SplitRule(val_share=0.4))
    by_group = {}
    for frame, name in zip(frames, names, strict=True):
        by_group.setdefault(frame.group, []).append(name)
    assert {len(group) for group in by_group.values()} == {4}
    assert all(len(set(group)) == 1 for group in by_group.values())


def test_black_is_void_and_both_guard_rails_are_one_class(tree):
    source = reader(tree)
    frame = source.frames[2]
    ids = source.read_labels(frame)
    assert ids.dtype == np.uint8
    expected = [*np.repeat(np.arange(14), 2), 255, 255]
    assert ids.tolist() == [expected] * 12
    assert guard_rail_pixels(frame) == {(250, 100, 255): 18, (255, 100, 255): 6}
    assert GUARD_RAILS == ((250, 100, 255), (255, 100, 255))


@pytest.mark.parametrize("worlds", [["Scene20"], ["scene20"], ["20"], ["0020"]])
def test_worlds_variations_and_cameras_are_filters(tree, worlds):
    source = reader(tree, worlds=worlds, variations=["Fog"], cameras=["1"])
    found = {frame.id.rpartition("/")[0] for frame in source.frames}
    assert found == {"Scene20/fog/Camera_1"}
    assert list(source.encodings) == ["Scene20/fog"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"worlds": ["0007"]}, "no world Scene07; it has Scene01, Scene20"),
        ({"worlds": ["Town"]}, "no world Town"),
        ({"worlds": []}, "no world in an empty choice; it has Scene01"),
        ({"variations": ["rain"]}, "no variation rain; it has clone, fog"),
        ({"cameras": ["2"]}, "no camera Camera_2; it has Camera_0, Camera_1"),
    ],
)
def test_a_filter_that_finds_nothing_lists_what_is_there(tree, options, message):
    with pytest.raises(ValueError, match=message):
        reader(tree, **options)


def test_case_does_not_matter(tmp_path):
    tree = write_vkitti2(tmp_path / "t", frames=1, labels="classsegmentation")
    (tree / "Scene20").rename(tree / "scene20")
    frames = tree / "scene20" / "fog" / "frames"
    (frames / "rgb").rename(frames / "RGB")
    (frames / "RGB" / "Camera_0").rename(frames / "RGB" / "camera_0")
    source = reader(tree, worlds=["20"], variations=["fog"])
    ids = [frame.id for frame in source.frames]
    assert ids == [f"Scene20/fog/Camera_{camera}/00000" for camera in CAMERAS]
    assert source.read_labels(source.frames[0])[0, 0] == 0


def test_two_folders_that_differ_in_case_only(tree):
    (tree / "Scene01").rename(tree / "keep")
    for name in ("Scene01", "SCENE01"):
        (tree / name / "clone" / "frames").mkdir(parents=True)
    with pytest.raises(ValueError, match="differs in case only"):
        reader(tree)


def test_without_colors_txt_the_published_colours_hold(tmp_path):
    source = reader(write_vkitti2(tmp_path / "t", frames=1, colours=""))
    assert source.read_labels(source.frames[0])[11, 13] == VKITTI2.id("GuardRail")


def test_a_colors_txt_may_know_less_or_another_shade(tmp_path):
    path = tmp_path / "colors.txt"
    path.write_text(HEADER + "Undefined 0 0 0\nPole 250 130 0\n\nSky 90 200 255\n")
    table = read_colours(path)
    assert table[250, 130, 0] == table[255, 130, 0] == VKITTI2.id("Pole")
    assert table[0, 0, 0] == 255
    assert len(table) == 17


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is ''"),
        ("Sky 90 200 255\n", "line 1 is 'Sky 90 200 255', expected 'Category r g b'"),
        (HEADER + "Sky 90 200\n", "line 2: 'Sky 90 200', expected"),
        (HEADER + "Sky 90 200 x\n", "line 2"),
        (HEADER + "Sky 90 200 -5\n", "line 2"),
        (HEADER + "Sky 90 200 256\n", "not a colour of three integers"),
        (HEADER + "Tram 1 1 1\n", "line 2: 'Tram' is not a class of Virtual KITTI 2"),
        (HEADER + "Sky 1 1 1\nTree 90 200 255\n", "line 3: .* colour of another class"),
        (HEADER + "Terr\u00e4in 210 0 200\n", "not a text file"),
    ],
)
def test_a_wrong_colors_txt_names_file_and_line(tmp_path, text, message):
    path = tmp_path / "colors.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_colours(path)
    assert str(path) in str(caught.value)


@given(st.binary(max_size=120))
@example(b"Category r g b\n\n\x0c\nSky 1 2 3 4")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_an_error_or_a_table(tmp_path, content):
    path = tmp_path / "colors.txt"
    for start in (b"", HEADER.encode()):
        path.write_bytes(start + content)
        try:
            table = read_colours(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert set(table.values()) <= {*range(14), 255}


@pytest.mark.parametrize(
    "name",
    ["rgb/Camera_1/rgb_00003.jpg", "classSegmentation/Camera_1/classgt_00003.png"],
)
def test_a_missing_partner_is_named(tree, name):
    path = tree / "Scene20" / "fog" / "frames" / name
    path.unlink()
    with pytest.raises(FileNotFoundError, match="missing, its partner") as caught:
        READERS["vkitti2"](tree)
    assert str(caught.value).startswith(str(path))


def test_missing_labels_and_empty_folders_are_named(tree, tmp_path):
    camera = tree / "Scene20" / "clone" / "frames" / "classSegmentation" / "Camera_0"
    for path in camera.iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"Camera_0/classgt_00000\.png: miss"):
        READERS["vkitti2"](tree)
    for path in (camera.parents[1] / "rgb" / "Camera_0").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="rgb/Camera_0: no frame in it"):
        reader(tree)
    with pytest.raises(FileNotFoundError, match="no Scene01/clone/frames or the like"):
        reader(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        reader(tmp_path / "nowhere")


def test_worlds_and_variations_that_never_meet(tree):
    (tree / "Scene20" / "clone").rename(tree / "Scene20" / "rain")
    with pytest.raises(ValueError, match="among Scene01/clone, Scene01/fog, Scene20"):
        reader(tree, worlds=["20"], variations=["clone"])


def test_an_unknown_colour_and_a_damaged_jpeg_name_the_file(tree):
    source = reader(tree)
    frame = source.frames[7]
    colours = label_colours(0)
    colours[3, 4:9] = (1, 2, 3)
    Image.fromarray(colours).save(frame.label)
    message = r"00001\.png \(vkitti2\): colour \(1, 2, 3\) on 5 pixels"
    with pytest.raises(ValueError, match=message):
        source.read_labels(frame)
    frame.image.write_bytes(frame.image.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"rgb_00001\.jpg: cannot read this image"):
        read_rgb(frame.image)


def test_prepare_stores_what_the_files_hold(tree, tmp_path):
    path = prepare(
        "vkitti2",
        tree,
        tmp_path / "out",
        scale=2,
        split="world",
        worlds=["01", "20"],
        cameras=["Camera_0"],
        workers=1,
    )
    with open_store(path) as store:
        assert store.class_map == VKITTI2
        assert store.attributes["void_share"] == pytest.approx(1 / 15)
        assert store.attributes["split_rule"] == (
            "world: Scene20 for val, the other 1 of 2 worlds for train; "
            "train 12, val 12"
        )
        images, labels = store["val"].load()
    assert labels[0].tolist() == [[*range(14), 255]] * 6
    assert images.shape == (12, 6, 15, 3)
