"""What every part of a fetch shares: where from, where to, how, and who else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from segnet.fetch.checksums import Manifest
from segnet.fetch.client import Client
from segnet.fetch.connection import Patience, Tally
from segnet.system.locks import alone

CACHE = ".fetch"


class SilentBar:
    """A progress bar that shows nothing."""

    def __init__(self, total: int | None = None, unit: str = "B", desc: str = ""):
        pass

    def update(self, count: int) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Site:
    """One fetch.

    Args:
        base_url: Below it the files bear the publisher's names.
        folder: Where the data goes; indexes and the like go to `.fetch` in it.
        connections: Requests at the same time.
        patience: Time-outs and retries.
        verify: Read back what is there and compare its sha256.
        bar: `bar(total=, unit=, desc=)` makes a progress bar, as tqdm does.
        tally: Counts requests and bytes.
        halt: Set to stop everything.
    """

    base_url: str
    folder: Path
    connections: int
    patience: Patience
    verify: bool
    bar: Callable
    tally: Tally = field(default_factory=Tally)
    halt: threading.Event = field(default_factory=threading.Event)

    def client(self, file: str) -> Client:
        url = f"{self.base_url.rstrip('/')}/{file}"
        return Client(url, self.patience, self.tally, self.halt)

    def cache(self, file: str) -> Path:
        return self.folder / CACHE / file

    def manifest(self, file: str) -> Manifest:
        stem = file.removesuffix(".gz").removesuffix(".tar").removesuffix(".zip")
        return Manifest(self.folder / f"{stem}.sha256", self.folder)

    @contextmanager
    def counting(self, total: int | None, unit: str, desc: str) -> Iterator[Callable]:
        """Yields `update(count)` of a new bar, to be called from any thread."""
        bar, lock = self.bar(total=total, unit=unit, desc=desc), threading.Lock()

        def update(count: int) -> None:
            with lock:
                bar.update(count)

        try:
            yield update
        finally:
            bar.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps a second fetch out of the folder; the lock dies with the process.

        Raises:
            OSError: Another process fetches into this folder.
        """
        refusal = (
            f"{self.folder}: another fetch is writing into this folder; wait for it or"
            " name another folder"
        )
        with alone(self.cache("lock"), refusal):
            yield


@dataclass(frozen=True)
class Outlook:
    """What a part has to do; None where nobody can know before it is done.

    Args:
        files: Files still to come.
        frames: Images among them.
        there: Wanted files that are there already.
        size: Bytes of the files still to come.
        requests: Requests for them.
        disk: Bytes they need on disk.
    """

    files: int | None
    frames: int | None
    there: int
    size: int | None
    requests: int | None
    disk: int
