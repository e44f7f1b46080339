"""A function over many items on all cores, results in order, memory bounded."""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import ModuleType
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

ITEMS_IN_FLIGHT = 4
FEWEST_ITEMS_A_WORKER = 16

_function = None


def cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    count: int,
    workers: int | None = None,
) -> Iterator[Result]:
    """Yields `function(item)` for each item, in order.

    A few items for each worker are under way at a time, whatever their number. Few
    items, or one worker, run in this process.

    Args:
        function: Picklable and importable, not of the caller's script; each worker
            receives it once.
        items: Picklable.
        count: Their number.
        workers: Processes; one for each core by default.

    Raises:
        ValueError: `workers` is below 1.
        ChildProcessError: A worker died.
        Exception: Whatever `function` raises, for the first item that fails.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}, expected 1 or more")
    workers = min(workers or cores(), max(1, count // FEWEST_ITEMS_A_WORKER))
    if workers == 1:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_start, initargs=(function,)
    ) as pool:
        try:
            yield from _windowed(pool, items, workers * ITEMS_IN_FLIGHT)
        except BrokenProcessPool as error:
            raise ChildProcessError(
                f"one of {workers} worker processes died, as happens when memory runs "
                f"out; take fewer workers"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _windowed(pool: ProcessPoolExecutor, items: Iterable, window: int) -> Iterator:
    under_way = deque()
    for item in items:
        under_way.append(_submit(pool, item))
        if len(under_way) == window:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def _submit(pool: ProcessPoolExecutor, item) -> Future:
    # A spawned process runs the caller's script once more, unless there seems to be
    # none; so a script or a notebook needs no `if __name__ == "__main__":`.
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        return pool.submit(_call, item)
    finally:
        sys.modules["__main__"] = main


def _start(function: Callable) -> None:
    global _function
    _function = function
    # Ctrl-C reaches the whole process group; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _call(item):
    return _function(item)
