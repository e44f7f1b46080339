"""Failing servers and killed runs: the right bytes or a clear error."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from helpers.fetching import (
    HASTY,
    LOADER,
    QUICK,
    RGB,
    STUBBORN,
    one,
    only_wanted,
    there,
    vkitti1_folder,  # noqa: F401
    write_vkitti1,
)
from helpers.loopback import Loopback
from helpers.tars import write_tar
from segnet.fetch import FetchError, RetryPolicy

PASSING = (
    *("drop", "stall", "drip", "long", "short", "less", "more", "ignore", "shifted"),
    *("silent", "garbage", "429", "500", "503", "close"),
)
LASTING = {
    "drop": "times in a row",
    "stall": "timed out|stalled|ended",
    "drip": "stalled|ended",
    "short": "ended .* bytes early|times in a row",
    "ignore": "the whole file instead of a range",
    "shifted": "the answer starts at",
    "silent": "times in a row",
    "garbage": "times in a row",
    "503": "HTTP 503 Service Unavailable .3 times in a row.",
    "changed": "changed on the server while it was being read .ETag was",
    "grown": "changed on the server .*size was",
    "gzip": "sent as gzip though plain bytes",
    "loop": "redirected in circles",
    "404": "HTTP 404 Not Found; is the base URL right",
    "403": "HTTP 403 Forbidden; the server refuses",
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_ends_in_the_right_bytes(vkitti1, tmp_path, fault):
    slow = fault in ("stall", "drip")

    def every_now_and_then(request):
        return fault if request.number % (17 if slow else 3) == 2 else ""

    with Loopback(vkitti1.web, fault=every_now_and_then) as web:
        one(web, tmp_path, policy=HASTY if slow else STUBBORN)
    only_wanted(tmp_path, vkitti1.contents)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_ends_in_a_clear_error(vkitti1, tmp_path, fault):
    slow = fault in ("stall", "drip")
    policy = RetryPolicy(0.15 if slow else 3.0, 3, first_wait=0.002, longest_wait=0.01)
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path, dry_run=True)
        web.fault = lambda r: fault if r.path == f"/{RGB}.tar" and r.start else ""
        with pytest.raises(FetchError, match=LASTING[fault]) as caught:
            one(web, tmp_path, policy=policy)
        assert f"{web.url}/{RGB}.tar" in str(caught.value)
        web.fault = lambda request: ""
        one(web, tmp_path)
    only_wanted(tmp_path, vkitti1.contents)


def test_an_archive_that_is_replaced_in_mid_download(vkitti1, tmp_path):
    web, tar = tmp_path / "web", tmp_path / "web" / f"{RGB}.tar"
    shutil.copytree(vkitti1.web, web)
    with Loopback(web) as server:
        one(server, tmp_path / "out", dry_run=True)

        def replaced(request):
            os.utime(tar, (0, len(server.log)))
            return ""

        server.fault = replaced
        with pytest.raises(FetchError, match="changed on the server .*run again"):
            one(server, tmp_path / "out")
        server.fault = lambda request: ""
        one(server, tmp_path / "out")
    only_wanted(tmp_path / "out", vkitti1.contents)


def test_faults_of_all_kinds_at_once(vkitti1, tmp_path):
    rng = random.Random(5)
    kinds = [kind for kind in PASSING if kind not in ("stall", "drip")]

    def fault(request):
        return rng.choice(kinds) if rng.random() < 0.4 else ""

    with Loopback(vkitti1.web, fault=fault) as web:
        one(
            web,
            tmp_path,
            policy=STUBBORN,
        )
    only_wanted(tmp_path, vkitti1.contents)


def test_no_server_at_all(tmp_path):
    with Loopback(tmp_path) as web:
        pass
    with pytest.raises(FetchError, match="refused .3 times in a row.; check the addr"):
        one(web, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bar_that_raises_stops_all_and_the_next_run_goes_on(tmp_path, monkeypatch):
    contents = write_vkitti1(tmp_path / "web", size=400_000)

    updates = []

    def raise_in_mid_download(bar, count):
        updates.append(count)
        if len(updates) == 5:
            raise KeyboardInterrupt

    with Loopback(tmp_path / "web") as web:
        one(web, tmp_path / "out", dry_run=True)
        monkeypatch.setattr("tqdm.tqdm.update", raise_in_mid_download)
        with pytest.raises(KeyboardInterrupt):
            one(web, tmp_path / "out")
        monkeypatch.undo()
        assert not list((tmp_path / "out").rglob("*.part"))
        one(web, tmp_path / "out")
    only_wanted(tmp_path / "out", contents)


def test_killed_and_resumed(tmp_path):
    contents = write_vkitti1(tmp_path / "web", size=200_000)
    out, rng = tmp_path / "out", random.Random(2)
    with Loopback(tmp_path / "web") as web:
        for _ in range(4):
            child = subprocess.Popen(
                [sys.executable, "-c", LOADER, str(out), web.url],
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
            assert child.stdout.readline() == b"go\n"
            time.sleep(rng.uniform(0.0, 0.06))
            child.send_signal(signal.SIGKILL)
            child.communicate()
            whole = {n: c for n, c in there(out).items() if not n.endswith(".part")}
            assert whole.items() <= contents.items()
        one(web, out)
    only_wanted(out, contents)


def test_two_fetches_into_one_folder(vkitti1, tmp_path, monkeypatch):
    second = []

    def fetch_again(bar, count):
        if not second:
            second.append(True)
            with pytest.raises(OSError, match="another fetch is writing into"):
                one(web, tmp_path)

    monkeypatch.setattr("tqdm.tqdm.update", fetch_again)
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path)
    assert second


def test_full_disk_is_reported_before_anything_is_fetched(
    vkitti1, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "shutil.disk_usage", lambda path: SimpleNamespace(free=30_000, total=1)
    )
    with Loopback(vkitti1.web) as web:
        with pytest.raises(OSError, match=r"0\.1 MB are needed, 0\.0 MB are free"):
            one(web, tmp_path)
    assert there(tmp_path) == {}


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("validators", [True, False])
def test_without_ranges_one_pass_stops_early(tmp_path, length, validators):
    contents = write_vkitti1(tmp_path / "web")
    for path in (tmp_path / "web").iterdir():
        os.truncate(path, path.stat().st_size - 1024)
        with open(path, "ab") as file:
            top = path.stem
            write_tar(tmp_path / "more", {f"{top}/9999/late.png": 1 << 27}, whole=False)
            file.write((tmp_path / "more").read_bytes()[:512])
            file.truncate(file.tell() + (1 << 27) + 1024)
    options = {"ranges": False, "length": length, "validators": validators}
    with Loopback(tmp_path / "web", **options) as web:
        summary = one(web, tmp_path / "out")
        only_wanted(tmp_path / "out", contents)
        assert web.sent < 1 << 26
        assert (summary.frames, summary.requests) == (6, 4)
        assert one(web, tmp_path / "out").requests == 2
        (tmp_path / "out" / RGB / "0001" / "rain" / "00001.png").unlink()
        one(web, tmp_path / "out")
    only_wanted(tmp_path / "out", contents)


@pytest.mark.parametrize("fault", ["drop", "503", "silent", "stall"])
def test_without_ranges_faults_start_the_pass_again(vkitti1, tmp_path, fault):
    def first_passes(request):
        return "" if request.number in (1, 3, 4, 6) else fault

    with Loopback(vkitti1.web, ranges=False, fault=first_passes) as web:
        one(web, tmp_path, policy=HASTY if fault == "stall" else QUICK)
    only_wanted(tmp_path, vkitti1.contents)
