"""Faults while a store is written or read: an error or the right data."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import RGB, SCENEGT, write_vkitti
from helpers import hostile
from segnet.classes import VKITTI1, ClassMap
from segnet.cli import main
from segnet.data.images import read_colour_labels, read_rgb
from segnet.data.prepare import prepare
from segnet.data.prepare.preparing import LOCK
from segnet.data.store import open_store
from segnet.data.vkitti import read_encoding
from segnet.system.files import replacing_all
from segnet.system.locks import alone

CODE = Path(__file__).parents[1] / "Code"
FLIPS = 150
HOLDER = """
import sys, time
from segnet.system.locks import alone
with alone(sys.argv[1], "taken"):
    print("held", flush=True)
    time.sleep(60)
"""
LIMITED = """
import resource, signal, sys
from segnet.data.prepare import prepare
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in map(int, sys.argv[3:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        prepare("vkitti1", sys.argv[1], sys.argv[2], scale=1, workers=1)
    except OSError as error:
        print(error)
"""


@pytest.fixture
def holder(tmp_path):
    """Starts a process that holds the lock of the folder `out`."""
    lock = tmp_path / "out" / LOCK
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(CODE)},
    ) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_a_second_run_is_refused_and_a_killed_one_blocks_nobody(
    vkitti_tree, tmp_path, holder, capsys
):
    out = tmp_path / "out"
    assert main(["prepare", "vkitti1", str(vkitti_tree), str(out)]) == 2
    error = capsys.readouterr().err
    assert f"{out}: another `segnet prepare`" in error
    assert f"(process {holder.pid})" in error
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (out / LOCK).exists()
    prepare("vkitti1", vkitti_tree, out)
    assert not (out / LOCK).exists()


def test_a_lock_is_free_after_an_error(tmp_path):
    with pytest.raises(KeyError), alone(tmp_path / "lock", "taken"):
        raise KeyError
    with (
        alone(tmp_path / "lock", "taken"),
        pytest.raises(OSError, match="taken"),
        alone(tmp_path / "lock", "taken"),
    ):
        pass
    assert not list(tmp_path.iterdir())


def damage(tree: Path) -> dict[str, str]:
    """Damages three frames; returns the message for each."""
    sequence = Path("0001") / "clone"
    image = tree / RGB / sequence / "00000.png"
    image.write_bytes(image.read_bytes()[:60])
    road = VKITTI1.colours[0]
    Image.new("RGB", (36, 25), road).save(tree / SCENEGT / sequence / "00001.png")
    Image.new("RGB", (36, 24), (1, 1, 1)).save(tree / SCENEGT / sequence / "00007.png")
    return {
        "0001/clone/00000": "cannot read this image",
        "0001/clone/00001": "25x36 pixels",
        "0001/clone/00007": "colour (1, 1, 1)",
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_frames_are_left_out_and_listed(tmp_path, workers):
    tree = write_vkitti(tmp_path / "data", ("0001",), ("clone",), 40, (24, 36))
    whole = prepare("vkitti1", tree, tmp_path / "whole", split="random", workers=1)
    bad = damage(tree)
    path = prepare(
        *("vkitti1", tree, tmp_path / "out"),
        split="random",
        skip_bad=True,
        workers=workers,
    )
    with open_store(whole) as before, open_store(path) as after:
        lines = dict(line.split(": ", 1) for line in after.skipped)
        assert lines.keys() == bad.keys()
        assert all(bad[frame] in line for frame, line in lines.items())
        for name in before.splits:
            ids = before[name].frame_ids
            kept = [index for index, frame in enumerate(ids) if frame not in bad]
            assert after[name].frame_ids == [ids[index] for index in kept]
            read = zip(before[name].read(kept), after[name].load(), strict=True)
            for one, other in read:
                np.testing.assert_array_equal(one, other)


def test_the_command_lists_what_it_left_out(vkitti_tree, tmp_path, capsys):
    call = ["prepare", "vkitti1", str(vkitti_tree), str(tmp_path / "out")]
    bad = damage(vkitti_tree)
    assert main(call) == 2
    assert "cannot read this image" in capsys.readouterr().err
    assert main([*call, "--skip-bad", "--split", "val-only"]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = [line.split(": ")[0] for line in lines if line.startswith("skipped ")]
    assert said == [f"skipped {frame}" for frame in bad]


def test_a_split_without_a_good_frame_is_an_error(vkitti_tree, tmp_path):
    for image in (vkitti_tree / RGB).rglob("*.png"):
        if image != vkitti_tree / RGB / "0001" / "clone" / "00003.png":
            image.write_bytes(b"")
    with pytest.raises(ValueError, match="all frames of [a-z]+ are bad, 19 in all"):
        prepare("vkitti1", vkitti_tree, tmp_path / "out", skip_bad=True)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_full_disk_is_an_error_and_the_old_store_stays(tmp_path):
    tree = write_vkitti(tmp_path / "data", ("0001",), ("clone",), 24, (48, 72))
    size = prepare("vkitti1", tree, tmp_path / "new", scale=1).stat().st_size
    out = prepare("vkitti1", tree, tmp_path / "out", scale=3).parent
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    limits = [1, 600, 2000, 9000, *range(size // 9, size, size // 9), size - 1]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tree), str(out), *map(str, limits)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(CODE)},
    )
    # The HDF5 library by itself crashes at some of these.
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("File too large") == len(limits)
    assert done.stdout.count(str(out)) == len(limits)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_files_of_one_set_never_stand_beside_outdated_ones(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("store", "same", "other")]
    for path in paths:
        path.write_text("old" if path.name != "same" else "kept")
    replace, seen = os.replace, []

    def watched(*names):
        replace(*names)
        there = [path for path in paths if path.exists()]
        seen.append({path.name: path.read_text() for path in there})

    monkeypatch.setattr(os, "replace", watched)
    with replacing_all(*paths) as parts:
        for part, text in zip(parts, ("new", "kept", "new"), strict=True):
            part.write_text(text)
    assert seen[0] == {"store": "new", "same": "kept"}
    assert seen[-1] == {"store": "new", "same": "kept", "other": "new"}


def read_store(path: Path) -> list:
    with open_store(path) as store:
        splits = [store[name] for name in store.splits]
        arrays = [array.tobytes() for split in splits for array in split.load()]
        return [store.attributes, [split.frame_ids for split in splits], arrays]


def flipped(path: Path, read, folder: Path, exact: bool) -> int:
    """Reads copies with one bit flipped each; returns the number of clear errors."""
    whole, expected = path.read_bytes(), read(path)
    copy = folder / path.name
    errors = 0
    for number in range(FLIPS):
        damaged = bytearray(whole)
        bit = (number * 2 + 1) * len(whole) * 8 // (2 * FLIPS)
        damaged[bit // 8] ^= 1 << number % 8
        copy.write_bytes(damaged)
        try:
            found = read(copy)
            assert not exact or found == expected, f"bit {bit}"
        except (ValueError, OSError) as error:
            assert str(copy) in str(error)
            errors += 1
    return errors


def test_flipped_bits(vkitti_tree, tmp_path):
    store = prepare("vkitti1", vkitti_tree, tmp_path / "out", scale=1, workers=1)
    name = Path("0001") / "fog" / "00002.png"
    table = vkitti_tree / SCENEGT / "0001_fog_scenegt_rgb_encoding.txt"
    for number, (path, read, exact) in enumerate(
        (
            (store, read_store, True),
            (vkitti_tree / RGB / name, lambda p: read_rgb(p).tobytes(), False),
            (vkitti_tree / SCENEGT / name, read_colour_labels, False),
            (table, read_encoding, False),
            (store.with_name("class_map.json"), ClassMap.load, False),
            (store.with_name("class_map.pkl"), ClassMap.load, False),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert flipped(path, read, folder, exact) > FLIPS // 3


def test_hostile_files_are_clear_errors(store_path, tmp_path):
    paths = hostile.hostile_files(tmp_path, store_path)
    assert len(paths) > 60
    for path in paths:
        read = read_store if path.suffix == ".h5" else ClassMap.load
        with pytest.raises((ValueError, OSError)) as caught:
            read(path)
        assert str(path) in str(caught.value), path.name


def test_pickles_hold_what_they_held(tmp_path):
    path = tmp_path / "class_map.pkl"
    VKITTI1.save(path, {"0001/clone": {(1, 2, 3): 4}})
    assert pickle.loads(path.read_bytes())["encodings"]["0001/clone"] == {(1, 2, 3): 4}
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        plain = pickle.loads(path.read_bytes())
        path.write_bytes(pickle.dumps(plain, protocol))
        assert ClassMap.load(path) == VKITTI1
