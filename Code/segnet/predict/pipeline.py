"""Reading ahead and writing behind the network, each in a thread, memory bounded."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")

END = object()


def with_bar(
    items: Iterable[Item], progress: bool, **options: object
) -> Iterable[Item]:
    """Returns the items, with a bar of tqdm's `options` if there is to be one."""
    if not progress:
        # Its import takes longer than a small network.
        return items
    from tqdm.auto import tqdm

    return tqdm(items, disable=False, **options)


class Clock:
    """Seconds spent on each of several kinds of work, one thread a kind."""

    def __init__(self):
        self.seconds = {}

    @contextmanager
    def __call__(self, work: str) -> Iterator[None]:
        """Adds the time that the block takes to `work`."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begun
            self.seconds[work] = self.seconds.get(work, 0) + spent


def ahead(items: Iterator[Item], depth: int) -> Generator[Item, None, None]:
    """Yields the items, which another thread makes up to `depth` ahead.

    What making one raises is raised here. When the caller stops early, the one that is
    being made is finished first.
    """
    with ThreadPoolExecutor(1) as pool:
        under_way = deque(pool.submit(next, items, END) for _ in range(depth))
        try:
            while under_way:
                item = under_way.popleft().result()
                if item is END:
                    return
                under_way.append(pool.submit(next, items, END))
                yield item
        finally:
            for future in under_way:
                future.cancel()


class Behind:
    """A thread that calls functions in order, at most `depth` behind.

    Use it in a `with` block, whose end waits for all of them. What a function raises
    is raised by a later call, or at the end of the block.
    """

    def __init__(self, depth: int):
        self.depth = depth
        self._pool = ThreadPoolExecutor(1)
        self._under_way = deque()

    def __enter__(self) -> "Behind":
        return self

    def __exit__(self, kind, *_) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def submit(self, function: Callable, *arguments) -> None:
        """Has `function(*arguments)` called; waits while too many are behind."""
        self._under_way.append(self._pool.submit(function, *arguments))
        self.wait(self.depth)

    def wait(self, left: int = 0) -> None:
        """Waits until at most `left` calls are behind."""
        while len(self._under_way) > left:
            self._under_way.popleft().result()
