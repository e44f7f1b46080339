"""Finding members in a remote tar, and redirects to it."""

import random
import shutil
import tarfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.fetching import (
    GT,
    RGB,
    one,
    only_wanted,
    there,
    vkitti1_folder,  # noqa: F401
    write_vkitti1,
)
from helpers.loopback import Loopback
from helpers.tars import add_member, write_tar
from segnet.fetch import FetchError, publishers
from segnet.fetch.ranges import LARGEST_REQUEST, range_requests
from segnet.fetch.tar_member import Member


@pytest.mark.parametrize("order", [None, list.reverse, random.Random(3).shuffle])
@pytest.mark.parametrize("connections", [1, 3])
def test_any_order_of_members(tmp_path, order, connections):
    contents = write_vkitti1(tmp_path / "web", order=order)
    with Loopback(tmp_path / "web") as web:
        one(web, tmp_path / "out", connections=connections)
    only_wanted(tmp_path / "out", contents)


def test_sorted_archive_is_searched_not_walked(tmp_path, monkeypatch):
    monkeypatch.setattr("segnet.fetch.tar_search.SEARCH_SHARE", 0.2)
    sizes = {
        f"{RGB}/{world}/{variation}/{i:05d}.png": 30_000
        for world in ("0001", "0002", "0006", "0018", "0020")
        for variation in publishers.VARIATIONS
        for i in range(40)
    }
    web = tmp_path / "web"
    web.mkdir()
    write_tar(web / f"{RGB}.tar", sizes, whole=False)
    write_tar(web / f"{GT}.tar", {f"{GT}/0018_clone_scenegt_rgb_encoding.txt": 9})
    add_member(web / f"{GT}.tar", f"{GT}/0018/clone/00000.png")
    add_member(web / f"{GT}.tar", f"{GT}/0018/rain/00000.png")
    with Loopback(web) as server:
        summary = one(server, tmp_path / "out", worlds=["18"], variations=["clone"])
        requests = [r for r in server.log if r.path.endswith("rgb.tar")]
    assert summary.frames == 40
    assert len(requests) < 40 + 80 < len(sizes) / 10


@pytest.mark.parametrize("format", ["USTAR", "GNU", "PAX"])
def test_long_names_and_folders(tmp_path, format):
    web, long = tmp_path / "web", "x" * 120
    web.mkdir()
    code = getattr(tarfile, f"{format}_FORMAT")
    prefix = "" if format == "USTAR" else f"{long}/{long}/"
    sizes = {"./vkitti_1.3.1_rgb/": 0, f"{RGB}/other/{prefix}a.png": 700}
    sizes |= {f"./{RGB}/0001/rain/{i:05d}.png": 600 + i for i in range(3)}
    sizes |= {f"{RGB}/later/{prefix}{i}.png": 5 for i in range(3)}
    contents = write_tar(web / f"{RGB}.tar", sizes, format=code)
    encoding = f"{GT}/0001_rain_scenegt_rgb_encoding.txt"
    write_tar(web / f"{GT}.tar", {encoding: 5, f"{GT}/0001/rain/00000.png": 5})
    with Loopback(web) as server:
        one(server, tmp_path / "out")
    found = there(tmp_path / "out")
    assert {n for n in found if n.startswith(RGB)} == {
        f"{RGB}/0001/rain/{i:05d}.png" for i in range(3)
    }
    assert (
        found[f"{RGB}/0001/rain/00002.png"] == contents[f"./{RGB}/0001/rain/00002.png"]
    )


def headers_read(log: list) -> set[int]:
    requests = [request for request in log if request.path == f"/{RGB}.tar"]
    return {r.start for r in requests if r.sent == 512}


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_sizes_beyond_eight_gigabytes(tmp_path, format):
    big = {f"{RGB}/big.bin": 9 << 30, f"{RGB}/0001/rain/00000.png": 700}
    labels = [f"{GT}/0001/rain/00000.png", f"{GT}/0001_rain_scenegt_rgb_encoding.txt"]
    (tmp_path / "web").mkdir()
    write_tar(tmp_path / "web" / f"{RGB}.tar", big, whole=False, format=format)
    write_tar(tmp_path / "web" / f"{GT}.tar", dict.fromkeys(labels, 5))
    with Loopback(tmp_path / "web") as server:
        summary = one(server, tmp_path / "out")
    assert len(there(tmp_path / "out")[f"{RGB}/0001/rain/00000.png"]) == 700
    assert summary.received < 20_000


@given(
    st.lists(st.tuples(st.integers(0, 3 << 20), st.integers(0, 2 << 20)), min_size=1),
    st.integers(1, 8),
)
def test_requests_hold_every_member_once_and_little_else(spans, connections):
    members, position = [], 0
    for k, (gap, size) in enumerate(spans):
        position += gap // 512 * 512
        members.append(Member(str(k), "file", position, position + 512, size))
        position = members[-1].end
    found = range_requests(random.Random(0).sample(members, len(members)), connections)
    assert [m for request in found for m in request.members] == members
    assert all(a.stop <= b.start for a, b in pairwise(found))
    largest = max(member.end - member.start for member in members)
    assert all(p.stop - p.start <= max(LARGEST_REQUEST, largest) for p in found)
    wanted = sum(size for _, size in spans)
    fetched = sum(request.stop - request.start for request in found)
    assert fetched <= 1.005 * wanted + 1024 * len(members)


def test_index_of_a_half_walked_archive_is_used(vkitti1, tmp_path):
    with Loopback(vkitti1.web) as web:
        web.fault = lambda r: "403" if len(headers_read(web.log)) > 9 else ""
        with pytest.raises(FetchError, match="HTTP 403 .*; the server refuses"):
            one(web, tmp_path)
    first = headers_read(web.log)
    with Loopback(vkitti1.web, port=int(web.url.rpartition(":")[2])) as again:
        one(again, tmp_path)
    second = headers_read(again.log)
    assert len(first) >= 8
    assert not first & second
    only_wanted(tmp_path, vkitti1.contents)


def test_damaged_lines_of_an_index_are_read_again(vkitti1, tmp_path):
    index = tmp_path / ".fetch" / f"{RGB}.tar.index"
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path)
        whole = index.read_bytes()
        rng = random.Random(0)
        for _ in range(8):
            torn = bytearray(whole[: rng.randrange(1, len(whole))])
            torn[rng.randrange(len(torn))] ^= 1 << rng.randrange(8)
            index.write_bytes(torn)
            (tmp_path / f"{RGB}.sha256").unlink()
            one(web, tmp_path)
            only_wanted(tmp_path, vkitti1.contents)


def test_a_replaced_archive_is_fetched_anew(vkitti1, tmp_path):
    web = tmp_path / "web"
    shutil.copytree(vkitti1.web, web)
    with Loopback(web) as server:
        one(server, tmp_path / "out")
        contents = write_vkitti1(web, size=4000)
        summary = one(server, tmp_path / "out")
    assert summary.present == 0
    only_wanted(tmp_path / "out", contents)


def test_redirects_are_followed_once(vkitti1, tmp_path):
    web = tmp_path / "web"
    shutil.copytree(vkitti1.web, web)
    shutil.copytree(vkitti1.web, web / "moved")
    with Loopback(
        web, fault=lambda r: "" if r.path.startswith("/moved") else "moved"
    ) as server:
        one(server, tmp_path / "out")
    only_wanted(tmp_path / "out", vkitti1.contents)
    assert sum(not r.path.startswith("/moved") for r in server.log) == 2


def test_through_a_proxy(vkitti1, tmp_path, monkeypatch):
    with Loopback(vkitti1.web) as web:
        monkeypatch.setenv("http_proxy", web.url)
        monkeypatch.delenv("no_proxy", raising=False)
        one(web, tmp_path, base_url="http://data.invalid")
    only_wanted(tmp_path, vkitti1.contents)
    assert web.log[0].path == f"http://data.invalid/{RGB}.tar"
