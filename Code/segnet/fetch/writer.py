"""Writing fetched files: each appears under its name only when it is whole."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from segnet.fetch.checksums import Manifest
from segnet.fetch.client import Client
from segnet.fetch.ranges import Piece
from segnet.fetch.tar_member import FILE, Member, read_member, refuse_cut, refuse_twin


class Source:
    """Pulls exact amounts out of a stream of chunks.

    Args:
        chunks: The bytes.
        position: Where in the archive they start.
        look: Shown each chunk as it comes.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        position: int = 0,
        look: Callable[[bytes], object] = lambda chunk: None,
    ):
        self.position = position
        self._chunks = iter(chunks)
        self._look = look
        self._held = memoryview(b"")

    def take(self, count: int) -> Iterator[memoryview]:
        """Yields the next `count` bytes in views; fewer when the stream ends."""
        while count:
            if not self._held:
                chunk = next(self._chunks, b"")
                if not chunk:
                    return
                self._look(chunk)
                self._held = memoryview(chunk)
            view, self._held = self._held[:count], self._held[count:]
            count -= len(view)
            self.position += len(view)
            yield view

    def read(self, count: int) -> bytes:
        """The next `count` bytes; fewer when the stream ends."""
        return b"".join(self.take(count))

    def skip_to(self, position: int) -> None:
        for _ in self.take(position - self.position):
            pass


class Sink:
    """Puts files below a folder and notes them in the manifest.

    Args:
        folder: Where the files go.
        manifest: Told of each finished file.
        wrote: Told the number of bytes just written.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        wrote: Callable[[int], None] = lambda count: None,
    ):
        self.folder = folder
        self.manifest = manifest
        self._wrote = wrote
        self._made: set[Path] = set()

    def write(self, name: str, views: Iterable[bytes], size: int | None = None) -> None:
        """Writes one file: `NAME.part`, then renamed when all bytes are there.

        The manifest line comes last: after a kill a file without one is fetched
        again. A power cut may still lose what the disk had not written out; a run
        with `verify` reads everything back.

        Raises:
            ValueError: `size` is given and other than the bytes that came.
        """
        path = self.folder / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        part = path.with_name(path.name + ".part")
        digest, count = hashlib.sha256(), 0
        try:
            with open(part, "wb") as file:
                for view in views:
                    file.write(view)
                    digest.update(view)
                    count += len(view)
                    self._wrote(len(view))
            if size is not None and count != size:
                raise ValueError(
                    f"{name}: {count} bytes came instead of {size}: the archive was"
                    " cut off or is damaged; fetch from elsewhere"
                )
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        self.manifest.add(name, digest.hexdigest())


def take_piece(client: Client, piece: Piece, sink: Sink) -> None:
    """Fetches one piece and writes its members.

    Raises:
        ValueError: The archive does not hold what its table says.
        FetchError: The server or the line.
    """
    chunks = client.stream(piece.start, piece.stop)
    source = Source(chunks, piece.start)
    try:
        for member in piece.members:
            source.skip_to(member.start)
            if _header(source, member) != member:
                raise ValueError(
                    f"{client.url}: {member.name!r} is not where it was when the"
                    " archive was indexed; run again with a fresh folder"
                )
            sink.write(member.name, source.take(member.size), member.size)
    finally:
        chunks.close()


def members_of(source: Source, size: int | None = None) -> Iterator[Member]:
    """Yields the members of an archive as they come; the caller takes the content.

    Args:
        source: The archive from the start of a member on.
        size: Bytes of the whole archive, when known.

    Raises:
        ValueError: A damaged or hostile archive, or a name that comes twice.
    """
    names: dict[str, Member] = {}
    while member := read_member(source.read, source.position):
        refuse_cut(member, size)
        if member.kind == FILE:
            refuse_twin(member, names.setdefault(member.name.casefold(), member))
        yield member
        source.skip_to(member.end)


def _header(source: Source, member: Member) -> Member | None:
    try:
        return read_member(source.read, member.start)
    except ValueError:
        return None
