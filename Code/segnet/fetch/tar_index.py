"""The index of a remote tar: positions of its members, kept on disk, growing.

Members are found one after another (the end of one is the start of the next), but
not always from the first byte on: the index holds runs of neighbours, which join
when one reaches the start of another.
"""

import json
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from segnet.fetch.remote_file import FileInfo
from segnet.fetch.tar_member import FILE, FOLDER, Member, refuse_duplicate
from segnet.system.files import replacing

FORMAT = "segnet-tar-index 1"
KINDS = (FILE, FOLDER)


class TarIndex:
    """The members known so far, by start; each one is also a line of the cache file.

    The first line of the cache holds URL, size, ETag and Last-Modified. When the
    server now says otherwise, the cache describes another file and is emptied. Each
    line carries a checksum: what a damaged line held is read from the server again.

    Args:
        path: Cache file, or None to keep the index in memory only.
        info: The archive as the server describes it.
    """

    def __init__(self, path: Path | None, info: FileInfo):
        self.members: dict[int, Member] = {}
        self.ends: set[int] = set()
        self.key = [info.url, info.size, info.etag, info.modified]
        self.old_key: list | None = None
        self._lock = threading.Lock()
        self._file = None
        if path is not None:
            self._open(path)

    def add(self, member: Member) -> None:
        """Adds a member, in memory and on disk."""
        record = [
            member.start,
            member.data,
            member.size,
            KINDS.index(member.kind),
            member.name,
        ]
        with self._lock:
            self.members[member.start] = member
            self._write(record)

    def add_end(self, position: int) -> None:
        """Adds that the archive ends at `position`."""
        with self._lock:
            self.ends.add(position)
            self._write([position])

    def forget(self) -> None:
        """Empties the index and the cache file."""
        with self._lock:
            self.members.clear()
            self.ends.clear()
            if self._file is not None:
                self._file.truncate(0)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def knows(self, position: int) -> bool:
        """Returns whether a known member, or the archive's end, is at `position`."""
        return position in self.members or position in self.ends

    def all(self) -> list[Member]:
        """Returns every known member in the order of finding."""
        with self._lock:
            return list(self.members.values())

    def run(self, position: int) -> Iterator[Member]:
        """Yields neighbours from `position` on, up to the first unknown one."""
        while member := self.members.get(position):
            yield member
            position = member.end

    def reached(self, position: int = 0) -> int:
        """Returns the position after the run of neighbours from `position` on."""
        for member in self.run(position):
            position = member.end
        return position

    @property
    def complete(self) -> bool:
        """Whether every member from the first byte to the end is known."""
        return self.reached() in self.ends

    def files(self) -> list[Member]:
        """Returns the known files in the order of the archive.

        A run found by searching for headers may lie inside another member (a tar
        within the tar); once the run from byte 0 is complete, it alone counts.

        Raises:
            ValueError: Two members of one name (letter case aside).
        """
        known = list(self.run(0)) if self.complete else self.all()
        files = [member for member in known if member.kind == FILE]
        files.sort(key=lambda member: member.start)
        seen = {}
        for member in files:
            refuse_duplicate(member, seen.setdefault(member.name.casefold(), member))
        return files

    def _open(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        records = [record for line in lines if (record := _parse(line)) is not None]
        self.old_key = records[0][1:] if _has_key(records) else None
        kept = records[1:] if self.old_key == self.key else []
        with replacing(path) as part:
            with open(part, "wb") as self._file:
                self._write([FORMAT, *self.key])
                for record in kept:
                    self._keep(record)
        self._file = open(path, "ab")

    def _keep(self, record: list) -> None:
        if len(record) == 1:
            self.add_end(record[0])
        else:
            start, data, size, kind, name = record
            self.add(Member(name, KINDS[kind], start, data, size))

    def _write(self, record: list) -> None:
        if self._file is not None:
            self._file.write(_format(record))
            self._file.flush()


def _has_key(records: list) -> bool:
    return bool(records) and len(records[0]) == 5 and records[0][0] == FORMAT


def _format(record: list) -> bytes:
    text = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parse(line: bytes) -> list | None:
    """Returns the record of a line, or None when the line is damaged."""
    checksum, _, text = line.partition(b" ")
    if len(checksum) != 8 or checksum != b"%08x" % zlib.crc32(text):
        return None
    return json.loads(text)
