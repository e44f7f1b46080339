"""HTTP requests through urllib3: kept connections, proxies, redirects, refusals."""

import random
import re
import threading
from dataclasses import dataclass
from urllib.parse import unquote, urljoin
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    NewConnectionError,
    ProxyError,
)
from urllib3.util import make_headers, parse_url

from segnet import __version__

HEADERS = {"User-Agent": f"segnet/{__version__}", "Accept-Encoding": "identity"}
MOST_REDIRECTS = 5
SMALL_BODY = 1 << 16
RETRIED = {408, 425, 429, 500, 502, 503, 504}
ADVICE = {
    401: "the server wants an account",
    403: "the server refuses; does this dataset need an account?",
    404: "is the base URL right? The file names below it are the publisher's",
    410: "the file was taken down; name a mirror as base URL",
    416: "the file is empty or shorter than it was",
}
WEB = ("http", "https")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class FetchError(OSError):
    """A download that cannot go on; the message names the URL and a way out."""


class Cancelled(Exception):
    """Another worker failed or the user stopped: leave quietly."""


class TransientError(Exception):
    """A failure that may pass; `response` is the server's answer, if there was one."""

    def __init__(self, message: str, response: urllib3.BaseHTTPResponse | None = None):
        super().__init__(message)
        self.response = response


FAILURES = (TransientError, HTTPError)


@dataclass(frozen=True)
class RetryPolicy:
    """Time-outs, and how often and when to try again.

    Args:
        timeout: Seconds without a byte after which a connection counts as stalled.
        tries: Failures in a row, without real progress between them, before giving up.
        first_wait: Longest wait after the first failure in seconds; each further one
            is twice as long. Half of each wait is random, so that several connections
            do not return at the same moment.
        longest_wait: Upper bound of a wait in seconds.
        slowest: Bytes/s; less than this over `timeout` seconds is a stall too.
    """

    timeout: float = 30.0
    tries: int = 11
    first_wait: float = 0.05
    longest_wait: float = 30.0
    slowest: int = 1024

    def counter(self, connect: int | None = None) -> "Backoff":
        """Returns a counter without failures.

        Args:
            connect: Smaller limit for failures to connect; None: `tries`.
        """
        return Backoff(
            total=self.tries - 1,
            connect=None if connect is None else min(connect, self.tries) - 1,
            backoff_factor=self.first_wait,
            backoff_max=self.longest_wait,
        )


class Backoff(urllib3.Retry):
    """`urllib3.Retry` that waits after the first failure too, at random lengths."""

    def get_backoff_time(self) -> float:
        """Returns the seconds to wait after the failures counted so far."""
        wait = self.backoff_factor * 2 ** (len(self.history) - 1)
        # A server that refuses connections is down rather than busy.
        if isinstance(self.history[-1].error, NewConnectionError | ProxyError):
            wait *= 10
        return min(wait, self.backoff_max) * random.uniform(0.5, 1.0)


class Traffic:
    """Requests sent and body bytes received, over all connections."""

    def __init__(self):
        self.requests = 0
        self.received = 0
        self._lock = threading.Lock()

    def add(self, requests: int = 0, received: int = 0) -> None:
        with self._lock:
            self.requests += requests
            self.received += received


class Client:
    """Sends GET requests from any thread; connections stay open between them.

    Args:
        policy: Time-outs and retries.
        connections: Connections kept for each host.
    """

    def __init__(self, policy: RetryPolicy, connections: int):
        self.policy = policy
        self.traffic = Traffic()
        self._options = {"maxsize": connections + 1, "timeout": policy.timeout}
        self._managers: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def get(
        self, url: str, headers: dict, accepted: tuple[int, ...]
    ) -> tuple[str, urllib3.BaseHTTPResponse]:
        """Returns the address that answered and its answer, whose body is unread.

        Args:
            url: The address; redirects are followed.
            headers: Request headers besides the usual ones.
            accepted: Statuses to return; others raise.

        Raises:
            TransientError: A status that may pass (429, 5xx).
            urllib3.exceptions.HTTPError: No connection, or one that broke.
            FetchError: Any other status.
            ValueError: An address or a proxy that cannot be used.
        """
        # Each address has its own proxy, so redirects are not left to the manager.
        for _ in range(MOST_REDIRECTS + 1):
            self.traffic.add(requests=1)
            response = self._manager(url).request(
                "GET",
                url,
                headers=HEADERS | headers,
                preload_content=False,
                decode_content=False,
                redirect=False,
                retries=False,
            )
            if response.status in accepted:
                _refuse_encoding(url, response)
                return url, response
            location = response.get_redirect_location()
            _discard(response)
            if not location:
                raise _refusal(url, response)
            url = urljoin(url, location)
        raise FetchError(f"{url}: redirected in circles; is the URL right?")

    def close(self) -> None:
        """Closes the connections that are not in use."""
        for manager in self._managers.values():
            manager.clear()

    def _manager(self, url: str) -> urllib3.PoolManager:
        proxy = proxy_for(url)
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = _new_manager(proxy, self._options)
            return self._managers[proxy]


def proxy_for(url: str) -> str:
    """Returns the proxy that the environment names for an address, or "".

    Raises:
        ValueError: An address that is not http(s), or holds a user name.
    """
    try:
        parts = parse_url(url)
    except LocationParseError:
        parts = None
    if not parts or parts.scheme not in WEB or not parts.host or parts.auth:
        raise ValueError(
            f"cannot fetch {url!r}: give a base URL like https://host/folder, without"
            " user name or password"
        )
    if parts.host in LOCAL_HOSTS or proxy_bypass(parts.netloc):
        return ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    return proxy if "//" in proxy or not proxy else f"http://{proxy}"


def content_range(response: urllib3.BaseHTTPResponse) -> tuple[int, int | None]:
    """Returns the first byte and the file's size (None: unknown) of a 206 answer."""
    text = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", text.strip())
    if not match:
        raise TransientError(f"a range answer with Content-Range {text!r}")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def content_length(response: urllib3.BaseHTTPResponse) -> int | None:
    """Returns the promised size of the body, or None."""
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


def _new_manager(proxy: str, options: dict) -> urllib3.PoolManager:
    if not proxy:
        return urllib3.PoolManager(**options)
    parts = parse_url(proxy)
    if parts.scheme not in WEB:
        raise ValueError(
            f"cannot use the {parts.scheme} proxy that the environment names: only"
            " http and https proxies work; change or unset http_proxy, https_proxy,"
            " all_proxy"
        )
    login = parts.auth and make_headers(proxy_basic_auth=unquote(parts.auth))
    address = parts._replace(auth=None).url
    return urllib3.ProxyManager(address, proxy_headers=login, **options)


def _discard(response: urllib3.BaseHTTPResponse) -> None:
    """Ends an answer that is not wanted; a short one leaves its connection usable."""
    length = content_length(response)
    if length is not None and length <= SMALL_BODY:
        response.drain_conn()
    response.close()


def _refuse_encoding(url: str, response: urllib3.BaseHTTPResponse) -> None:
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        response.close()
        raise FetchError(
            f"{url}: sent as {encoding} though plain bytes were asked for; name another"
            " mirror"
        )


def _refusal(url: str, response: urllib3.BaseHTTPResponse) -> Exception:
    status = f"HTTP {response.status} {response.reason}".strip()
    if response.status in RETRIED:
        return TransientError(status, response)
    advice = ADVICE.get(response.status, "is the URL right?")
    return FetchError(f"{url}: {status}; {advice}")
