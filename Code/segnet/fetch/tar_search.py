"""Bisection in a remote tar that was packed in sorted order.

Headers carry a magic word and a checksum, so one can be found from any byte on, at
the price of about half a member. The bytes spent so are bounded to a small part of
those that will be fetched (`SEARCH_SHARE`). Whether the archive is sorted shows by
itself; if not, `locate` walks it.
"""

import tarfile
from collections.abc import Callable, Iterator

from segnet.fetch.client import Client
from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import BLOCK, EXTENSIONS, FILE, Member, padded
from segnet.fetch.tar_walk import walk
from segnet.fetch.wanted import Wanted

SEARCH_SHARE = 0.008
NEAR = 16
SMALLEST_LOOK, LARGEST_LOOK = 1 << 12, 1 << 18
TAILS = (1 << 14, 1 << 16, 1 << 18)
LONGEST_NAME = 1 << 13
MAGIC = slice(257, 262)


class Search:
    """Adds stretches of members near the wanted ones to the table."""

    def __init__(
        self,
        client: Client,
        index: TarIndex,
        wanted: Wanted,
        seen: Callable[[int], None],
    ):
        self._client = client
        self._index = index
        self._wanted = wanted
        self._seen = seen
        self._size = client.remote.size
        self._left = SEARCH_SHARE * wanted.share * self._size

    def run(self) -> None:
        """Looks at the tail, then bisects for each wanted folder and file."""
        if self._wanted.required or self._wanted.optional:
            self._look_at_the_tail()
        for target in sorted((*self._wanted.folders, *self._wanted.required), key=_key):
            if not self._bisect(target):
                return

    def spread(self, count: int) -> None:
        """Finds a member near each of `count` places, while bytes for it are left."""
        for k in range(1, count):
            if self._left > self._mean():
                self._probe(k * self._size // count, self._size)

    def _look_at_the_tail(self) -> None:
        """Single files often stand behind all the folders."""
        singles = {*self._wanted.required, *self._wanted.optional}
        for tail in TAILS:
            start = max(self._size - tail, self._index.reached())
            known = {member.name for member in self._index.all()}
            if singles <= known or (self._left < tail > TAILS[0]):
                return
            if not self._probe(start, self._size):
                return
            first = min(m.start for m in self._index.all() if m.start >= start)
            self._walk(first, lambda member: False)
            if "/" in self._index.members[first].name.partition("/")[2]:
                return

    def _bisect(self, target: str) -> bool:
        """Finds one folder or file; False when the archive is not in order."""
        goal, probes, bracket = _key(target), 0, None
        while bracket != (bracket := self._bracket(goal)):
            low, high = bracket
            if low > high:
                return False
            if high - low <= NEAR * self._mean() or self._left < self._mean():
                break
            probes += 1
            if not self._probe((low + high) // 2, high):
                break
        if probes or high - low <= NEAR * self._mean():
            self._walk_past(low, goal)
        return True

    def _walk_past(self, position: int, goal: tuple) -> None:
        passed = False

        def beyond(member: Member) -> bool:
            nonlocal passed
            here = _key(member.name)
            passed = here > goal and here[: len(goal)] != goal
            return passed

        while not passed and not self._index.knows(
            position := self._index.reached(position)
        ):
            self._walk(position, beyond)

    def _bracket(self, goal: tuple) -> tuple[int, int]:
        """Positions between which a sorted archive holds `goal`.

        For a folder only files as deep as its own count: single files above the
        folders often stand before or behind all of them.
        """
        low, high = 0, self._size
        deep = len(goal) + ("/".join(goal) in self._wanted.folders)
        for member in self._index.all():
            here = _key(member.name)
            if member.kind != FILE or len(here) < deep:
                continue
            if here < goal:
                low = max(low, member.end)
            else:
                high = min(high, member.start)
        return low, high

    def _mean(self) -> float:
        sizes = [m.end - m.start for m in self._index.all() if m.size]
        return sum(sizes) / len(sizes) if sizes else BLOCK

    def _walk(self, position: int, enough: Callable[[Member], bool]) -> None:
        walk(self._client, self._index, position, enough, self._seen)

    def _probe(self, position: int, stop: int) -> bool:
        """Notes one member somewhere in [position, stop); False when none is found.

        A plain header seen at once may be the second half of a member whose long
        name stands before it: then the member noted is the one after it.
        """
        look = int(min(max(self._mean() / 4, SMALLEST_LOOK), LARGEST_LOOK))
        first = position = padded(position)
        while position < stop:
            data = self._client.read(position, min(position + look, stop))
            self._left -= len(data)
            for at, info in _headers(data):
                start = position + at
                if start - first < LONGEST_NAME and info.type not in EXTENSIONS:
                    start += BLOCK + padded(max(info.size, 0))
                return start < stop and self._starts(start)
            position += padded(look)
            look = min(2 * look, LARGEST_LOOK)
        return False

    def _starts(self, position: int) -> bool:
        """Whether a sound member starts here; it is noted."""
        try:
            self._walk(position, lambda member: True)
        except ValueError:
            return False  # It looked like a header and was none.
        return position in self._index.members


def _key(name: str) -> tuple[str, ...]:
    return tuple(name.split("/"))


def _headers(data: bytes) -> Iterator[tuple[int, tarfile.TarInfo]]:
    """Blocks that are sound headers, each with its offset."""
    for at in range(0, len(data) - BLOCK + 1, BLOCK):
        block = data[at : at + BLOCK]
        if block[MAGIC] != b"ustar":
            continue
        try:
            yield at, tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        except tarfile.HeaderError:
            continue
