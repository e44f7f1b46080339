"""`replacing`: the old file or the new one, never a part."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segnet.runs import folder as run_folder
from segnet.system.files import remove_parts, replacing, replacing_all

CODE = Path(__file__).parents[1] / "Code"
WRITER = """
import sys
from pathlib import Path
from segnet.system.files import replacing_all
folder, content = Path(sys.argv[1]), sys.argv[2] * 1000
for _ in range(100):
    with replacing_all(folder / "index.json", folder / "card.json") as parts:
        for part in parts:
            part.write_text(content)
"""


def test_a_block_that_ends_well_replaces(tmp_path):
    path = tmp_path / "made" / "store.h5"
    for content in ("old", "new"):
        with replacing(path) as part:
            assert part.parent == path.parent
            assert part.suffix == ".h5"
            part.write_text(content)
        assert path.read_text() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_raises_leaves_the_old_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(KeyError), replacing(path) as part:
        part.write_text("half")
        raise KeyError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "old"


def test_processes_that_write_one_file_do_not_disturb_each_other(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(CODE)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for name in "abcd"
    ]
    errors = [writer.communicate()[1] for writer in writers]
    assert errors == [""] * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "card.json",
        "index.json",
    ]
    for path in tmp_path.iterdir():
        content = path.read_text()
        assert len(content) == 1000 and len(set(content)) == 1


def test_two_blocks_at_once_have_names_of_their_own(tmp_path):
    path = tmp_path / "report.json"
    with replacing(path) as first, replacing(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path):
    path, other = tmp_path / "store.h5", tmp_path / "LOG"
    left = [tmp_path / "store.0123abcd.part.h5", tmp_path / "LOG.0123abcd.part"]
    kept = [
        path,
        tmp_path / "store.part.h5",
        tmp_path / "store.0123abcd.h5",
        tmp_path / "storeX0123abcd.part.h5",
        tmp_path / "shard.0123abcd.part.h5",
        tmp_path / "store.0123abcd.part.json",
    ]
    for one in (*left, *kept):
        one.write_text("")
    remove_parts(path, other)
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_an_error_names_the_final_file(tmp_path):
    path = tmp_path / "report.json"
    with pytest.raises(OSError) as caught, replacing(path) as part:
        raise OSError(errno.ENOSPC, "No space left on device", str(part))
    assert caught.value.filename == str(path)
    with pytest.raises(OSError) as caught, replacing_all(path, tmp_path / "b") as parts:
        raise OSError(errno.EACCES, "Permission denied", str(parts[1]))
    assert caught.value.filename == str(tmp_path / "b")
    with pytest.raises(OSError) as caught, replacing(path):
        raise OSError(errno.EIO, "Input/output error")
    assert caught.value.filename == str(path)


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be synced there")
def test_the_folder_is_synced_after_the_rename(tmp_path, monkeypatch):
    path, synced = tmp_path / "report.json", []
    inode = tmp_path.stat().st_ino

    def fsync(handle):
        synced.append((os.fstat(handle).st_ino == inode, path.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with replacing(path) as part:
        part.write_text("new")
    assert synced == [(False, False), (True, True)]


def test_a_run_removes_what_a_killed_one_left(tmp_path):
    for name in ("best.0123abcd.part.keras", "last.0123abcd.part.npz"):
        (tmp_path / name).write_text("half")
    with run_folder.claimed(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [run_folder.LOCK]
