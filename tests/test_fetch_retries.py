"""Repeated requests, and requests through a proxy."""

import base64
import time
from email.utils import formatdate

import pytest
from urllib3.exceptions import NewConnectionError

from helpers.fetching import (
    QUICK,
    RGB,
    one,
    only_wanted,
    vkitti1_folder,  # noqa: F401
)
from helpers.loopback import Loopback
from segnet.fetch import FetchError, RetryPolicy
from segnet.fetch.client import TransientError, proxy_for

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def waits(error: Exception, count: int) -> list[float]:
    counter, seconds = RetryPolicy(first_wait=0.5, longest_wait=30).counter(), []
    for _ in range(count):
        counter = counter.increment("GET", "http://host/file", error=error)
        seconds.append(counter.get_backoff_time())
    return seconds


def test_waits_are_short_at_first_and_double_up_to_a_bound():
    found = waits(TransientError("HTTP 503"), 9)
    longest = [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    for seconds, most in zip(found, longest, strict=True):
        assert most / 2 <= seconds <= most


def test_waits_differ_so_that_connections_do_not_return_at_once():
    assert len({waits(TransientError("HTTP 503"), 1)[0] for _ in range(5)}) == 5


def test_a_server_that_refuses_connections_gets_ten_times_as_long():
    found = waits(NewConnectionError(None, "refused"), 5)
    for seconds, most in zip(found, [5, 10, 20, 30, 30], strict=True):
        assert most / 2 <= seconds <= most


def once(fault: str):
    """Returns a fault for one header request only."""
    met = []

    def choose(request) -> str:
        if request.start and not met:
            met.append(request)
            return fault
        return ""

    return choose


@pytest.mark.parametrize("kind", ["seconds", "date"])
def test_retry_after_is_respected(vkitti1, tmp_path, kind):
    later, times = int(time.time()) + 3, []
    text = "1" if kind == "seconds" else formatdate(later, usegmt=True)
    choose = once(f"later:{text}")

    def fault(request):
        times.append((time.time(), choose(request)))
        return times[-1][1]

    with Loopback(vkitti1.web, fault=fault) as web:
        one(web, tmp_path, connections=1)
    only_wanted(tmp_path, vkitti1.contents)
    (met,) = (at for at, (_, fault) in enumerate(times) if fault)
    earliest = times[met][0] + 0.99 if kind == "seconds" else later
    assert times[met + 1][0] >= earliest


def test_an_unreadable_retry_after_does_no_harm(vkitti1, tmp_path):
    with Loopback(vkitti1.web, fault=once("later:soon")) as web:
        one(web, tmp_path)
    only_wanted(tmp_path, vkitti1.contents)


def test_a_server_that_never_answers_does_not_hold_up_the_end(vkitti1, tmp_path):
    """One request is refused while another waits for an answer, for 30 s at most."""
    with Loopback(vkitti1.web) as web:
        one(web, tmp_path, dry_run=True)

        def fault(request):
            if not request.start:
                return ""
            return "mute" if request.number % 2 else "403"

        web.fault = fault
        began = time.monotonic()
        with pytest.raises(FetchError, match="HTTP 403 Forbidden"):
            one(web, tmp_path, policy=RetryPolicy())
        assert time.monotonic() - began < 10
    assert not list(tmp_path.rglob("*.part"))


def test_environment_names_the_proxy(monkeypatch):
    assert proxy_for("http://host/file") == ""
    monkeypatch.setenv("all_proxy", "http://all:1")
    monkeypatch.setenv("http_proxy", "plain:2")
    assert proxy_for("http://host/file") == "http://plain:2"
    assert proxy_for("https://host/file") == "http://all:1"
    assert proxy_for("http://127.0.0.1:5/file") == ""
    assert proxy_for("http://[::1]:5/file") == ""
    monkeypatch.setenv("no_proxy", ".host.org")
    assert proxy_for("http://data.host.org/file") == ""


def test_proxy_with_a_password(vkitti1, tmp_path, monkeypatch):
    with Loopback(vkitti1.web) as web:
        proxy = web.url.replace("http://", "http://us%40er:secret@")
        monkeypatch.setenv("http_proxy", proxy)
        one(web, tmp_path, base_url="http://data.invalid")
    only_wanted(tmp_path, vkitti1.contents)
    login = base64.b64encode(b"us@er:secret").decode()
    assert web.log[0].headers["Proxy-Authorization"] == f"Basic {login}"
    assert web.log[0].path == f"http://data.invalid/{RGB}.tar"


def test_a_proxy_of_another_kind_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "socks5://me:secret@host:1")
    with pytest.raises(ValueError, match="cannot use the socks5 proxy") as caught:
        one(None, tmp_path, base_url="http://data.invalid", policy=QUICK)
    assert "secret" not in str(caught.value)


def test_an_address_without_a_host(tmp_path):
    for address in ("http://", "host/folder", "http://host:70000"):
        with pytest.raises(ValueError, match="give a base URL like"):
            one(None, tmp_path, base_url=address)
