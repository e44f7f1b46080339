"""Applies a function to many items on all cores, in bounded memory."""

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
    """Returns the number of cores this process may use."""
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

    Only a few items per worker are in flight at a time. Few items, or one worker, run
    in this process.

    Args:
        function: Picklable, importable and not defined in the caller's script; each
            worker receives it once.
        items: Picklable.
        count: Number of items.
        workers: Processes; one for each core by default.

    Raises:
        ValueError: `workers` is below 1.
        ChildProcessError: A worker died.
        Exception: From `function`, for the first item that fails.
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
    """Yields once for each step of each item, from any process.

    For items that take long: one process per item, results in any order. One item, or
    one worker, runs in this process. If the caller stops early, an item fails or this
    process is killed, the other items end at their next step.

    Args:
        function: As for `ordered_map`, but a generator function, which yields after
            each step and returns its result.
        items: Picklable.
        done: Called in this process with each result.
        workers: Processes; one for each core by default.

    Raises:
        As `ordered_map`, for any item that fails.
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
                f"one of {workers} worker processes died, probably for lack of "
                f"memory; use fewer workers"
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
    # A spawned process would run the caller's script again. With an empty main module
    # it does not, so a script needs no `if __name__ == "__main__":`.
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        return pool.submit(call, *arguments)
    finally:
        sys.modules["__main__"] = main


def _start(function: Callable, steps_done: Any = None, stopped: Any = None) -> None:
    global _function, _steps_done, _stopped
    _function, _steps_done, _stopped = function, steps_done, stopped
    # Ctrl-C reaches the whole process group; only the parent handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process with its parent; otherwise it would wait for work for ever."""
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
        # Each item has its own place in the array, so no lock is needed.
        _steps_done[number] += 1
        if _stopped.value:
            steps.close()
            raise InterruptedError("stopped with the other workers")
