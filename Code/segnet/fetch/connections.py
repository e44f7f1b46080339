"""The same work over several connections at once; the first failure stops all."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from segnet.fetch.client import Cancelled
from segnet.fetch.remote_file import RemoteFile

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0


def run_parallel(
    remote: RemoteFile,
    jobs: Iterable,
    act: Callable[[RemoteFile, object], None],
    connections: int,
    cancel: threading.Event,
) -> None:
    """Calls `act(remote, job)` for every job, each thread with a clone of `remote`.

    Args:
        remote: What the clones read.
        jobs: Taken from the front.
        act: The work; may raise.
        connections: Threads.
        cancel: Set on the first failure or Ctrl-C, so that the others leave.

    Raises:
        The first exception of any `act`.
    """
    queue, errors = deque(jobs), []

    def work(clone: RemoteFile) -> None:
        try:
            while queue and not cancel.is_set():
                try:
                    job = queue.popleft()
                except IndexError:
                    return
                act(clone, job)
        except Cancelled:
            return
        except BaseException as error:
            errors.append(error)
            cancel.set()

    clones = [remote.clone() for _ in range(min(connections, len(queue)))]
    # A server may keep a thread waiting for the head of an answer, which nothing can
    # interrupt: as a daemon, such a thread does not hold up Ctrl-C.
    threads = [
        threading.Thread(target=work, args=(clone,), daemon=True) for clone in clones
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
            for clone in clones:
                clone.abort()
        until = time.monotonic() + GRACE_SECONDS
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0.0))
    if errors:
        raise errors[0]
