"""Writes fetched files; each appears under its name only when it is complete."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from segnet.fetch.checksums import Manifest
from segnet.fetch.ranges import RangeRequest
from segnet.fetch.remote_file import RemoteFile
from segnet.fetch.tar_member import (
    FILE,
    Member,
    read_member,
    refuse_cut,
    refuse_duplicate,
)


class StreamReader:
    """Reads exact amounts from a stream of chunks.

    Args:
        chunks: The bytes.
        position: Position of the first one in the archive.
        on_chunk: Called with each chunk as it comes.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        position: int = 0,
        on_chunk: Callable[[bytes], object] = lambda chunk: None,
    ):
        self.position = position
        self._chunks = iter(chunks)
        self._on_chunk = on_chunk
        self._held = memoryview(b"")

    def take(self, count: int) -> Iterator[memoryview]:
        """Yields the next `count` bytes in views; fewer when the stream ends."""
        while count:
            if not self._held:
                chunk = next(self._chunks, b"")
                if not chunk:
                    return
                self._on_chunk(chunk)
                self._held = memoryview(chunk)
            view, self._held = self._held[:count], self._held[count:]
            count -= len(view)
            self.position += len(view)
            yield view

    def read(self, count: int) -> bytes:
        """Returns the next `count` bytes; fewer when the stream ends."""
        return b"".join(self.take(count))

    def skip_to(self, position: int) -> None:
        """Drops the bytes before `position`."""
        for _ in self.take(position - self.position):
            pass


class FileWriter:
    """Writes files below a folder and adds them to the manifest.

    Args:
        folder: Target folder.
        manifest: List of the finished files.
        on_bytes: Called with the number of bytes just written.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        on_bytes: Callable[[int], None] = lambda count: None,
    ):
        self.folder = folder
        self.manifest = manifest
        self._on_bytes = on_bytes
        self._made: set[Path] = set()

    def write(self, name: str, views: Iterable[bytes], size: int | None = None) -> None:
        """Writes one file as `NAME.part` and renames it when it is complete.

        The manifest line comes last: after a kill, a file without one is fetched
        again. A power cut may lose bytes that the disk had not written yet; a run
        with `verify` reads everything back.

        Raises:
            ValueError: `size` is given, and another number of bytes came.
        """
        path = self.folder / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        part = path.with_name(path.name + ".part")
        digest, count = hashlib.sha256(), 0
        # No file stands open while the server takes its time for the first bytes.
        views = iter(views)
        first = next(views, b"")
        try:
            with open(part, "wb") as file:
                for view in chain([first], views):
                    file.write(view)
                    digest.update(view)
                    count += len(view)
                    self._on_bytes(len(view))
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


def download_range(
    remote: RemoteFile, request: RangeRequest, writer: FileWriter
) -> None:
    """Sends one range request and writes its members.

    Raises:
        ValueError: The archive does not hold the members of its index.
        FetchError: The server or the connection.
    """
    chunks = remote.stream(request.start, request.stop)
    reader = StreamReader(chunks, request.start)
    try:
        for member in request.members:
            reader.skip_to(member.start)
            if _header(reader, member) != member:
                raise ValueError(
                    f"{remote.url}: {member.name!r} is not where it was when the"
                    " archive was indexed; run again with a fresh folder"
                )
            writer.write(member.name, reader.take(member.size), member.size)
    finally:
        chunks.close()


def members_of(reader: StreamReader, size: int | None = None) -> Iterator[Member]:
    """Yields the members of an archive in order; the caller reads their content.

    Args:
        reader: The archive, from the start of a member on.
        size: Size of the whole archive in bytes, if known.

    Raises:
        ValueError: A damaged or hostile archive, or a name that comes twice.
    """
    names: dict[str, Member] = {}
    while member := read_member(reader.read, reader.position):
        refuse_cut(member, size)
        if member.kind == FILE:
            refuse_duplicate(member, names.setdefault(member.name.casefold(), member))
        yield member
        reader.skip_to(member.end)


def _header(reader: StreamReader, member: Member) -> Member | None:
    try:
        return read_member(reader.read, member.start)
    except ValueError:
        return None
