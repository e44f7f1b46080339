"""Walking the headers of a remote tar, each by one small range."""

from collections.abc import Callable

from segnet.fetch.client import Client
from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import BLOCK, Member, read_member, refuse_cut

Enough = Callable[[Member], bool]


def walk(
    client: Client,
    index: TarIndex,
    position: int,
    enough: Enough,
    seen: Callable[[int], None] = lambda count: None,
) -> None:
    """Notes member after member up to a known one, the end, or `enough(member)`.

    Args:
        client: Reads the archive.
        index: The table to fill.
        position: A member's first byte; when known, the walk starts where the run
            of known neighbours stops.
        enough: Asked after each new member.
        seen: Told the number of members just found.

    Raises:
        ValueError: A damaged or hostile archive.
    """
    header, size = BLOCK, client.remote.size
    position = index.reached(position)
    while not index.knows(position):
        member = read_member(_reader(client, position, header), position)
        if member is None:
            index.add_end(position)
            return
        refuse_cut(member, size)
        header = member.data - member.start
        index.add(member)
        seen(1)
        position = member.end
        if enough(member):
            return


def _reader(client: Client, position: int, first: int) -> Callable[[int], bytes]:
    """`read(n)` over a remote file: one request for `first` bytes, more at need."""
    held = b""

    def read(count: int) -> bytes:
        nonlocal held, position, first
        need = max(first, count - len(held))
        stop = min(position + need, client.remote.size)
        if len(held) < count and position < stop:
            held += client.read(position, stop)
            position, first = stop, 0
        taken, held = held[:count], held[count:]
        return taken

    return read
