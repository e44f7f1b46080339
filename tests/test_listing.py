"""Finding files: links are followed once, and no file is lost silently."""

import shutil

import pytest

from conftest import RGB, write_vkitti
from segnet.data import READERS
from segnet.data.listing import child, folders, visible


def names(root, pattern="**/*.png"):
    return [path.relative_to(root).as_posix() for path in visible(root, pattern)]


@pytest.fixture
def root(tmp_path):
    """root/train/0.png, and elsewhere/1.png beside the root."""
    for place in ("root/train/0.png", "elsewhere/1.png"):
        path = tmp_path / place
        path.parent.mkdir(parents=True)
        path.touch()
    return tmp_path / "root"


def test_linked_folders_and_files_are_read(root):
    (root / "val").symlink_to("../elsewhere")
    (root / "train" / "2.png").symlink_to("../../elsewhere/1.png")
    assert names(root) == ["train/0.png", "train/2.png", "val/1.png"]
    assert names(root / "val", "*.png") == ["1.png"]
    assert [path.name for path in folders(root)] == ["train", "val"]


def test_the_folder_to_read_may_be_a_link_itself(root, tmp_path):
    (tmp_path / "data").symlink_to(root)
    assert names(tmp_path / "data") == ["train/0.png"]


@pytest.mark.parametrize("target", [".", "..", "/", "../train", "../../elsewhere/back"])
def test_loops_are_not_followed(root, target):
    (root.parent / "elsewhere" / "back").symlink_to("../root/train")
    (root / "train" / "loop").symlink_to(target)
    assert names(root) == ["train/0.png"]


def test_loops_through_another_folder_end(root):
    (root / "val").symlink_to("../elsewhere")
    (root.parent / "elsewhere" / "back").symlink_to("../root")
    assert names(root) == ["train/0.png", "val/1.png"]


@pytest.mark.parametrize("link", ["again", "a"])
def test_two_names_of_one_folder_are_refused(root, link):
    (root / link).symlink_to("train")
    message = rf"root/{link}: the same folder as .*root/train, whose files are read"
    with pytest.raises(ValueError, match=message):
        names(root)


@pytest.mark.parametrize("pattern", ["*.png", "**/*.png"])
@pytest.mark.parametrize("link", ["val", "1.png"])
def test_a_link_that_leads_nowhere_is_named(root, link, pattern):
    (root / link).symlink_to("../gone")
    message = rf"root/{link}: a link to \.\./gone, which does not exist; repair or"
    for look in (lambda: visible(root, pattern), lambda: folders(root)):
        with pytest.raises(FileNotFoundError, match=message):
            look()
    with pytest.raises(FileNotFoundError, match=message):
        visible(root / link, pattern)
    with pytest.raises(FileNotFoundError, match=message):
        child(root, link)


def test_hidden_files_and_folders_do_not_count(root):
    (root / ".trash").mkdir()
    (root / ".trash" / "9.png").touch()
    (root / "train" / "._0.png").touch()
    (root / ".lock").symlink_to("nowhere")
    assert names(root) == ["train/0.png"]
    assert names(root / "nothing") == [] == folders(root / "nothing")


def test_readers_follow_links_and_name_those_that_lead_nowhere(tmp_path):
    tree = write_vkitti(tmp_path / "data", ("0001",), ("clone", "fog"), 2, (24, 36))
    place = tree / RGB / "0001" / "fog"
    shutil.move(place, tmp_path / "fog")
    place.symlink_to(tmp_path / "fog")
    assert len(READERS["vkitti1"](tree).frames) == 4
    shutil.rmtree(tmp_path / "fog")
    with pytest.raises(FileNotFoundError, match="0001/fog: a link to"):
        READERS["vkitti1"](tree)
    for reader in ("camvid", "cityscapes", "kitti", "vkitti2", "camvid32"):
        for parts in ("train", "leftImg8bit/train", "training/image_2", "Scene01"):
            link = tmp_path / reader / parts
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to("gone")
        with pytest.raises(FileNotFoundError, match="a link to gone"):
            READERS[reader](tmp_path / reader)
