"""Fetching from a server on 127.0.0.1: files received and requests needed."""

import hashlib
import shutil

import pytest
from tqdm import tqdm

from helpers.fetching import (
    GT,
    RGB,
    one,
    only_wanted,
    there,
    vkitti1_folder,  # noqa: F401
    wanted,
)
from helpers.loopback import Loopback
from helpers.tars import write_tar
from segnet.fetch import publishers


def test_only_the_wanted_frames_come(vkitti1, tmp_path):
    with Loopback(vkitti1.web) as web:
        summary = one(web, tmp_path)
    only_wanted(tmp_path, vkitti1.contents)
    assert (summary.frames, summary.files, summary.present) == (6, 13 + 2, 0)
    assert summary.received == web.sent
    assert summary.requests == len(web.log)
    assert web.connects <= 2 * (1 + 4)
    assert f"{RGB}/0001/rain: 6 frames here, 447 were published" in summary.notes


def test_bytes_stay_near_those_of_the_wanted_members(tmp_path):
    sizes = {
        f"{RGB}/{world}/{variation}/{i:05d}.png": 650_000 + 9_997 * i
        for world in publishers.FRAMES
        for variation in publishers.VARIATIONS
        for i in range(12)
    }
    (tmp_path / "web").mkdir()
    write_tar(tmp_path / "web" / f"{RGB}.tar", sizes, whole=False)
    encoding = f"{GT}/0001_rain_scenegt_rgb_encoding.txt"
    labels = {n.replace(RGB, GT): 20_000 for n in sizes} | {encoding: 900}
    write_tar(tmp_path / "web" / f"{GT}.tar", labels, whole=False)
    with Loopback(tmp_path / "web") as web:
        one(web, tmp_path / "out")
    found = there(tmp_path / "out")
    members = sum(size for name, size in (sizes | labels).items() if name in found)
    headers = sum(r.sent for r in web.log if r.stop - r.start == 512)
    assert members == sum(650_000 + 9_997 * i for i in range(12)) + 12 * 20_000 + 900
    assert web.sent <= 1.02 * (members + headers)


def test_a_second_run_only_asks_whether_the_archives_are_the_same(vkitti1, tmp_path):
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path)
        before = web.sent
        summary = one(web, tmp_path)
        assert web.sent - before == 2
    assert (summary.requests, summary.present, summary.files) == (2, 15, 15)


def test_manifest_is_one_that_sha256sum_reads(vkitti1, tmp_path):
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path)
    lines = (tmp_path / f"{RGB}.sha256").read_text().splitlines()
    name = f"{RGB}/0001/rain/00000.png"
    digest = hashlib.sha256(vkitti1.contents[name]).hexdigest()
    assert lines[0] == f"{digest}  {name}"
    assert len(lines) == len(set(lines)) == 6 + 1


def test_verify_finds_a_file_that_changed_on_disk(vkitti1, tmp_path):
    victim = tmp_path / RGB / "0001" / "rain" / "00003.png"
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path)
        content = bytearray(victim.read_bytes())
        content[100] ^= 1
        victim.write_bytes(content)
        assert one(web, tmp_path).present == 15
        summary = one(web, tmp_path, verify=True)
    assert summary.present == 14
    assert "1 files had changed on disk: fetched again" in summary.notes
    only_wanted(tmp_path, vkitti1.contents)


def test_dry_run_reports_bytes_frames_and_requests_and_writes_no_data(
    vkitti1, tmp_path
):
    with Loopback(vkitti1.web) as web:
        summary = one(web, tmp_path, dry_run=True)
        assert there(tmp_path) == {}
        before = len(web.log)
        one(web, tmp_path)
        assert len(web.log) - before == summary.requests + 2
    files = wanted(vkitti1.contents) | {
        name: c for name, c in vkitti1.contents.items() if "README" in name
    }
    assert summary.size == sum(map(len, files.values()))
    assert (summary.frames, summary.files) == (6, 15)
    assert "15 files, 6 of them frames" in str(summary)


def test_bar_counts_the_missing_bytes(vkitti1, tmp_path, monkeypatch):
    bars = []

    class Bar(tqdm):
        def __init__(self, **options):
            super().__init__(**options)
            bars.append(self)

    monkeypatch.setattr("segnet.fetch.job.tqdm", Bar)
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path, progress=True)
        shutil.rmtree(tmp_path / RGB)
        one(web, tmp_path, progress=True)
    files = there(tmp_path)
    whole = sum(map(len, files.values()))
    images = sum(len(c) for n, c in files.items() if n.startswith(RGB))
    index, first, second = bars
    lines = "".join(p.read_text() for p in (tmp_path / ".fetch").glob("*.index"))
    members = lines.count(f'"{RGB}/') + lines.count(f'"{GT}/')
    assert (index.n, index.total) == (512 * members, None)
    assert first.total == whole
    assert (first.n, second.n, second.total) == (whole, images, images)
    assert all(bar.disable for bar in bars)  # Closed, all of them.


def test_bar_is_silent_unless_asked_for(vkitti1, tmp_path, capsys):
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path / "silent")
        assert capsys.readouterr() == ("", "")
        one(web, tmp_path / "shown", progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "index vkitti1: 0.00B" in err
    assert "fetch vkitti1: 100%" in err


def test_another_choice_adds_to_the_folder(vkitti1, tmp_path):
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path)
        summary = one(web, tmp_path, worlds=["0001", "20"], variations=["rain"])
    assert (summary.frames, summary.present) == (6 + 5, 15)
    expected = {n for n in vkitti1.contents if "/0001/rain" in n or "/0020/rain" in n}
    assert expected <= set(there(tmp_path))


def test_everything_comes_in_one_pass(vkitti1, tmp_path):
    with Loopback(vkitti1.web) as web:
        worlds = {"worlds": None, "variations": None}
        with pytest.raises(ValueError, match=r"no files in 'vkitti_1.3.1_rgb/0001/15"):
            one(web, tmp_path, **worlds)
    assert len(web.log) == 2 + 1
