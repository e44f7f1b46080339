"""The same work over several connections at once; the first failure stops all."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from segnet.fetch.client import Cancelled

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0


class Reader(Protocol):
    """Reads over a connection of its own."""

    def abort(self) -> None:
        """Ends a read that another thread is waiting in."""


def run_parallel(
    readers: Sequence[Reader],
    jobs: Iterable,
    act: Callable[[Reader, object], None],
    cancel: threading.Event,
) -> None:
    """Calls `act(reader, job)` for every job, with one thread a reader.

    Args:
        readers: At least one; each serves one job after another.
        jobs: Taken from the front.
        act: The work; may raise.
        cancel: Set on the first failure or Ctrl-C, so that the others leave.

    Raises:
        The first exception of any `act`.
    """
    queue, errors = deque(jobs), []

    def work(reader: Reader) -> None:
        try:
            while queue and not cancel.is_set():
                try:
                    job = queue.popleft()
                except IndexError:
                    return
                act(reader, job)
        except Cancelled:
            return
        except BaseException as error:
            errors.append(error)
            cancel.set()

    # A server may keep a thread waiting for the head of an answer, which nothing can
    # interrupt: as a daemon, such a thread does not hold up Ctrl-C.
    threads = [
        threading.Thread(target=work, args=(reader,), daemon=True) for reader in readers
    ]
    for thread in threads:
        thread.start()
    try:
        # Short waits let Ctrl-C through on every system.
        for thread in threads:
            while thread.is_alive() and not cancel.is_set():
                thread.join(POLL_SECONDS)
    finally:
        if any(thread.is_alive() for thread in threads):
            cancel.set()
            for reader in readers:
                reader.abort()
        until = time.monotonic() + GRACE_SECONDS
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0.0))
    if errors:
        raise errors[0]
