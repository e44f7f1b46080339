"""Bytes of one remote file: ranges, resumed at the byte reached, checked for lies.

Whatever fails on the way (a dropped connection, a stall, a 5xx answer, fewer bytes
than promised) is tried again from the byte reached after a growing wait. A file that
changed on the server, or an answer that will not change, ends in a `FetchError` that
says what to do.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import InvalidHeader, MaxRetryError

from segnet.fetch.client import (
    FAILURES,
    Backoff,
    Cancelled,
    Client,
    FetchError,
    RetryPolicy,
    TransientError,
    content_length,
    content_range,
)

CHUNK = 1 << 18
REAL_PROGRESS = 1 << 16
CONNECT_TRIES = 3
LONGEST_RETRY_AFTER = 600.0


@dataclass(frozen=True)
class FileInfo:
    """The facts that a server reports about a file.

    Args:
        url: The address that answered, behind redirects.
        size: Bytes; None: unknown.
        ranges: The server answers requests for a part of the file.
        etag: ETag, or "".
        modified: Last-Modified, or "".
    """

    url: str
    size: int | None
    ranges: bool
    etag: str = ""
    modified: str = ""

    @property
    def condition(self) -> str:
        """The value for If-Range, where a weak ETag is not allowed."""
        return (
            self.modified if self.etag.startswith("W/") else self.etag or self.modified
        )


class RemoteFile:
    """Reads one address; each thread needs an object of its own.

    Args:
        url: The address.
        client: Sends the requests.
        cancel: Set to stop all reading.
        info: What the server said about the file; `look_up` asks for it.
    """

    def __init__(
        self,
        url: str,
        client: Client,
        cancel: threading.Event,
        info: FileInfo | None = None,
    ):
        self.url = url
        self.info = info
        self._client = client
        self._cancel = cancel
        self._response: urllib3.BaseHTTPResponse | None = None

    def clones(self, count: int) -> list["RemoteFile"]:
        """Returns more readers of the same file."""
        return [
            RemoteFile(self.url, self._client, self._cancel, self.info)
            for _ in range(count)
        ]

    def abort(self) -> None:
        """Ends a read that another thread is waiting in."""
        response = self._response
        if response is not None:
            with suppress(OSError, RuntimeError, ValueError):
                response.shutdown()

    def look_up(self) -> FileInfo:
        """Asks for the first byte: size, validators, and whether ranges work.

        Raises:
            FetchError: No such file, no access, or no answer.
        """
        self.info = self.retrying(self._look_up)
        return self.info

    def read(self, start: int, stop: int) -> bytes:
        """Returns bytes [start, stop) of the file."""
        return b"".join(self.stream(start, stop))

    def stream(self, start: int, stop: int) -> Iterator[bytes]:
        """Yields bytes [start, stop) in chunks, each byte once and in order.

        Raises:
            FetchError: The file changed, or too many failures in a row.
        """
        reached, mark, failures = start, start, self._no_failures()
        while reached < stop:
            try:
                with closing(self._body(reached, stop)) as body:
                    for chunk in body:
                        reached += len(chunk)
                        yield chunk
            except FAILURES as error:
                if reached - mark >= REAL_PROGRESS:
                    failures = self._no_failures()
                mark = reached
                failures = self._wait(failures, error)

    def whole(self) -> Iterator[bytes]:
        """Yields a file of unknown size from its start, all in one answer.

        Raises:
            TransientError, urllib3.exceptions.HTTPError: Cut off on the way; for the
                caller's `retrying`, which asks anew.
        """
        address = self.info.url if self.info else self.url
        _, response = self._client.get(address, {}, (200,))
        promised, got = content_length(response), 0
        for chunk in self._chunks(response):
            got += len(chunk)
            yield chunk
        if promised is not None and got != promised:
            raise TransientError(f"{got} bytes came, {promised} were promised")

    def retrying(self, act: Callable):
        """Returns what `act()` returns; calls it again after failures that may pass."""
        failures = self._no_failures()
        while True:
            try:
                return act()
            except FAILURES as error:
                failures = self._wait(failures, error)

    def _no_failures(self) -> Backoff:
        """Returns a counter; a server that was never reached gets fewer tries."""
        return self._client.policy.counter(None if self.info else CONNECT_TRIES)

    def _wait(self, failures: Backoff, error: Exception) -> Backoff:
        """Counts a failure and waits, or gives up."""
        if self._cancel.is_set():
            raise Cancelled
        cause = _cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            failures = failures.new(total=0)
        try:
            failures = failures.increment("GET", self.url, error=error)
        except MaxRetryError:
            raise FetchError(
                f"{self.url}: {str(cause) or type(cause).__name__}"
                f" ({len(failures.history) + 1} times in a row); check the address and"
                " the connection and run the same command again to continue"
            ) from error
        wait, asked = failures.get_backoff_time(), 0.0
        response = getattr(error, "response", None)
        if response is not None:
            with suppress(InvalidHeader):
                asked = min(
                    failures.get_retry_after(response) or 0.0, LONGEST_RETRY_AFTER
                )
        if self._cancel.wait(max(wait, asked)):
            raise Cancelled
        return failures

    def _look_up(self) -> FileInfo:
        url, response = self._client.get(self.url, {"Range": "bytes=0-0"}, (200, 206))
        with closing(response):
            etag = response.headers.get("ETag", "")
            modified = response.headers.get("Last-Modified", "")
            if response.status == 200:
                return FileInfo(url, content_length(response), False, etag, modified)
            first, size = content_range(response)
            if first != 0 or size is None or not response.read1(1):
                raise TransientError("a range answer without its byte or a file size")
            self._client.traffic.add(received=1)
            return FileInfo(url, size, True, etag, modified)

    def _body(self, start: int, stop: int) -> Iterator[bytes]:
        """Yields the bytes that one answer gives, from `start` on."""
        response = self._open(start, stop)
        skip = start if response.status == 200 else 0
        left = skip + stop - start
        for chunk in self._chunks(response, left):
            left -= len(chunk)
            dropped = min(skip, len(chunk))
            skip -= dropped
            if dropped < len(chunk):
                yield chunk[dropped:]
        if left:
            raise TransientError(f"the answer ended {left} bytes early")

    def _chunks(
        self, response: urllib3.BaseHTTPResponse, most: int | None = None
    ) -> Iterator[bytes]:
        """Yields a body up to its end or to `most` bytes."""
        pace = _Pace(self._client.policy)
        self._response = response
        # Closing leaves the connection in the pool if the body was read to its end.
        with closing(response):
            while most is None or most > 0:
                chunk = response.read1(CHUNK if most is None else min(CHUNK, most))
                self._client.traffic.add(received=len(chunk))
                if self._cancel.is_set():
                    raise Cancelled
                if not chunk:
                    return
                pace.check(len(chunk))
                most = None if most is None else most - len(chunk)
                yield chunk

    def _open(self, start: int, stop: int) -> urllib3.BaseHTTPResponse:
        """Returns an answer that holds byte `start`: a range, or the whole file."""
        headers, accepted = {}, (200,)
        if self.info.ranges:
            headers, accepted = {"Range": f"bytes={start}-{stop - 1}"}, (200, 206)
            if self.info.condition:
                headers["If-Range"] = self.info.condition
        _, response = self._client.get(self.info.url, headers, accepted)
        try:
            self._check(response, start)
        except BaseException:
            response.close()
            raise
        return response

    def _check(self, response: urllib3.BaseHTTPResponse, start: int) -> None:
        """Raises for another version of the file, or other bytes than asked for."""
        if response.status == 200:
            self._refuse_other_version(response, content_length(response))
            if start and self.info.ranges:
                raise TransientError(
                    "the server sent the whole file instead of a range"
                )
            return
        first, size = content_range(response)
        self._refuse_other_version(response, size)
        if first != start:
            raise TransientError(
                f"asked for byte {start}, the answer starts at {first}"
            )

    def _refuse_other_version(
        self, response: urllib3.BaseHTTPResponse, size: int | None
    ) -> None:
        headers, info = response.headers, self.info
        for what, was, now in (
            ("ETag", info.etag, headers.get("ETag", "")),
            ("Last-Modified", info.modified, headers.get("Last-Modified", "")),
            ("size", info.size, size),
        ):
            if was and now and was != now:
                raise FetchError(
                    f"{self.url}: changed on the server while it was being read"
                    f" ({what} was {was}, now {now}); run again to start afresh"
                )


class _Pace:
    """Distinguishes a connection that only drips from one that works."""

    def __init__(self, policy: RetryPolicy):
        self._window = policy.timeout
        self._least = policy.slowest * policy.timeout
        self._began, self._bytes = time.monotonic(), 0

    def check(self, count: int) -> None:
        """Counts bytes; raises when too few came in a window of `timeout` seconds."""
        self._bytes += count
        seconds = time.monotonic() - self._began
        if seconds < self._window:
            return
        if self._bytes < self._least:
            raise TransientError(f"stalled: {self._bytes} bytes in {seconds:.0f} s")
        self._began, self._bytes = time.monotonic(), 0


def _cause(error: BaseException) -> BaseException:
    """Returns the innermost error that urllib3 wrapped."""
    inner = [value for value in error.args if isinstance(value, BaseException)]
    return _cause(inner[-1]) if inner else error
