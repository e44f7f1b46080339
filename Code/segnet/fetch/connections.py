"""The same work over several connections at once; the first failure stops all."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait

from segnet.fetch.client import Client
from segnet.fetch.connection import Halted

GLANCE = 0.2


def together(
    client: Client,
    jobs: Iterable,
    act: Callable[[Client, object], None],
    connections: int,
    halt: threading.Event,
) -> None:
    """Calls `act(client, job)` for every job, each thread with its own connection.

    Args:
        client: Whose twins do the work.
        jobs: Taken from the front.
        act: The work; may raise.
        connections: Threads.
        halt: Set on the first failure or Ctrl-C, so that the others leave.

    Raises:
        The first exception of any `act`.
    """
    queue = deque(jobs)
    twins = [client.twin() for _ in range(min(connections, len(queue)))]

    def worker(twin: Client) -> None:
        try:
            while queue and not halt.is_set():
                try:
                    job = queue.popleft()
                except IndexError:
                    return
                act(twin, job)
        except Halted:
            return
        except BaseException:
            halt.set()
            raise
        finally:
            twin.close()

    with ThreadPoolExecutor(max(len(twins), 1)) as pool:
        futures = [pool.submit(worker, twin) for twin in twins]
        try:
            # Short waits let Ctrl-C through on every system.
            while wait(futures, timeout=GLANCE).not_done and not halt.is_set():
                pass
        finally:
            if not all(future.done() for future in futures):
                halt.set()
                for twin in twins:
                    twin.hang_up()
    for future in futures:
        future.result()
