"""Archives that are hostile, damaged or of another format."""

import os
import random
import shutil

import pytest

from helpers.fetching import (
    GT,
    RGB,
    names_of,
    one,
    vkitti1_folder,  # noqa: F401
)
from helpers.loopback import Loopback
from helpers.tars import add_member, write_tar
from segnet.fetch.writer import StreamReader, members_of

HOSTILE = [
    (f"/{RGB}/0001/rain/00009.png", {}, "an absolute or empty path"),
    (f"{RGB}/0001/rain/../../../../out.png", {}, "a path with '..'"),
    ("../evil.png", {}, "a path with '..'"),
    ("C:/evil.png", {}, "a drive letter or backslash"),
    (f"{RGB}\\0001\\rain\\00009.png", {}, "a drive letter or backslash"),
    (f"{RGB}/0001/rain/a\nb.png", {}, "control characters"),
    (f"{RGB}/0001/rain/l.png", {"type": b"2", "linkname": "/etc"}, "a symbolic link"),
    (f"{RGB}/0001/rain/h.png", {"type": b"1", "linkname": "/etc"}, "a hard link"),
    (f"{RGB}/0001/rain/d.png", {"type": b"3"}, "a device"),
    (f"{RGB}/0001/rain/b.png", {"type": b"4"}, "a device"),
    (f"{RGB}/0001/rain/p.png", {"type": b"6"}, "a named pipe"),
    (f"{RGB}/0001/rain/s.png", {"type": b"S"}, "a sparse file"),
    (f"{RGB}/0001/rain/u.png", {"type": b"Z"}, "of an unknown type"),
    (f"{RGB}/0001/rain/00000.png", {}, "the archive holds it twice"),
    (f"{RGB}/0001/rain/00000.PNG", {}, "the archive holds it twice"),
]


@pytest.mark.parametrize("name, fields, message", HOSTILE)
@pytest.mark.parametrize("ranges", [True, False])
def test_hostile_members_are_refused(tmp_path, name, fields, message, ranges):
    web, out = tmp_path / "web", tmp_path / "deep" / "out"
    web.mkdir()
    write_tar(web / f"{RGB}.tar", {f"{RGB}/0001/rain/00000.png": 10})
    add_member(web / f"{RGB}.tar", name, **fields)
    names = [f"{GT}/0001/rain/00000.png", f"{GT}/0001_rain_scenegt_rgb_encoding.txt"]
    write_tar(web / f"{GT}.tar", dict.fromkeys(names, 10))
    with Loopback(web, ranges=ranges) as server:
        with pytest.raises(ValueError, match="refused member .*" + message):
            one(server, out)
    written = {p for p in tmp_path.rglob("*.[pP][nN][gG]") if p.is_file()}
    assert written <= {out / RGB / "0001" / "rain" / "00000.png"}


@pytest.mark.parametrize("seed", range(5))
def test_flipped_bits_end_in_an_error_or_the_same_members(tmp_path, seed):
    """Headers are guarded by their checksum; 5 x 120 flips, with and without a cut."""
    names = [name.replace("0002", "x" * 110) for name in names_of("rgb")]
    write_tar(tmp_path / "x.tar", dict.fromkeys(names, 500), format=seed % 2 + 1)
    sound, rng, outcomes = (tmp_path / "x.tar").read_bytes(), random.Random(seed), set()
    members = list(members_of(StreamReader([sound])))
    blocks = [at for m in members for at in (m.start, m.data - 512)]
    for k in range(120):
        flipped = bytearray(sound)
        flipped[rng.choice(blocks) + rng.randrange(512)] ^= 1 << rng.randrange(8)
        del flipped[rng.randrange(len(sound)) if k % 4 == 0 else len(sound) :]
        try:
            found = list(members_of(StreamReader([bytes(flipped)]), len(flipped)))
            assert found == members[: len(found)]
            outcomes.add("same")
        except ValueError as error:
            outcomes.add("error")
            assert str(error).startswith(("byte ", "refused ", "member "))
    assert "error" in outcomes


def test_a_flipped_header_on_the_server(vkitti1, tmp_path):
    web = tmp_path / "web"
    shutil.copytree(vkitti1.web, web)
    content = bytearray((web / f"{RGB}.tar").read_bytes())
    content[300] ^= 1
    (web / f"{RGB}.tar").write_bytes(content)
    with Loopback(web) as server:
        with pytest.raises(ValueError, match="byte 0: no valid tar header: bad che"):
            one(server, tmp_path / "out")


def test_cut_archive(vkitti1, tmp_path):
    web = tmp_path / "web"
    shutil.copytree(vkitti1.web, web)
    os.truncate(web / f"{RGB}.tar", 20_000)
    with Loopback(web) as server:
        with pytest.raises(
            ValueError, match="archive has only 20000 bytes|truncated header"
        ):
            one(server, tmp_path / "out")


@pytest.mark.parametrize("page", [b"<html>log in</html>" * 99, b"x" * 10])
def test_a_login_page_is_no_archive(vkitti1, tmp_path, page):
    web = tmp_path / "web"
    shutil.copytree(vkitti1.web, web)
    (web / f"{RGB}.tar").write_bytes(page)
    with Loopback(web) as server:
        with pytest.raises(ValueError, match="byte 0: no valid tar header"):
            one(server, tmp_path / "out")


def test_missing_folder_names_those_there(vkitti1, tmp_path):
    with Loopback(vkitti1.web) as web:
        with pytest.raises(ValueError, match="no files in 'vkitti_1.3.1_rgb/0001/fog'"):
            one(web, tmp_path, variations=["fog"])
