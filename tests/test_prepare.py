"""Preprocessing: sizes, values, errors that name the frame, the old store intact."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import segnet
from conftest import CAR_OR_VAN, RGB, SCENEGT, write_vkitti
from segnet.classes import VKITTI1, ClassMap
from segnet.data.images import read_rgb, scaled_size, shrink_image, shrink_labels
from segnet.data.prepare import prepare
from segnet.data.store import open_store
from segnet.system.parallel import ordered_map

CODE = Path(segnet.__file__).parents[1]


@pytest.mark.parametrize(
    ("size", "scale", "scaled"),
    [
        ((375, 1242), 3, (125, 414)),
        ((375, 1242), 1, (375, 1242)),
        ((375, 1242), 2, (187, 621)),
        ((375, 1242), 2.5, (150, 496)),
        ((10, 11), 3, (3, 3)),
    ],
)
def test_sizes_are_rounded_down(size, scale, scaled):
    assert scaled_size(size, scale) == scaled
    image = shrink_image(Image.new("RGB", size[::-1], (7, 80, 200)), scaled)
    assert image.shape == (*scaled, 3)
    assert (image == (7, 80, 200)).all()
    assert shrink_labels(np.full(size, 9, np.uint8), scaled).shape == scaled


@pytest.mark.parametrize(
    ("scale", "message"),
    [(0.5, "scale is 0.5, expected 1"), (float("nan"), "nan"), (30, "leaves nothing")],
)
def test_scales_that_cannot_be(scale, message):
    with pytest.raises(ValueError, match=message):
        scaled_size((24, 36), scale)


def test_images_are_area_averages():
    pixels = np.arange(6 * 9 * 3, dtype=np.uint8).reshape(6, 9, 3)
    expected = pixels.reshape(2, 3, 3, 3, 3).mean(axis=(1, 3))
    small = shrink_image(Image.fromarray(pixels), (2, 3))
    np.testing.assert_allclose(small, expected, atol=0.51)
    uneven = shrink_image(Image.fromarray(pixels), (2, 4))
    np.testing.assert_allclose(uneven.mean(), pixels.mean(), atol=1)


def test_labels_are_the_nearest_pixel():
    labels = np.arange(54, dtype=np.uint8).reshape(6, 9)
    assert shrink_labels(labels, (2, 3)).tolist() == [[10, 13, 16], [37, 40, 43]]
    assert shrink_labels(labels, (6, 9)).tolist() == labels.tolist()
    oracle = Image.fromarray(labels).resize((4, 5), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(shrink_labels(labels, (5, 4)), np.asarray(oracle))


def test_a_tree_becomes_a_store_and_two_class_maps(vkitti_tree, tmp_path):
    path = prepare("vkitti1", vkitti_tree, tmp_path / "out", scale=3)
    assert path == tmp_path / "out" / "store.h5"
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "class_map.json",
        "class_map.pkl",
        "store.h5",
    ]
    for name in ("class_map.json", "class_map.pkl"):
        assert ClassMap.load(path.with_name(name)) == VKITTI1
    plain = pickle.loads(path.with_name("class_map.pkl").read_bytes())
    assert plain["encodings"]["0001/clone"][CAR_OR_VAN] == VKITTI1.id("Car")
    assert plain["encodings"]["0001/fog"][CAR_OR_VAN] == VKITTI1.id("Van")
    with open_store(path) as store:
        assert store.attributes["source"] == "vkitti1"
        assert store.attributes["scale"] == 3
        assert store.attributes["source_size"] == [24, 36]
        assert store.attributes["void_share"] == 0
        assert "all variations of a view together" in store.attributes["split_rule"]
        assert store["train"].size == (8, 12)
        split_of = {
            frame.replace("/fog/", "/clone/"): name
            for name in store.splits
            for frame in store[name].frame_ids
        }
        for name in store.splits:
            for frame in store[name].frame_ids:
                assert split_of[frame.replace("/fog/", "/clone/")] == name


def test_values_in_the_store_are_those_of_the_files(vkitti_tree, tmp_path):
    path = prepare("vkitti1", vkitti_tree, tmp_path / "out", scale=3, worlds=["0020"])
    with open_store(path) as store:
        train = store["train"]
        index = train.frame_ids.index("0020/fog/00001")
        file = vkitti_tree / RGB / "0020" / "fog" / "00001.png"
        expected = np.asarray(read_rgb(file)).reshape(8, 3, 12, 3, 3).mean(axis=(1, 3))
        np.testing.assert_allclose(train.images[index], expected, atol=0.6)
        van, car = VKITTI1.id("Van"), VKITTI1.id("Car")
        bands = np.tile(np.arange(12), (8, 1))
        bands[:2, :3], bands[:2, -3:] = van, car
        np.testing.assert_array_equal(train.labels[index], bands)


def test_processes_make_the_same_store_as_none(tmp_path):
    data = write_vkitti(tmp_path / "data", ("0001",), ("clone",), 40, (24, 36))
    read = []
    for workers in (1, 2):
        path = prepare("vkitti1", data, tmp_path / str(workers), workers=workers)
        with open_store(path) as store:
            arrays = [a for name in store.splits for a in store[name].load()]
            read.append(([store[n].frame_ids for n in store.splits], arrays))
    assert read[0][0] == read[1][0]
    for one, other in zip(read[0][1], read[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_bar_counts_the_frames_and_is_shown_when_asked_for(
    vkitti_tree, tmp_path, bars
):
    prepare("vkitti1", vkitti_tree, tmp_path / "out")
    assert bars.seen == []
    path = prepare("vkitti1", vkitti_tree, tmp_path / "out", progress=True)
    with open_store(path) as store:
        frames = sum(len(store[name]) for name in store.splits)
    assert bars.seen == [("prepare", frames, "frame")]
    assert bars.steps == {"prepare": frames}


def test_a_real_bar_is_shown_on_stderr(vkitti_tree, tmp_path, capsys):
    prepare("vkitti1", vkitti_tree, tmp_path / "out", progress=True)
    assert "prepare: 100%" in capsys.readouterr().err
    prepare("vkitti1", vkitti_tree, tmp_path / "out")
    assert capsys.readouterr() == ("", "")


def bad_png(path):
    path.write_bytes(path.read_bytes()[:60])


def bad_size(path):
    Image.new("RGB", (36, 25), VKITTI1.colours[0]).save(path)


def bad_colour(path):
    Image.new("RGB", (36, 24), (1, 1, 1)).save(path)


@pytest.mark.parametrize(
    ("damage", "kind", "message"),
    [
        (bad_png, RGB, "cannot read this image"),
        (bad_png, SCENEGT, "cannot read this image"),
        (bad_size, RGB, "25x36 pixels .* all others have 24x36"),
        (bad_size, SCENEGT, r"25x36 pixels .* its image: 24x36"),
        (bad_colour, SCENEGT, r"colour \(1, 1, 1\) on 864 pixels"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_frame_is_named_and_the_old_store_stays(
    vkitti_tree, tmp_path, damage, kind, message, workers
):
    path = prepare("vkitti1", vkitti_tree, tmp_path / "out")
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    bad = vkitti_tree / kind / "0020" / "clone" / "00001.png"
    damage(bad)
    with pytest.raises(ValueError, match=message) as caught:
        prepare("vkitti1", vkitti_tree, path.parent, workers=workers)
    assert str(caught.value).startswith(str(bad))
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before


def test_the_split_rule_tells_what_is_kept_when_bad_frames_are_skipped(
    vkitti_tree, tmp_path
):
    def split_rule(**options):
        path = prepare("vkitti1", vkitti_tree, tmp_path / "out", workers=1, **options)
        with open_store(path) as store:
            counts = {name: len(store[name]) for name in store.splits}
            return store.attributes["split_rule"].partition("; ")[2], counts

    # Each drive of 8 views: val 2 in two blocks, a gap of 1; two variations each.
    whole = {"train": 12, "val": 8}
    assert split_rule() == ("train 12, val 8, left out 12", whole)
    assert split_rule(skip_bad=True) == ("train 12, val 8, left out 12", whole)
    bad_colour(vkitti_tree / SCENEGT / "0020" / "clone" / "00000.png")
    bad_png(vkitti_tree / RGB / "0001" / "fog" / "00007.png")
    kept = "train 11, val 7, left out 12, skipped as bad 2"
    assert split_rule(skip_bad=True) == (kept, {"train": 11, "val": 7})


def test_a_killed_run_leaves_the_old_store(vkitti_tree, tmp_path):
    path = prepare("vkitti1", vkitti_tree, tmp_path / "out")
    before = path.read_bytes()
    script = (
        "import sys, time\n"
        "import tqdm.auto\n"
        "from segnet.data.prepare import prepare\n"
        "def slow(items, **_):\n"
        "    for number, item in enumerate(items):\n"
        "        yield item\n"
        "        print(number, flush=True)\n"
        "        time.sleep(0.2)\n"
        "tqdm.auto.tqdm = slow\n"
        "prepare('vkitti1', *sys.argv[1:], workers=1)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(vkitti_tree), str(path.parent)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(CODE)},
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert path.read_bytes() == before
    assert len(list(path.parent.glob("store.*.part.h5"))) == 1
    prepare("vkitti1", vkitti_tree, path.parent)
    assert not list(path.parent.glob("*.part.*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "bdd"}, "source 'bdd', expected one of vkitti1, vkitti2, camvid"),
        ({"scale": 0.3}, "scale is 0.3"),
        ({"workers": 0}, "workers is 0"),
        ({"split": "publisher"}, "take 'blocks'"),
    ],
)
def test_wrong_arguments_write_nothing(vkitti_tree, tmp_path, arguments, message):
    arguments = {"source": "vkitti1"} | arguments
    with pytest.raises(ValueError, match=message):
        prepare(root=vkitti_tree, out=tmp_path / "out", **arguments)
    assert not list(tmp_path.glob("out/*"))


def fail_at_3(number: int) -> int:
    if number == 3:
        os._exit(1)
    return number * 2


def test_a_dead_worker_is_an_error_not_a_wait():
    start = time.monotonic()
    with pytest.raises(ChildProcessError, match="worker processes died"):
        list(ordered_map(fail_at_3, range(64), 64, workers=2))
    assert time.monotonic() - start < 30


def test_a_script_without_a_main_guard_works(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from math import sqrt\n"
        "from segnet.system.parallel import ordered_map\n"
        "print(sum(ordered_map(sqrt, [4.0] * 64, 64, workers=2)))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(CODE)},
    )
    assert done.stdout == "128.0\n"
