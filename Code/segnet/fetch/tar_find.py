"""Finding the wanted members of a remote tar with few requests and few bytes.

A tar has no table of contents; each header tells where the next one is. From best
to worst, three ways to read few of them:

- an archive packed in sorted order is searched by bisection (`search`);
- the walk ends once all that is wanted is known;
- the whole archive is walked, from several places at once.
"""

import threading
from collections.abc import Callable

from segnet.fetch.client import Client
from segnet.fetch.connections import together
from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import Member
from segnet.fetch.tar_search import Search
from segnet.fetch.tar_walk import Enough, walk
from segnet.fetch.wanted import Wanted

FIRST_LOOK = 8


def find(
    client: Client,
    index: TarIndex,
    wanted: Wanted,
    connections: int,
    halt: threading.Event,
    seen: Callable[[int], None] = lambda count: None,
) -> None:
    """Fills the table until it holds all that is wanted.

    Args:
        client: Reads the archive; must have looked it up.
        index: The table, perhaps half full from an earlier run.
        wanted: What to look for.
        connections: Walks at the same time when the whole archive must be walked.
        halt: Set when a walk fails, to stop the others.
        seen: Told the number of members just found.

    Raises:
        ValueError: A damaged or hostile archive.
        FetchError: The server or the line.
    """
    if wanted.known(index):
        return
    first = iter(range(FIRST_LOOK))
    walk(client, index, 0, lambda member: next(first) + 1 == FIRST_LOOK, seen)
    search = Search(client, index, wanted, seen)
    if not wanted.known(index):
        search.run()
    if not wanted.known(index):
        search.spread(connections)
        _walk_from_everywhere(client, index, wanted, connections, halt, seen)


def _walk_from_everywhere(client, index, wanted, connections, halt, seen) -> None:
    """Walks on from every open end until all that is wanted is known."""
    members = index.all()
    heads = sorted({0} | {m.end for m in members if not index.knows(m.end)})
    found = threading.Event()

    def job(twin: Client, position: int) -> None:
        if found.is_set():
            return
        try:
            walk(twin, index, position, watch(index, wanted, found), seen)
            if wanted.known(index):
                found.set()
        except ValueError:
            # What looked like a header in mid-archive may be content; only the
            # walk from byte 0 can tell that the archive itself is bad.
            if position == 0:
                raise

    together(client, heads, job, connections, halt)
    if not found.is_set():
        walk(client, index, 0, watch(index, wanted, found), seen)


def watch(
    index: TarIndex, wanted: Wanted, found: threading.Event | None = None
) -> Enough:
    """Tells when to stop a walk; asks the whole table only when it may matter.

    Args:
        index: The table that the walk fills.
        wanted: What is looked for.
        found: Set when all is known; stops other walks that watch it too.
    """
    found = found or threading.Event()
    inside = False

    def enough(member: Member) -> bool:
        nonlocal inside
        takes = wanted.takes(member.name)
        left, inside = inside and not takes, takes
        if (left or member.name in wanted.required) and wanted.known(index):
            found.set()
        return found.is_set()

    return enough
