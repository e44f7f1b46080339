"""A web server on 127.0.0.1 that can be made to fail.

    with Loopback(folder, fault=lambda request: "drop" if request.number == 3 else "")
            as server:
        fetch(..., base_url=server.url)

Run as a script it serves a folder from its own process: `python loopback.py DIR`.
"""

import email.utils
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

SLICE = 1 << 18
STATUSES = {"429": 429, "500": 500, "503": 503, "403": 403, "404": 404}


@dataclass
class Request:
    """A request received by the server; `sent` counts body bytes."""

    number: int
    path: str
    start: int
    stop: int
    ranged: bool
    headers: Mapping[str, str]
    sent: int = 0


class Loopback:
    """A server of a folder, running until the `with` block ends.

    Args:
        root: Folder to serve.
        ranges: Answer Range with 206; otherwise with the whole file.
        validators: Send ETag and Last-Modified.
        length: Send Content-Length with whole files.
        fault: Called with each `Request`; names a fault, or "" for none. See
            `_Handler.fail`.
    """

    def __init__(
        self,
        root: Path,
        ranges: bool = True,
        validators: bool = True,
        length: bool = True,
        fault: Callable[[Request], str] = lambda request: "",
        port: int = 0,
    ):
        self.root, self.ranges, self.validators = Path(root), ranges, validators
        self.length, self.fault = length, fault
        self.log: list[Request] = []
        self.connects = 0
        self.lock, self.closing = threading.Lock(), threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.loopback = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Loopback":
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def sent(self) -> int:
        return sum(request.sent for request in self.log)

    def note(self, *facts) -> Request:
        with self.lock:
            request = Request(len(self.log) + 1, *facts)
            self.log.append(request)
        return request


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # Clients may disconnect at any time.


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with self.server.loopback.lock:
            self.server.loopback.connects += 1

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server.loopback
        # A proxy is asked for http://host/path, a server for /path.
        path = (server.root / urlsplit(self.path).path.lstrip("/")).resolve()
        if not path.is_relative_to(server.root.resolve()) or not path.is_file():
            return self.refuse(404)
        size = path.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        start, stop = (int(asked[1]), int(asked[2]) + 1) if asked else (0, size)
        etag = f'"{size:x}-{path.stat().st_mtime_ns:x}"'
        modified = email.utils.formatdate(int(path.stat().st_mtime), usegmt=True)
        ranged = bool(asked) and server.ranges
        condition = self.headers.get("If-Range", etag)
        if server.validators and condition not in (etag, modified):
            ranged = False
        facts = (self.path, start, min(stop, size), bool(asked), self.headers)
        request = server.note(*facts)
        fault = server.fault(request)
        self.validators = {"ETag": etag, "Last-Modified": modified}
        if not server.validators:
            self.validators = {}
        if fault:
            return self.fail(fault, path, request, size, 206 if ranged else 200)
        if not ranged:
            return self.send(path, request, 0, size, size, 200)
        if start >= size:
            return self.refuse(416, {"Content-Range": f"bytes */{size}"})
        return self.send(path, request, start, request.stop, size, 206)

    def send(self, path, request, start, stop, size, status, **lies):
        """Sends an answer; `lies` change its headers or its body."""
        self.send_response(status)
        for key, value in (self.validators | lies.get("headers", {})).items():
            self.send_header(key, value)
        if status == 206:
            content_range = lies.get(
                "content_range", f"bytes {start}-{stop - 1}/{size}"
            )
            self.send_header("Content-Range", content_range)
        if status == 206 or self.server.loopback.length:
            self.send_header("Content-Length", str(lies.get("length", stop - start)))
        else:
            self.close_connection = True
        self.end_headers()
        self.body(path, request, start, min(stop, lies.get("until", stop)))

    def body(self, path, request, start, stop):
        with open(path, "rb") as file:
            while start < stop:
                count = self.connection.sendfile(file, start, min(SLICE, stop - start))
                request.sent += count
                start += count

    def send_chunks(self, path, size, whole):
        """Sends a file without its length, in two chunks; the second may be missing."""
        content, half = path.read_bytes(), size // 2
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (content[:half], content[half:] if whole else b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if part else b"")
        self.wfile.write(b"0\r\n\r\n" if whole else b"")
        self.close_connection = not whole

    def refuse(self, status, headers=None):
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def fail(self, fault, path, request, size, status):
        """A status such as `503`; `later:TEXT` (503 with that Retry-After); `chunked`,
        `chunks` (the same, cut off); `mute` (no answer at all); `drop`, `stall`, `drip`
        in mid-body; `long`, `short` (a wrong length); `less` (an honest smaller range);
        `more`; `ignore` (200 to a Range); `changed` (another ETag); `grown` (another
        size); `shifted` (another start); `silent` (hangs up); `garbage`; `gzip`; `loop`
        and `moved` (redirects); `close` (no keep-alive)."""
        start, stop = (request.start, request.stop) if status == 206 else (0, size)
        half = start + (stop - start) // 2
        args = (path, request, start, stop, size, status)
        if fault in STATUSES:
            return self.refuse(STATUSES[fault], {"Retry-After": "0"})
        if fault.startswith("later:"):
            return self.refuse(503, {"Retry-After": fault.removeprefix("later:")})
        if fault in ("chunked", "chunks"):
            return self.send_chunks(path, size, whole=fault == "chunked")
        if fault == "loop":
            return self.refuse(302, {"Location": self.path})
        if fault == "moved":
            return self.refuse(302, {"Location": f"/moved{self.path}"})
        if fault == "close":
            self.close_connection = True
            return self.send(*args, headers={"Connection": "close"})
        if fault == "ignore":
            return self.send(path, request, 0, size, size, 200)
        if fault == "less":
            return self.send(path, request, start, max(half, start + 1), size, status)
        if fault == "more":
            return self.send(*args[:3], size, size, status)
        if fault == "changed":
            return self.send(*args, headers={"ETag": '"other"'})
        if fault == "grown":
            return self.send(
                *args, content_range=f"bytes {start}-{stop - 1}/{size + 512}"
            )
        if fault == "shifted":
            return self.send(*args, content_range=f"bytes {start + 1}-{stop}/{size}")
        if fault == "gzip":
            return self.send(*args, headers={"Content-Encoding": "gzip"})
        self.close_connection = True
        if fault == "garbage":
            return self.wfile.write(b"\0\1\2 this is no HTTP\r\n\r\n")
        if fault == "mute":
            self.wait(5)
        elif fault == "drop":
            self.send(*args, until=half)
        elif fault == "long":
            self.send(*args, length=stop - start + 100)
        elif fault == "short":
            self.send(*args, length=max((stop - start) // 2, 1))
        elif fault == "stall":
            self.send(*args, until=half)
            self.wait(5)
        elif fault == "drip":
            self.send(*args, until=half)
            while half < stop and not self.wait(0.02):
                self.body(path, request, half, half + 1)
                half += 1
        self.connection.shutdown(socket.SHUT_RDWR)

    def wait(self, seconds) -> bool:
        return self.server.loopback.closing.wait(seconds)


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """Yields the URL of a faultless server in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, __file__, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        server.wait(10)
        server.stdout.close()


if __name__ == "__main__":
    with Loopback(Path(sys.argv[1])) as running:
        print(running.url, flush=True)
        sys.stdin.read()  # Until the other end closes it.
