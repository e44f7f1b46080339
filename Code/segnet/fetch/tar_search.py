"""Bisection in a remote tar that was packed in sorted order.

Headers carry a magic word and a checksum, so one can be found from any byte on, at
the price of about half a member. The bytes spent so are bounded to a small part of
those that will be fetched (`SEARCH_SHARE`). The search notices when an archive is
not sorted; `tar_find` then walks it.
"""

import tarfile
from collections.abc import Callable, Iterator

from segnet.fetch.remote_file import RemoteFile
from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import BLOCK, EXTENSIONS, FILE, Member, padded
from segnet.fetch.tar_walk import Stop, walk
from segnet.fetch.wanted import Wanted

SEARCH_SHARE = 0.008
NEAR = 16
SMALLEST_READ, LARGEST_READ = 1 << 12, 1 << 18
TAILS = (1 << 14, 1 << 16, 1 << 18)
LONGEST_NAME = 1 << 13
MAGIC = slice(257, 262)


class Search:
    """Adds runs of members near the wanted ones to an index.

    Args:
        remote: Reads the archive; `look_up` must have been called.
        index: The index to fill.
        wanted: The members to find.
        on_bytes: Called with the size of each header read.
    """

    def __init__(
        self,
        remote: RemoteFile,
        index: TarIndex,
        wanted: Wanted,
        on_bytes: Callable[[int], None],
    ):
        self._remote = remote
        self._index = index
        self._wanted = wanted
        self._on_bytes = on_bytes
        self._size = remote.info.size
        self._budget = SEARCH_SHARE * wanted.share * self._size

    def run(self) -> None:
        """Reads the tail, then bisects for each wanted folder and file."""
        if self._wanted.required or self._wanted.optional:
            self._read_tail()
        for target in sorted((*self._wanted.folders, *self._wanted.required), key=_key):
            if not self._bisect(target):
                return

    def add_starts(self, count: int) -> None:
        """Finds members at `count` even distances, within the budget of bytes."""
        for k in range(1, count):
            if self._budget > self._mean():
                self._probe(k * self._size // count, self._size)

    def _read_tail(self) -> None:
        """Adds the last members: single files often follow all folders."""
        singles = {*self._wanted.required, *self._wanted.optional}
        for tail in TAILS:
            start = max(self._size - tail, self._index.reached())
            known = {member.name for member in self._index.all()}
            if singles <= known or (self._budget < tail > TAILS[0]):
                return
            if not self._probe(start, self._size):
                return
            first = min(m.start for m in self._index.all() if m.start >= start)
            self._walk(first, lambda member: False)
            if "/" in self._index.members[first].name.partition("/")[2]:
                return

    def _bisect(self, target: str) -> bool:
        """Finds one folder or file; returns False when the archive is not sorted."""
        goal, probes, bracket = _key(target), 0, None
        while bracket != (bracket := self._bracket(goal)):
            low, high = bracket
            if low > high:
                return False
            if high - low <= NEAR * self._mean() or self._budget < self._mean():
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
        """Returns the positions between which a sorted archive holds `goal`.

        For a folder, only files at its own depth count: single files above the
        folders often precede or follow all of them.
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

    def _walk(self, position: int, stop: Stop) -> None:
        walk(self._remote, self._index, position, stop, self._on_bytes)

    def _probe(self, position: int, stop: int) -> bool:
        """Adds one member in [position, stop); returns False when none is found.

        A plain header right at the start may be the second half of a member with a
        long name; then the member after it is added.
        """
        count = int(min(max(self._mean() / 4, SMALLEST_READ), LARGEST_READ))
        first = position = padded(position)
        while position < stop:
            data = self._remote.read(position, min(position + count, stop))
            self._budget -= len(data)
            for at, info in _headers(data):
                start = position + at
                if start - first < LONGEST_NAME and info.type not in EXTENSIONS:
                    start += BLOCK + padded(max(info.size, 0))
                return start < stop and self._starts(start)
            position += padded(count)
            count = min(2 * count, LARGEST_READ)
        return False

    def _starts(self, position: int) -> bool:
        """Returns whether a valid member starts here; if so, it is added."""
        try:
            self._walk(position, lambda member: True)
        except ValueError:
            return False  # Content that looked like a header.
        return position in self._index.members


def _key(name: str) -> tuple[str, ...]:
    return tuple(name.split("/"))


def _headers(data: bytes) -> Iterator[tuple[int, tarfile.TarInfo]]:
    """Yields the blocks that are valid headers, each with its offset."""
    for at in range(0, len(data) - BLOCK + 1, BLOCK):
        block = data[at : at + BLOCK]
        if block[MAGIC] != b"ustar":
            continue
        try:
            yield at, tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        except tarfile.HeaderError:
            continue
