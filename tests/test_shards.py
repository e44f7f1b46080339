"""Stores in several files: the same frames, complete or refused, never mixed."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from conftest import RGB, SCENEGT, write_vkitti
from helpers import hostile
from segnet import __version__
from segnet.check import check
from segnet.classes import VKITTI1
from segnet.cli import main
from segnet.data.prepare import prepare
from segnet.data.split import SplitRule
from segnet.data.store import class_counts, open_store
from segnet.data.store import shard_list as manifest
from segnet.system.parallel import stepwise_map

CODE = Path(__file__).parents[1] / "Code"
LIMITED = """
import json, resource, signal, sys
from segnet.data.prepare import prepare
from segnet.data.split import SplitRule
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit, workers in json.loads(sys.argv[3]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        prepare(
            *("vkitti1", sys.argv[1], sys.argv[2]),
            scale=1, split="random", shard_frames=5, workers=workers,
        )
    except OSError as error:
        print(error)
"""
FRAMES = 24
SHARDED = {"shard_frames": 5, "split": "random"}


class Stop(Exception):
    pass


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """Writes 24 frames of 24x36; random split: 19 train in 4 shards, 5 val in one."""
    root = tmp_path_factory.mktemp("shards") / "data"
    return write_vkitti(root, ("0001",), ("clone",), FRAMES, (24, 36))


@pytest.fixture(scope="module")
def made(tree, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("made") / "out"
    return prepare("vkitti1", tree, out, workers=1, **SHARDED)


@pytest.fixture
def path(made, tmp_path) -> Path:
    """Copies the sharded store to another folder."""
    return shutil.copytree(made.parent, tmp_path / "out") / "store.h5"


def contents(path: Path) -> list:
    with open_store(path) as store:
        splits = [store[name] for name in store.splits]
        arrays = [array.tobytes() for split in splits for array in split.load()]
        kept = ("source", "scale", "split_rule", "source_size", "void_share", "skipped")
        facts = [store.attributes.get(name) for name in kept]
        return [facts, [split.frame_ids for split in splits], arrays]


def shards_of(path: Path) -> list[Path]:
    return sorted(path.parent.glob("shards/*"))


@contextmanager
def stopping_after(frames: int, bars):
    """Ends a run like Ctrl-C while it packs that frame, counted from 0."""
    bars.stop, bars.stop_after = Stop, ("prepare", frames)
    with pytest.raises(Stop) as caught:
        yield caught
    bars.stop = None


def test_shards_hold_what_one_file_holds(tree, made, tmp_path):
    one = prepare("vkitti1", tree, tmp_path / "one", split="random")
    assert not (one.parent / "shards").exists()
    assert contents(made) == contents(one)
    two = prepare("vkitti1", tree, tmp_path / "two", workers=2, **SHARDED)
    assert contents(two) == contents(one)
    names = [p.name.rpartition("-")[0] for p in shards_of(two)]
    assert names == [*(f"train-0000{n}" for n in range(4)), "val-00000"]
    with open_store(two) as store:
        assert "train 19, val 5 frames of 8x12" in store.describe()
        assert "in 5 shards" in store.describe()
        assert store.attributes["format_version"] == 2
        assert store.bytes == sum(p.stat().st_size for p in [two, *shards_of(two)])
    for shard in shards_of(two):
        with open_store(shard) as store:
            assert store.attributes["format_version"] == 1
            assert len(store[store.splits[0]]) in (4, 5)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_bar_counts_frames_in_any_number_of_processes(
    tree, tmp_path, bars, workers
):
    arguments = {"workers": workers, "progress": True} | SHARDED
    prepare("vkitti1", tree, tmp_path / "out", **arguments)
    assert bars.seen == [("verify", 0, "shard"), ("prepare", FRAMES, "frame")]
    assert bars.steps == {"prepare": FRAMES}


@pytest.mark.parametrize("indices", [[0], [18, 0, 4, 5, 5, 3], range(3, 19), []])
def test_frames_are_read_across_shards(made, indices):
    with open_store(made) as store:
        split = store["train"]
        images, labels = split.load()
        found = split.read(indices)
        np.testing.assert_array_equal(found[0], images[list(indices)])
        np.testing.assert_array_equal(found[1], labels[list(indices)])
        assert found[0].dtype == found[1].dtype == np.uint8


def test_sharded_frames_index_as_a_dataset_does(made):
    with open_store(made) as store:
        split = store["train"]
        images, labels = split.load()
        assert split.images.shape == (19, 8, 12, 3)
        assert (len(split.labels), split.labels.dtype) == (19, np.uint8)
        for key in (0, 18, -1, np.int64(7), np.s_[2:11], np.s_[:], np.s_[::-4]):
            np.testing.assert_array_equal(split.images[key], images[key])
            np.testing.assert_array_equal(split.labels[key], labels[key])
        assert split.labels[5:5].shape == (0, 8, 12)
        assert class_counts(split)[0].sum() == (labels != 255).sum()
        for wrong in (19, -20):
            with pytest.raises(IndexError):
                split.images[wrong]
            with pytest.raises(IndexError):
                split.read([wrong])


def test_a_sharded_store_travels_to_another_process(path):
    store = open_store(path)
    split = store["train"]
    labels = split.labels[:]
    copy = pickle.loads(pickle.dumps(split))
    np.testing.assert_array_equal(copy.read([18])[1][0], labels[18])
    copy.store.close()
    with get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(
            pool.apply(split.read, ([0, 9],))[1][1], labels[9]
        )
    store.close()
    np.testing.assert_array_equal(split.labels[4], labels[4])
    store.close()


def test_a_missing_or_cut_shard_is_named_on_opening(path):
    shard = shards_of(path)[2]
    content = shard.read_bytes()
    shard.write_bytes(content[:-1])
    with pytest.raises(ValueError, match=f"{shard}: {len(content) - 1} bytes"):
        open_store(path)
    shard.unlink()
    with pytest.raises(FileNotFoundError, match=f"{shard}: missing"):
        open_store(path)


def test_another_shard_of_the_same_size_is_noticed(path):
    with h5py.File(path) as file:
        rows = json.loads(file.attrs["shards"])
    one, other = shards_of(path)[:2]
    # An HDF5 file may have anything behind its end.
    size = max(one.stat().st_size, other.stat().st_size)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes().ljust(size, b"\0"))
    other.write_bytes(content.ljust(size, b"\0"))
    with h5py.File(path, "a") as file:
        for row in rows[:2]:
            row["bytes"] = size
        file.attrs["shards"] = json.dumps(rows)
        del file.attrs["seal"]
    with pytest.raises(ValueError, match=f"{one}: not the file that was written"):
        open_store(path)


def test_check_compares_the_checksums(path, capsys):
    assert not [p for p in check(path, workers=1).problems if p.severity == "error"]
    shard = shards_of(path)[1]
    with h5py.File(shard) as file:
        place = file["train/labels"].id.get_chunk_info(2)
    content = bytearray(shard.read_bytes())
    content[place.byte_offset + place.size // 2] ^= 1
    shard.write_bytes(content)
    assert main(["check", str(path)]) == 1
    printed = capsys.readouterr().out
    assert "error: 1 of 24 frames" in printed
    assert "error: 1 shards of the store differ from what was written" in printed
    assert f"{shard}: not the file that was written" in printed
    assert f"{shard}: damaged (" in printed
    with (
        open_store(path) as store,
        pytest.raises(ValueError, match=f"{shard}: damaged"),
    ):
        store["train"].load()


def test_a_stopped_run_goes_on_where_it_stopped(tree, path, tmp_path, bars):
    out = tmp_path / "new"
    with stopping_after(12, bars) as caught:
        prepare("vkitti1", tree, out, workers=1, progress=True, **SHARDED)
    assert "--resume" in caught.value.__notes__[0]
    whole = {p: p.stat().st_ino for p in out.glob("shards/*.h5")}
    assert len(whole) == 2
    bars.seen.clear()
    again = prepare("vkitti1", tree, out, resume=True, progress=True, **SHARDED)
    # 19 frames of train in shards of 4, 5, 5, 5.
    assert bars.seen == [("verify", 2, "shard"), ("prepare", FRAMES - 9, "frame")]
    assert contents(again) == contents(path)
    assert len(shards_of(again)) == 5
    assert all(p.stat().st_ino == inode for p, inode in whole.items())
    bars.seen.clear()
    prepare("vkitti1", tree, out, resume=True, progress=True, **SHARDED)
    assert bars.seen == [("verify", 5, "shard"), ("prepare", 0, "frame")]
    assert contents(again) == contents(path)


def test_resuming_with_other_settings_names_them_and_touches_nothing(tree, path, bars):
    with stopping_after(12, bars):
        prepare("vkitti1", tree, path.parent, workers=1, progress=True, **SHARDED)
    before = {p: p.read_bytes() for p in path.parent.rglob("*.*")}
    assert len(before) == 3 + 5 + 2 + 1
    for other, message in (
        ({"scale": 2}, r"scale \(3 then, 2 now\)"),
        ({"shard_frames": 9}, r"shards \(5 then, 4 now\)"),
        ({"classes": "six-categories"}, r"classes \('vkitti1' then, 'categories6'"),
        ({"split": SplitRule("random", seed=1)}, r"split \('random.*seed 0.*seed 1"),
        ({"skip_bad": True}, r"skip bad frames \(False then, True now\)"),
        ({"shard_frames": None}, r"shards \(5 then, 0 now\)"),
    ):
        with pytest.raises(ValueError, match=f"cannot resume.*{message}"):
            prepare("vkitti1", tree, path.parent, resume=True, **SHARDED | other)
    assert {p: p.read_bytes() for p in path.parent.rglob("*.*")} == before


def test_resuming_where_nothing_is_unfinished_starts_anew(tree, path, tmp_path):
    new = prepare("vkitti1", tree, path.parent, scale=1, resume=True, **SHARDED)
    assert len(shards_of(path)) == 5
    assert contents(new) != contents(
        prepare("vkitti1", tree, tmp_path / "one", resume=True, split="random")
    )


def test_shards_of_another_version_are_not_kept(tree, tmp_path, monkeypatch, bars):
    # Version 0.1 stored photographs without turning them upright.
    finished, stopped = tmp_path / "finished", tmp_path / "stopped"
    arguments = {"workers": 1, "progress": True} | SHARDED
    with monkeypatch.context() as before:
        before.setattr("segnet.data.prepare.plan.__version__", "0.1.0")
        old = shards_of(prepare("vkitti1", tree, finished, **arguments))
        with stopping_after(12, bars):
            prepare("vkitti1", tree, stopped, **arguments)
    bars.seen.clear()
    new = shards_of(prepare("vkitti1", tree, finished, resume=True, **arguments))
    assert bars.seen == [("verify", 0, "shard"), ("prepare", FRAMES, "frame")]
    assert (len(old), len(new)) == (5, 5)
    assert not set(old) & set(new)
    message = rf"cannot resume.* segnet \('0.1.0' then, '{__version__}' now\)"
    with pytest.raises(ValueError, match=message):
        prepare("vkitti1", tree, stopped, resume=True, **arguments)


def test_only_shards_that_are_as_they_should_be_are_kept(tree, path, tmp_path):
    data = shutil.copytree(tree, tmp_path / "data")
    before = contents(path)
    train = shards_of(path)[:4]
    content = bytearray(train[3].read_bytes())
    content[-1] ^= 1
    train[3].write_bytes(content)
    train[2].unlink()
    with open_store(train[0]) as store:
        name = store["train"].frame_ids[0]
    os.utime(data / RGB / f"{name}.png", ns=(1, 1))
    prepare("vkitti1", data, path.parent, resume=True, workers=1, **SHARDED)
    assert contents(path) == before
    assert [p for p in train if p.exists()] == [train[1]]


def test_a_damaged_journal_is_an_error(tree, path):
    journal = path.parent / "shards" / "unfinished.json"
    for text in ("{", "[]", '{"settings": {}, "finished": {"../x": "0"}}'):
        journal.write_text(text)
        with pytest.raises(ValueError, match=f"{journal}: damaged.*start anew"):
            prepare("vkitti1", tree, path.parent, resume=True, **SHARDED)
    prepare("vkitti1", tree, path.parent, **SHARDED)
    assert len(shards_of(path)) == 5


def test_starting_anew_leaves_nothing_of_the_run_before(tree, path, bars):
    old = contents(path)
    with stopping_after(12, bars):
        arguments = {"workers": 1, "scale": 2, "progress": True} | SHARDED
        prepare("vkitti1", tree, path.parent, **arguments)
    assert contents(path) == old
    assert len(shards_of(path)) == 5 + 2 + 1
    (path.parent / "shards" / "notes.txt").write_text("mine")
    prepare("vkitti1", tree, path.parent, scale=1, **SHARDED)
    assert len(shards_of(path)) == 5 + 1
    prepare("vkitti1", tree, path.parent, scale=1)
    assert [p.name for p in shards_of(path)] == ["notes.txt"]


def test_shards_of_a_damaged_store_stay_until_there_is_a_new_one(tree, path, bars):
    old = shards_of(path)
    path.write_bytes(path.read_bytes()[:-1])
    with stopping_after(1, bars):
        prepare("vkitti1", tree, path.parent, workers=1, progress=True, **SHARDED)
    assert shards_of(path) == old
    prepare("vkitti1", tree, path.parent, **SHARDED)
    assert len(shards_of(path)) == 5
    assert not set(shards_of(path)) & set(old)


def test_shards_of_a_renamed_store_stay(tree, path):
    old = contents(path)
    kept = path.rename(path.with_name("kept.h5"))
    prepare("vkitti1", tree, path.parent, scale=1, **SHARDED)
    assert contents(kept) == old
    assert len(shards_of(path)) == 10


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_frame_is_named_and_the_old_sharded_store_stays(
    tree, path, tmp_path, workers
):
    old = contents(path)
    data = shutil.copytree(tree, tmp_path / "data")
    with open_store(path) as store:
        bad = data / SCENEGT / f"{store['val'].frame_ids[0]}.png"
    whole = bad.read_bytes()
    Image.new("RGB", (36, 24), (1, 1, 1)).save(bad)
    with pytest.raises(ValueError, match="colour") as caught:
        prepare("vkitti1", data, path.parent, workers=workers, **SHARDED)
    assert str(caught.value).startswith(str(bad))
    assert contents(path) == old
    assert not list(path.parent.glob("shards/*.part.h5"))
    bad.write_bytes(whole)
    prepare("vkitti1", data, path.parent, workers=workers, resume=True, **SHARDED)
    assert contents(path) == old
    assert len(shards_of(path)) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_full_disk_is_an_error_and_the_old_sharded_store_stays(tree, path, tmp_path):
    old = contents(path)
    shards = prepare("vkitti1", tree, tmp_path / "new", scale=1, **SHARDED).parent
    sizes = sorted(p.stat().st_size for p in shards.glob("shards/*"))
    # The smallest shard fits under the last limit, and no other does.
    limits = [(1, 1), (sizes[0] // 2, 2), (sizes[0] - 1, 1), (sizes[0], 1)]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tree, path.parent, json.dumps(limits)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(CODE)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("File too large") == len(limits)
    assert done.stdout.count(str(path.parent)) == len(limits)
    assert contents(path) == old
    assert not list(path.parent.rglob("*.part*"))
    prepare("vkitti1", tree, path.parent, scale=1, resume=True, **SHARDED)
    assert contents(path) == contents(shards / "store.h5")
    assert len(shards_of(path)) == 5


def test_bad_frames_are_left_out_of_shards(tree, made, tmp_path):
    data = shutil.copytree(tree, tmp_path / "data")
    with open_store(made) as store:
        ids, (images, _) = store["train"].frame_ids, store["train"].load()
    # The first shard has the first four frames, the second one five.
    for index in (0, 1, 2, 3, 6):
        (data / RGB / f"{ids[index]}.png").write_bytes(b"")
    out = tmp_path / "out"
    made_now = prepare("vkitti1", data, out, skip_bad=True, workers=2, **SHARDED)
    kept = [index for index in range(19) if index not in (0, 1, 2, 3, 6)]
    with open_store(made_now) as store:
        assert store["train"].frame_ids == [ids[index] for index in kept]
        np.testing.assert_array_equal(store["train"].images[:], images[kept])
        named = [line.split(": ")[0] for line in store.skipped]
        assert named == [ids[index] for index in (0, 1, 2, 3, 6)]
        assert len(store.shard_paths) == 4
        rule = store.attributes["split_rule"]
        assert rule.endswith("; train 14, val 5, skipped as bad 5")
    for image in (data / RGB / "0001" / "clone").iterdir():
        image.write_bytes(b"")
    Image.new("RGB", (36, 24)).save(data / RGB / f"{ids[0]}.png")
    with pytest.raises(ValueError, match="all frames of val are bad"):
        prepare("vkitti1", data, tmp_path / "no", skip_bad=True, workers=1, **SHARDED)


@pytest.mark.parametrize(
    ("shard_frames", "message"), [(0, "shard_frames is 0"), (-1, "is -1")]
)
def test_shards_of_no_frames(tree, tmp_path, shard_frames, message):
    with pytest.raises(ValueError, match=message):
        prepare("vkitti1", tree, tmp_path / "out", shard_frames=shard_frames)


def test_too_many_shards_are_refused(tree, tmp_path, monkeypatch):
    monkeypatch.setattr("segnet.data.prepare.plan.MAX_SHARDS", 8)
    with pytest.raises(ValueError, match="make 24 shards.*shards of 5 frames or more"):
        prepare("vkitti1", tree, tmp_path / "out", split="random", shard_frames=1)


def test_the_command_cuts_and_resumes(tree, tmp_path, capsys):
    call = ["prepare", "vkitti1", str(tree), str(tmp_path / "out"), "--gap", "2"]
    assert main([*call, "--shard-frames", "10", "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "2 views left out at each cut" in printed
    assert "in 3 shards" in printed
    assert main([*call, "--shard-frames", "10", "--resume"]) == 0
    bad = tree / RGB / "0001" / "clone" / "00023.png"
    whole = bad.read_bytes()
    bad.write_bytes(b"")
    call += ["--shard-frames", "10", "--workers", "1"]
    assert main([*call, "--scale", "2"]) == 2
    assert "--resume continues with them" in capsys.readouterr().err
    bad.write_bytes(whole)
    assert main([*call, "--resume"]) == 2
    assert "cannot resume" in capsys.readouterr().err
    assert main([*call, "--scale", "2", "--resume"]) == 0


ROW = {
    "name": "train-00000-0123abcd.h5",
    "split": "train",
    "frames": 1,
    "bytes": 9,
    "sha256": "0" * 64,
    "seal": "0" * 64,
}


@pytest.mark.parametrize(
    "rows",
    [
        7,
        [7],
        [{}],
        [ROW | {"more": 1}],
        [ROW | {"name": "../train-00000-0123abcd.h5"}],
        [ROW | {"name": "val-00000-0123abcd.h5"}],
        [ROW | {"split": "other"}],
        [ROW | {"frames": 0}],
        [ROW | {"frames": True}],
        [ROW | {"frames": 2.0}],
        [ROW | {"sha256": "0"}],
        [ROW | {"seal": None}],
        [ROW, ROW],
    ],
)
def test_lists_of_shards_that_are_none(rows):
    with pytest.raises(ValueError, match="its list of shards"):
        manifest.from_json(json.dumps(rows))
    assert manifest.from_json(json.dumps([ROW]))[0].frames == 1


def test_hostile_sharded_stores_are_clear_errors(path):
    for do in hostile.SHARDED_CHANGES:
        changed = hostile.changed(path, path.with_name(f"{do.__name__}.h5"), do)
        with pytest.raises(ValueError, match=str(changed)):
            open_store(changed)


def test_flipped_bits_in_a_sharded_store_are_noticed(path):
    expected = contents(path)
    for target in (path, shards_of(path)[0]):
        whole = target.read_bytes()
        for number in range(24):
            bit = (number * 2 + 1) * len(whole) * 8 // 48
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << number % 8
            target.write_bytes(damaged)
            try:
                assert contents(path) == expected
            except (ValueError, OSError) as error:
                assert str(path.parent) in str(error)
        target.write_bytes(whole)


def step_and_die(number: int):
    yield
    if number == 1:
        os._exit(1)
    return number


def step_for_ever(_):
    while True:
        yield


def test_a_dead_worker_among_shards_is_an_error():
    with pytest.raises(ChildProcessError, match="worker processes died"):
        list(stepwise_map(step_and_die, range(3), print, workers=2))


def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from multiprocessing import active_children\n"
        "from segnet.system.parallel import stepwise_map\n"
        "from test_shards import step_for_ever\n"
        "for number, _ in enumerate(stepwise_map(step_for_ever, [0, 1], print, 2)):\n"
        "    if number == 0:\n"
        "        print(*(c.pid for c in active_children()), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(CODE)},
    ) as process:
        workers = [int(pid) for pid in process.stdout.readline().split()]
        process.send_signal(signal.SIGKILL)
        # Ends when the last process that has the pipe open does.
        assert process.stdout.read() == ""
    assert len(workers) == 2


def test_stores_of_the_first_layout_are_read(tmp_path):
    """Written by hand, as it was before there were seals and shards."""
    path = tmp_path / "store.h5"
    images = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    labels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) % 14
    with h5py.File(path, "w") as file:
        for name in ("train", "val"):
            group = file.create_group(name)
            group.create_dataset(
                "images", data=images, chunks=(1, 3, 4, 3), compression="gzip"
            )
            group.create_dataset(
                "labels", data=labels, chunks=(1, 3, 4), compression="gzip"
            )
            ids = [f"0001/clone/0000{index}" for index in range(2)]
            group.create_dataset("frame_ids", data=ids, dtype=h5py.string_dtype())
        file.attrs.update(
            {
                "format": "segnet-store",
                "format_version": 1,
                "class_map": VKITTI1.to_json(),
                "source": "vkitti1",
                "scale": 3.0,
                "split_rule": "by hand",
                "complete": True,
            }
        )
    with open_store(path) as store:
        assert store.shard_paths == store.damaged_shards() == []
        assert store["val"].frame_ids == ids
        np.testing.assert_array_equal(store["train"].load()[0], images)
        np.testing.assert_array_equal(store["val"].read([1])[1], labels[1:])
