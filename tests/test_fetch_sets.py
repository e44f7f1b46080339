"""Fetching Virtual KITTI 2, KITTI and CamVid, and wrong calls."""

import gzip
import hashlib
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.fetching import (
    ONCE,
    QUICK,
    STUBBORN,
    there,
)
from helpers.loopback import Loopback
from helpers.tars import noise, write_tar
from segnet.fetch import FetchError, fetch, publishers

KINDS2 = {"rgb": "rgb_%05d.jpg", "classSegmentation": "classgt_%05d.png"}


@pytest.fixture
def vkitti2(tmp_path, monkeypatch):
    """Writes a small Virtual KITTI 2.0.3 to serve, its checksums as if published."""
    web = tmp_path / "web2"
    web.mkdir()
    contents, texts = {}, {}
    for kind, stem in KINDS2.items():
        names = [
            f"Scene{scene}/{variation}/frames/{kind}/Camera_{camera}/{stem % i}"
            for scene in ("01", "02")
            for variation in ("clone", "fog")
            for camera in (0, 1)
            for i in range(3)
        ]
        sizes = dict.fromkeys(names, 700)
        contents |= write_tar(web / f"vkitti_2.0.3_{kind}.tar", sizes)
    for scene in ("01", "02"):
        for variation in ("clone", "fog"):
            texts[f"Scene{scene}/{variation}/colors.txt"] = 50
    contents |= write_tar(web / "text.tar", texts)
    text = (web / "text.tar").read_bytes()
    (web / "vkitti_2.0.3_textgt.tar.gz").write_bytes(gzip.compress(text))
    for path in web.glob("vkitti*"):
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        monkeypatch.setitem(publishers.MD5, path.name, md5)
    monkeypatch.setattr(publishers, "FRAMES", {"0001": 3, "0002": 3})
    monkeypatch.setattr(publishers, "VARIATIONS", ("clone", "fog"))
    return SimpleNamespace(web=web, contents=contents)


def test_vkitti2_one_scene(vkitti2, tmp_path):
    out, choice = tmp_path / "out", {"worlds": ["Scene01"], "variations": ["fog"]}
    options = {"policy": QUICK, **choice}
    with Loopback(vkitti2.web) as web:
        summary = fetch("vkitti2", out, base_url=web.url, **options)
        expected = {n: c for n, c in vkitti2.contents.items() if "Scene01/fog/" in n}
        assert there(out) == expected
        assert (summary.frames, summary.files, summary.notes) == (6, 13, ())
        assert fetch("vkitti2", out, base_url=web.url, **options).requests == 3
        texts = sum("textgt" in r.path for r in web.log)
        fetch("vkitti2", out, ["01"], ["clone"], web.url, policy=QUICK)
        assert sum("textgt" in r.path for r in web.log) == texts + 1
    assert (out / "Scene01" / "clone" / "colors.txt").exists()


@pytest.mark.parametrize("ranges", [True, False])
def test_vkitti2_whole_with_checksums(vkitti2, tmp_path, ranges):
    with Loopback(vkitti2.web, ranges=ranges) as web:
        summary = fetch("vkitti2", tmp_path / "out", base_url=web.url, policy=QUICK)
    assert there(tmp_path / "out") == vkitti2.contents
    assert (summary.frames, summary.requests) == (24, 6)


@pytest.mark.parametrize("part", ["rgb.tar", "textgt.tar.gz"])
def test_vkitti2_wrong_checksum(vkitti2, tmp_path, part, monkeypatch):
    monkeypatch.setitem(publishers.MD5, f"vkitti_2.0.3_{part}", "0" * 32)
    with Loopback(vkitti2.web) as web:
        for _ in range(2):
            with pytest.raises(ValueError, match=f"{part}: md5 .* published is 0000"):
                fetch("vkitti2", tmp_path / "out", base_url=web.url, policy=QUICK)


def test_vkitti2_whole_is_resumed(vkitti2, tmp_path):
    out = tmp_path / "out"
    with Loopback(vkitti2.web, fault=lambda r: "403" if r.number == 4 else "") as web:
        with pytest.raises(FetchError, match="403"):
            fetch("vkitti2", out, base_url=web.url, policy=QUICK)
        web.fault = lambda r: "drop" if r.number == 8 else ""
        with pytest.raises(FetchError, match="1 times in a row"):
            fetch("vkitti2", out, base_url=web.url, policy=ONCE)
        some = there(out)
        web.fault = lambda r: ""
        summary = fetch("vkitti2", out, base_url=web.url, policy=QUICK)
    assert 0 < len(some) < len(vkitti2.contents)
    assert there(out) == vkitti2.contents
    assert summary.notes == (
        "vkitti_2.0.3_rgb.tar: md5 not checked, the download was resumed",
    )


def write_kitti(web: Path, extra: dict | None = None) -> dict:
    web.mkdir()
    kinds = ("training/image_2", "training/semantic", "testing/image_2")
    names = [f"{kind}/{i:06d}_10.png" for kind in kinds for i in range(4)]
    contents = {name: noise(name, 50_000) for name in names}
    with zipfile.ZipFile(web / "data_semantics.zip", "w") as archive:
        archive.mkdir("training")
        for name, content in (contents | (extra or {})).items():
            archive.writestr(name, content)
    return contents


def test_kitti_goes_on_at_the_byte_reached(tmp_path):
    contents, out = write_kitti(tmp_path / "web"), tmp_path / "out"
    with Loopback(tmp_path / "web", fault=lambda r: "drop" * (r.number == 2)) as web:
        with pytest.raises(FetchError, match="run the same command again"):
            fetch("kitti", out, base_url=web.url, policy=ONCE)
        summary = fetch("kitti", out, base_url=web.url, policy=ONCE)
        size = (tmp_path / "web" / "data_semantics.zip").stat().st_size
        assert web.sent == size + 2
        assert fetch("kitti", out, base_url=web.url).requests == 1
    assert there(out) == contents
    assert (summary.frames, summary.files) == (8, 12)
    assert not list((out / ".fetch").glob("*.zip*part"))


@pytest.mark.parametrize("name", ["../out.png", "/abs.png", "a\\b.png", "C:x.png"])
def test_kitti_hostile_zip(tmp_path, name):
    write_kitti(tmp_path / "web", {name: b"x"})
    with Loopback(tmp_path / "web") as web:
        with pytest.raises(ValueError, match="refused member"):
            fetch("kitti", tmp_path / "out", base_url=web.url, policy=QUICK)
    assert there(tmp_path / "out") == {}


def test_kitti_link_in_a_zip(tmp_path):
    link = zipfile.ZipInfo("training/link")
    link.external_attr = 0o120777 << 16
    write_kitti(tmp_path / "web", {link: "/etc"})
    with Loopback(tmp_path / "web") as web:
        with pytest.raises(ValueError, match="refused member .*a symbolic link"):
            fetch("kitti", tmp_path / "out", base_url=web.url, policy=QUICK)


def test_kitti_damaged_zip(tmp_path):
    write_kitti(tmp_path / "web")
    path = tmp_path / "web" / "data_semantics.zip"
    content = bytearray(path.read_bytes())
    content[60_000] ^= 1
    path.write_bytes(content)
    with Loopback(tmp_path / "web") as web:
        with pytest.raises(ValueError, match="damaged archive .Bad CRC-32"):
            fetch("kitti", tmp_path / "out", base_url=web.url, policy=QUICK)


def write_camvid(web: Path) -> dict:
    contents = {}
    for split in ("train", "val", "test"):
        names = [
            f"{split}{kind}/seq_{i}.png" for i in range(3) for kind in ("", "annot")
        ]
        contents |= {name: noise(name, 900) for name in names}
        pairs = [f"/SegNet/CamVid/{name}" for name in names]
        lines = [f"{a} {b}" for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
        contents[f"{split}.txt"] = "\n".join(lines).encode()
    for name, content in contents.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_bytes(content)
    return contents


@pytest.mark.parametrize("fault", ["", "503", "silent", "chunked", "chunks"])
def test_camvid(tmp_path, fault):
    contents = write_camvid(tmp_path / "web")

    def now_and_then(request):
        return fault if request.number % 4 == 3 else ""

    with Loopback(tmp_path / "web", fault=now_and_then) as web:
        summary = fetch("camvid", tmp_path / "out", base_url=web.url, policy=STUBBORN)
        assert there(tmp_path / "out") == contents
        assert (summary.frames, summary.files) == (9, 21)
        web.fault = lambda r: ""
        (tmp_path / "out" / "val" / "seq_1.png").write_bytes(b"torn")
        again = fetch("camvid", tmp_path / "out", base_url=web.url, policy=QUICK)
        assert (again.present, again.requests) == (20, 3 + 1)


def test_camvid_list_with_foreign_paths(tmp_path):
    write_camvid(tmp_path / "web")
    (tmp_path / "web" / "val.txt").write_text("/x/val/../../evil.png")
    with Loopback(tmp_path / "web") as web:
        with pytest.raises(ValueError, match="names .*evil.png': not a path of camvid"):
            fetch("camvid", tmp_path / "out", base_url=web.url, policy=QUICK)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("cityscapes", {}, "needs an account.*register.*csDownload"),
        (
            "vkitti3",
            {},
            "unknown dataset 'vkitti3'; choose from vkitti1, vkitti2, kitti",
        ),
        ("vkitti1", {"worlds": ["0003"]}, "unknown world '0003'; choose from 0001"),
        ("vkitti2", {"variations": ["snow"]}, "unknown variation 'snow'; choose from"),
        ("kitti", {"worlds": ["0001"]}, "kitti has no worlds or variations"),
        ("vkitti1", {"connections": 0}, "connections is 0; at least 1"),
        ("vkitti1", {"base_url": "ftp://host/x"}, "cannot fetch 'ftp://host/x/vkitti"),
        ("vkitti1", {"base_url": "http://me:secret@host"}, "without user name"),
    ],
)
def test_wrong_calls(tmp_path, name, options, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        fetch(name, tmp_path, **options)
