"""Bytes of one remote file, with patience.

Whatever goes wrong on the way (a dropped connection, a stall, a 5xx answer,
fewer bytes than promised) is tried again from the byte reached after a growing
pause. A file that changed on the server, or an answer that will not change, ends
in a `FetchError` that says what to do.
"""

import http.client
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

from segnet.fetch.connection import (
    Fault,
    FetchError,
    Halted,
    Patience,
    Remote,
    Tally,
    Wire,
    content_length,
    content_range,
)

CHUNK = 1 << 18
PROGRESS = 1 << 16
TRIES_AT_THE_DOOR = 3
TRANSIENT = (Fault, OSError, http.client.HTTPException)


class Client:
    """Reads one URL over one connection; each thread needs its own."""

    def __init__(
        self,
        url: str,
        patience: Patience,
        tally: Tally,
        halt: threading.Event,
        remote: Remote | None = None,
    ):
        self.url = url
        self.remote = remote
        self._patience = patience
        self._tally = tally
        self._halt = halt
        self._wire = Wire(remote.url if remote else url, patience.timeout, tally)

    def twin(self) -> "Client":
        """A second client for the same file, with a connection of its own."""
        return Client(self.url, self._patience, self._tally, self._halt, self.remote)

    def close(self) -> None:
        """Drops the connection; the client can still be used."""
        self._wire.close()

    def hang_up(self) -> None:
        """Ends a read that another thread is waiting in."""
        self._wire.hang_up()

    def go_to(self, url: str) -> None:
        """Reads another file of the same host from now on."""
        self.url = url
        self._wire.go_to(url)

    def look_up(self) -> Remote:
        """Asks for the first byte: size, validators, and whether ranges work.

        Raises:
            FetchError: No such file, no access, or no answer.
        """
        self.remote = self.patiently(self._look_up)
        return self.remote

    def read(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of the file."""
        return b"".join(self.stream(start, stop))

    def stream(self, start: int, stop: int) -> Iterator[bytes]:
        """Yields bytes [start, stop) in chunks, each byte once and in order.

        Raises:
            FetchError: The file changed, or too many failures in a row.
        """
        reached, mark, failures = start, start, 0
        try:
            while reached < stop:
                try:
                    for chunk in self._body(reached, stop):
                        reached += len(chunk)
                        yield chunk
                except TRANSIENT as error:
                    failures = 1 if reached - mark >= PROGRESS else failures + 1
                    mark = reached
                    self._after(error, failures)
        finally:
            if reached < stop:
                self.close()

    def whole(self) -> Iterator[bytes]:
        """Yields a file of unknown size from its start, all in one answer.

        Raises:
            Fault: Cut off on the way; for the caller's `patiently`, which asks anew.
        """
        response = self._wire.ask({}, (200,))
        promised, got = content_length(response), 0
        try:
            while chunk := response.read1(CHUNK):
                self._count(chunk)
                got += len(chunk)
                yield chunk
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Fault(f"cut off ({error})") from error
        if promised is not None and got != promised:
            self.close()
            raise Fault(f"{got} bytes came, {promised} were promised")
        response.close()

    def patiently(self, act: Callable):
        """What `act()` returns, tried again after each fault that may go away."""
        failures = 0
        while True:
            try:
                return act()
            except TRANSIENT as error:
                failures += 1
                self._after(error, failures)

    def _after(self, error: Exception, failures: int) -> None:
        """Pauses after a fault, or gives up."""
        self.close()
        if self._halt.is_set():
            raise Halted
        if isinstance(error, FetchError):
            raise error
        tries = self._patience.tries
        if isinstance(error, ssl.SSLCertVerificationError):
            tries = 1
        elif self.remote is None and isinstance(
            error, socket.gaierror | ConnectionRefusedError
        ):
            tries = min(tries, TRIES_AT_THE_DOOR)
        if failures >= tries:
            told = str(error) or type(error).__name__
            raise FetchError(
                f"{self.url}: {told} ({failures} times in a row); check the address"
                " and the line and run the same command again: it goes on from here"
            ) from error
        pause = min(self._patience.cap, self._patience.base * 2 ** (failures - 1))
        pause *= random.uniform(0.5, 1.0)
        asked = min(getattr(error, "after", 0.0), self._patience.cap)
        if self._halt.wait(max(pause, asked)):
            raise Halted

    def _look_up(self) -> Remote:
        response = self._wire.ask({"Range": "bytes=0-0"}, (200, 206))
        facts = {
            "etag": response.headers.get("ETag", ""),
            "modified": response.headers.get("Last-Modified", ""),
        }
        if response.status == 200:
            self.close()
            return Remote(self._wire.url, content_length(response), False, **facts)
        first, size = content_range(response)
        if first != 0 or size is None or not response.read1(1):
            raise Fault("a range answer without its byte or the file's size")
        self._tally.add(received=1)
        response.close() if content_length(response) == 1 else self.close()
        return Remote(self._wire.url, size, True, **facts)

    def _body(self, start: int, stop: int) -> Iterator[bytes]:
        response = self._open(start, stop)
        skip = start if response.status == 200 else 0
        left = skip + stop - start
        clean = content_length(response) == left
        pace = _Pace(self._patience)
        while left:
            chunk = response.read1(min(CHUNK, left))
            if not chunk:
                raise Fault(f"the answer ended {left} bytes early")
            self._count(chunk)
            pace.check(len(chunk))
            left -= len(chunk)
            if left == 0:
                response.close() if clean else self.close()
            dropped = min(skip, len(chunk))
            skip -= dropped
            if dropped < len(chunk):
                yield chunk[dropped:]

    def _count(self, chunk: bytes) -> None:
        self._tally.add(received=len(chunk))
        if self._halt.is_set():
            self.close()
            raise Halted

    def _open(self, start: int, stop: int) -> http.client.HTTPResponse:
        """An answer that holds byte `start`: a range, or the file from its start."""
        if not self.remote.ranges:
            response = self._wire.ask({}, (200,))
            self._same(response, content_length(response))
            return response
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        if self.remote.condition:
            headers["If-Range"] = self.remote.condition
        response = self._wire.ask(headers, (200, 206))
        if response.status == 200:
            self._same(response, content_length(response))
            if start:
                raise Fault("the server sent the whole file instead of a range")
            return response
        first, size = content_range(response)
        self._same(response, size)
        if first != start:
            raise Fault(f"asked for byte {start}, the answer starts at {first}")
        return response

    def _same(self, response: http.client.HTTPResponse, size: int | None) -> None:
        """Refuses an answer about another version of the file."""
        told = response.headers
        for what, was, now in (
            ("ETag", self.remote.etag, told.get("ETag", "")),
            ("Last-Modified", self.remote.modified, told.get("Last-Modified", "")),
            ("size", self.remote.size, size),
        ):
            if was and now and was != now:
                raise FetchError(
                    f"{self.url}: changed on the server while it was being read"
                    f" ({what} was {was}, now {now}); run again to start afresh"
                )


class _Pace:
    """Tells a line that only drips from one that works."""

    def __init__(self, patience: Patience):
        self._window = patience.timeout
        self._least = patience.slowest * patience.timeout
        self._began, self._bytes = time.monotonic(), 0

    def check(self, count: int) -> None:
        self._bytes += count
        now = time.monotonic()
        if now - self._began < self._window:
            return
        if self._bytes < self._least:
            raise Fault(f"stalled: {self._bytes} bytes in {now - self._began:.0f} s")
        self._began, self._bytes = now, 0
