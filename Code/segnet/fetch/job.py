"""The settings and tools that all parts of one fetch share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from segnet.fetch.checksums import Manifest
from segnet.fetch.client import Client
from segnet.fetch.remote_file import RemoteFile
from segnet.system.locks import alone

CACHE = ".fetch"


class Progress:
    """One tqdm bar in bytes, for one stage after another.

    Args:
        show: Draw the bar.
    """

    def __init__(self, show: bool):
        self._show = show
        self._bar: tqdm | None = None
        self._lock = threading.Lock()

    def start(self, stage: str, total: int | None = None) -> None:
        """Begins a stage at 0 bytes of `total` (None: unknown)."""
        self.close()
        options = {"unit": "B", "unit_scale": True, "disable": not self._show}
        self._bar = tqdm(desc=stage, total=total, **options)

    def add(self, count: int) -> None:
        """Counts bytes; may be called from any thread."""
        with self._lock:
            self._bar.update(count)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


@dataclass(frozen=True)
class Job:
    """One fetch.

    Args:
        base_url: The address that the publisher's file names are appended to.
        folder: Target of the data; indexes and other caches go to `.fetch` in it.
        connections: Requests at the same time.
        client: Sends the requests.
        verify: Read back the files that are present and compare their sha256.
        progress: Counts bytes for the user.
        cancel: Set to stop everything.
    """

    base_url: str
    folder: Path
    connections: int
    client: Client
    verify: bool
    progress: Progress
    cancel: threading.Event = field(default_factory=threading.Event)

    def url(self, file: str) -> str:
        """Returns the address of one of the publisher's files."""
        return f"{self.base_url.rstrip('/')}/{file}"

    def remote(self, file: str) -> RemoteFile:
        """Returns a reader of one of the publisher's files."""
        return RemoteFile(self.url(file), self.client, self.cancel)

    def cache(self, file: str) -> Path:
        """Returns the path of a file that is kept for later runs."""
        return self.folder / CACHE / file

    def manifest(self, file: str) -> Manifest:
        """Returns the checksums of the files out of one archive or list."""
        stem = file.removesuffix(".gz").removesuffix(".tar").removesuffix(".zip")
        return Manifest(self.folder / f"{stem}.sha256", self.folder)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keeps a second fetch out of the folder; at the end closes what was opened.

        The lock is released with the process, even when it is killed. A new folder into
        which nothing came is removed.

        Raises:
            OSError: Another process fetches into this folder.
        """
        refusal = (
            f"{self.folder}: another fetch is writing into this folder; wait for it or"
            " name another folder"
        )
        is_new, lock = not self.folder.exists(), self.cache("lock")
        try:
            with alone(lock, refusal):
                yield
        finally:
            self.progress.close()
            self.client.close()
            if is_new:
                with suppress(OSError):
                    lock.parent.rmdir()
                    self.folder.rmdir()


@dataclass(frozen=True)
class Estimate:
    """The work that a part has left; None where only doing it will show.

    Args:
        files: Files still to come.
        frames: Images among them.
        present: Wanted files that are in place already.
        size: Bytes of the files still to come.
        requests: Requests for them.
        disk: Bytes they need on disk.
    """

    files: int | None
    frames: int | None
    present: int
    size: int | None
    requests: int | None
    disk: int
