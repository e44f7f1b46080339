"""Finds the wanted members of a remote tar with few requests and few bytes.

A tar has no table of contents; the position of a header follows from the one before.
From best to worst, three ways to read few headers:

- bisection, in an archive packed in sorted order (`tar_search`);
- a walk that ends once all wanted members are known;
- a walk over the whole archive, from several positions at once.
"""

import threading
from collections.abc import Callable

from segnet.fetch.connections import run_parallel
from segnet.fetch.remote_file import RemoteFile
from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import Member
from segnet.fetch.tar_search import Search
from segnet.fetch.tar_walk import Stop, walk
from segnet.fetch.wanted import Wanted

FIRST_MEMBERS = 8


def find(
    remote: RemoteFile,
    index: TarIndex,
    wanted: Wanted,
    connections: int,
    cancel: threading.Event,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> None:
    """Fills an index until it holds all wanted members.

    Args:
        remote: Reads the archive; `look_up` must have been called.
        index: The index, perhaps half full from an earlier run.
        wanted: The members to find.
        connections: Walks at the same time when the whole archive must be walked.
        cancel: Set when a walk fails, to stop the others.
        on_bytes: Called with the size of each header read.

    Raises:
        ValueError: A damaged or hostile archive.
        FetchError: The server or the connection.
    """
    if wanted.known(index):
        return
    first = iter(range(FIRST_MEMBERS))
    walk(remote, index, 0, lambda member: next(first) + 1 == FIRST_MEMBERS, on_bytes)
    search = Search(remote, index, wanted, on_bytes)
    if not wanted.known(index):
        search.run()
    if not wanted.known(index):
        search.add_starts(connections)
        _walk_parallel(remote, index, wanted, connections, cancel, on_bytes)


def _walk_parallel(remote, index, wanted, connections, cancel, on_bytes) -> None:
    """Walks on from the end of every run until all wanted members are known."""
    members = index.all()
    starts = sorted({0} | {m.end for m in members if not index.knows(m.end)})
    found = threading.Event()

    def work(clone: RemoteFile, position: int) -> None:
        if found.is_set():
            return
        try:
            stop = stop_when_known(index, wanted, found)
            walk(clone, index, position, stop, on_bytes)
            if wanted.known(index):
                found.set()
        except ValueError:
            # A block in mid-archive may be content that looks like a header; only
            # the walk from byte 0 proves that the archive itself is bad.
            if position == 0:
                raise

    clones = remote.clones(min(connections, len(starts)))
    run_parallel(clones, starts, work, cancel)
    if not found.is_set():
        walk(remote, index, 0, stop_when_known(index, wanted, found), on_bytes)


def stop_when_known(
    index: TarIndex, wanted: Wanted, found: threading.Event | None = None
) -> Stop:
    """Returns a function that ends a walk once all wanted members are known.

    It goes through the whole index only after a member that may have been the last.

    Args:
        index: The index that the walk fills.
        wanted: The members to find.
        found: Set when all are known; ends other walks that share it.
    """
    found = found or threading.Event()
    inside = False

    def stop(member: Member) -> bool:
        nonlocal inside
        takes = wanted.takes(member.name)
        left, inside = inside and not takes, takes
        if (left or member.name in wanted.required) and wanted.known(index):
            found.set()
        return found.is_set()

    return stop
