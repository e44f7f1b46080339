"""`replacing`: the old file or the new one, never a part."""

import pytest

from segnet.system.files import replacing


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
