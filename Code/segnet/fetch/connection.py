"""One kept HTTP connection: requests, redirects, proxies, and what can go wrong."""

import base64
import http.client
import re
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from segnet import __version__

REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 5
RETRIED = {408, 425, 429, 500, 502, 503, 504}
ADVICE = {
    401: "the server wants an account",
    403: "the server refuses; does this set need an account?",
    404: "is the base URL right? The file names below it are the publisher's",
    410: "the file was taken down; name a mirror as base URL",
    416: "the file is empty or shorter than it was",
}
ENDS = ("localhost", "127.0.0.1", "::1")


class FetchError(OSError):
    """A download that cannot go on; the message names the URL and a way out."""


class Halted(Exception):
    """Another worker failed or the user stopped: leave quietly."""


class Fault(Exception):
    """Something that may go away; `after` is the pause the server asked for, in s."""

    def __init__(self, message: str, after: float = 0.0):
        super().__init__(message)
        self.after = after


@dataclass(frozen=True)
class Patience:
    """How long to wait and how often to try.

    Args:
        timeout: Seconds without a byte before a connection counts as stalled.
        tries: Failures in a row, without real progress between, before giving up.
        base: First pause in seconds; each further one is twice as long.
        cap: Longest pause in seconds.
        slowest: Bytes/s; slower than this over `timeout` seconds is a stall too.
    """

    timeout: float = 30.0
    tries: int = 8
    base: float = 0.5
    cap: float = 30.0
    slowest: int = 1024


@dataclass(frozen=True)
class Remote:
    """What a server says about a file; `size` is None when it does not tell."""

    url: str
    size: int | None
    ranges: bool
    etag: str = ""
    modified: str = ""

    @property
    def condition(self) -> str:
        """The value for If-Range; a weak ETag may not stand there."""
        return (
            self.modified if self.etag.startswith("W/") else self.etag or self.modified
        )


class Tally:
    """Requests sent and body bytes received, over all connections."""

    def __init__(self):
        self.requests = 0
        self.received = 0
        self._lock = threading.Lock()

    def add(self, requests: int = 0, received: int = 0) -> None:
        with self._lock:
            self.requests += requests
            self.received += received


class Wire:
    """Sends GET requests for one URL over a connection that is kept open."""

    def __init__(self, url: str, timeout: float, tally: Tally):
        self.url = url
        self._timeout = timeout
        self._tally = tally
        self._connection: http.client.HTTPConnection | None = None
        self._through_proxy = False

    def close(self) -> None:
        """Drops the connection; the next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def go_to(self, url: str) -> None:
        """Asks for another file from now on; the connection stays on one host."""
        if urlsplit(url)[:2] != urlsplit(self.url)[:2]:
            self.close()
        self.url = url

    def hang_up(self) -> None:
        """Wakes a thread that waits for bytes: it gets the end of the stream."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def ask(self, headers: dict, accepted: tuple) -> http.client.HTTPResponse:
        """The answer to a GET; redirects are followed and remembered.

        Args:
            headers: Request headers besides the usual ones.
            accepted: Statuses to hand back; others raise.

        Raises:
            Fault: A status that may go away (429, 5xx).
            FetchError: Any other status.
        """
        for _ in range(MOST_REDIRECTS + 1):
            response = self._send(headers)
            if response.status in accepted:
                self._refuse_coding(response)
                return response
            self.close()
            place = response.headers.get("Location")
            if response.status not in REDIRECTS or not place:
                raise self._refusal(response)
            self.url = urljoin(self.url, place)
        raise FetchError(f"{self.url}: redirected in circles; is the URL right?")

    def _send(self, headers: dict) -> http.client.HTTPResponse:
        fresh = self._connection is None
        try:
            return self._exchange(headers)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            if fresh:
                raise
        # The server had closed the kept connection meanwhile: no fault of anyone.
        return self._exchange(headers)

    def _exchange(self, headers: dict) -> http.client.HTTPResponse:
        parts = urlsplit(self.url)
        if self._connection is None:
            self._connection, self._through_proxy = _connect(parts, self._timeout)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = f"http://{parts.netloc}{path}" if self._through_proxy else path
        usual = {"User-Agent": f"segnet/{__version__}", "Accept-Encoding": "identity"}
        self._tally.add(requests=1)
        self._connection.request("GET", target, headers={**usual, **headers})
        return self._connection.getresponse()

    def _refuse_coding(self, response: http.client.HTTPResponse) -> None:
        coding = response.headers.get("Content-Encoding", "identity")
        if coding != "identity":
            self.close()
            raise FetchError(
                f"{self.url}: sent as {coding} though plain bytes were asked for;"
                " name another mirror"
            )

    def _refusal(self, response: http.client.HTTPResponse) -> Exception:
        told = f"HTTP {response.status} {response.reason}".strip()
        if response.status in RETRIED:
            asked = response.headers.get("Retry-After", "")
            return Fault(told, float(asked) if asked.isdecimal() else 0.0)
        advice = ADVICE.get(response.status, "is the URL right?")
        return FetchError(f"{self.url}: {told}; {advice}")


def content_range(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """First byte and full size (None: not told) that a 206 answer states."""
    told = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", told.strip())
    if not match:
        raise Fault(f"a range answer with Content-Range {told!r}")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def content_length(response: http.client.HTTPResponse) -> int | None:
    """The promised size of the body; None where not told."""
    told = response.headers.get("Content-Length", "")
    return int(told) if told.isdecimal() else None


def _connect(
    parts: SplitResult, timeout: float
) -> tuple[http.client.HTTPConnection, bool]:
    """A connection for a URL, and whether requests go to a plain HTTP proxy."""
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
    ):
        raise ValueError(
            f"cannot fetch {parts.geturl()!r}: give a base URL like"
            " https://host/folder, without user name or password"
        )
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    extra = {"context": ssl.create_default_context()} if secure else {}
    proxy = getproxies().get(parts.scheme)
    if not proxy or parts.hostname in ENDS or proxy_bypass(parts.hostname):
        return kind(parts.hostname, parts.port, timeout=timeout, **extra), False
    through = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    connection = kind(through.hostname, through.port or 80, timeout=timeout, **extra)
    if not secure:
        return connection, True
    login = {}
    if through.username:
        words = f"{unquote(through.username)}:{unquote(through.password or '')}"
        token = base64.b64encode(words.encode()).decode()
        login = {"Proxy-Authorization": f"Basic {token}"}
    connection.set_tunnel(parts.hostname, parts.port or 443, headers=login)
    return connection, False
