"""Reads header after header of a remote tar, each by one small range."""

from collections.abc import Callable

from segnet.fetch.remote_file import RemoteFile
from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import BLOCK, Member, read_member, refuse_cut

Stop = Callable[[Member], bool]


def walk(
    remote: RemoteFile,
    index: TarIndex,
    position: int,
    stop: Stop,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> None:
    """Adds member after member to an index, up to a known one or the archive's end.

    Args:
        remote: Reads the archive.
        index: The index to fill.
        position: A member's first byte; if it is known, the walk starts after the run
            of known neighbours.
        stop: Called with each new member; True ends the walk.
        on_bytes: Called with the size of each header.

    Raises:
        ValueError: A damaged or hostile archive.
    """
    header, size = BLOCK, remote.info.size
    position = index.reached(position)
    while not index.knows(position):
        member = read_member(_reader(remote, position, header), position)
        if member is None:
            index.add_end(position)
            return
        refuse_cut(member, size)
        header = member.data - member.start
        index.add(member)
        on_bytes(header)
        position = member.end
        if stop(member):
            return


def _reader(remote: RemoteFile, position: int, first: int) -> Callable[[int], bytes]:
    """Returns `read(n)` over a remote file; its first request is for `first` bytes."""
    held = b""

    def read(count: int) -> bytes:
        nonlocal held, position, first
        need = max(first, count - len(held))
        stop = min(position + need, remote.info.size)
        if len(held) < count and position < stop:
            held += remote.read(position, stop)
            position, first = stop, 0
        taken, held = held[:count], held[count:]
        return taken

    return read
