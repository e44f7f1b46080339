"""A function over many items on all cores, memory bounded."""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import repeat
from multiprocessing import get_context, parent_process
from multiprocessing.sharedctypes import RawArray, RawValue
from threading import Thread
from types import ModuleType
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

ITEMS_IN_FLIGHT = 4
FEWEST_ITEMS_A_WORKER = 16
LOOK_S = 0.1

# What `_start` gives to a worker process.
_function: Callable[[Any], Any]
_steps_done: Any
_stopped: Any


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
    workers = _processes(workers, count // FEWEST_ITEMS_A_WORKER)
    if workers == 1:
        yield from map(function, items)
        return
    with _pool(workers, function) as pool:
        yield from _windowed(pool, items, workers * ITEMS_IN_FLIGHT)


def stepwise_map(
    function: Callable[[Item], Generator[None, None, Result]],
    items: Sequence[Item],
    done: Callable[[Result], None],
    workers: int | None = None,
) -> Iterator[None]:
    """Yields once for each step of each item, whichever process makes it.

    For items that take long: one process an item, and results in any order. One item,
    or one worker, runs in this process. When the caller stops early, or an item fails,
    the others end at their next step; so they do when this process is killed.

    Args:
        function: As for `ordered_map`, but a generator function: it yields after each
            step, and returns its result.
        items: Picklable.
        done: Called in this process with each result.
        workers: Processes; one for each core by default.

    Raises:
        Whatever `ordered_map` raises, for any item that fails.
    """
    workers = _processes(workers, len(items))
    if workers == 1:
        for item in items:
            done((yield from function(item)))
        return
    steps_done, stopped = RawArray("Q", len(items)), RawValue("b", 0)
    with _pool(workers, function, steps_done, stopped) as pool:
        try:
            running = {_submit(pool, _call_stepwise, *job) for job in enumerate(items)}
            seen = 0
            while running:
                ended, running = wait(running, LOOK_S, FIRST_COMPLETED)
                for future in ended:
                    done(future.result())
                total = sum(steps_done)
                yield from repeat(None, total - seen)
                seen = total
        finally:
            stopped.value = 1


def _processes(workers: int | None, most: int) -> int:
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}, expected 1 or more")
    return min(workers or cores(), max(1, most))


@contextmanager
def _pool(
    workers: int, function: Callable, *shared: Any
) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_start, initargs=(function, *shared)
    ) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise ChildProcessError(
                f"one of {workers} worker processes died, as happens when memory runs "
                f"out; take fewer workers"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _windowed(pool: ProcessPoolExecutor, items: Iterable, window: int) -> Iterator:
    under_way: deque[Future] = deque()
    for item in items:
        under_way.append(_submit(pool, _call, item))
        if len(under_way) == window:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def _submit(pool: ProcessPoolExecutor, call: Callable, *arguments: Any) -> Future:
    # A spawned process runs the caller's script once more, unless there seems to be
    # none; so a script or a notebook needs no `if __name__ == "__main__":`.
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        return pool.submit(call, *arguments)
    finally:
        sys.modules["__main__"] = main


def _start(function: Callable, steps_done: Any = None, stopped: Any = None) -> None:
    global _function, _steps_done, _stopped
    _function, _steps_done, _stopped = function, steps_done, stopped
    # Ctrl-C reaches the whole process group; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the parent is killed; it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)


def _call_stepwise(number: int, item: Any) -> Any:
    steps = _function(item)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        # Each worker has its own places in the array, so none needs a lock.
        _steps_done[number] += 1
        if _stopped.value:
            steps.close()
            raise InterruptedError("stopped with the other workers")
