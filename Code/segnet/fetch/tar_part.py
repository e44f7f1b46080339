"""Members of one remote tar: by ranges, or by one pass where that is not possible."""

import hashlib
import re
from collections.abc import Callable, Iterator

from segnet.fetch.connections import together
from segnet.fetch.job import Outlook, Site
from segnet.fetch.publishers import Tar
from segnet.fetch.ranges import megabytes, on_disk, pieces, refuse_full_disk
from segnet.fetch.tar_find import find, watch
from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import FILE, Member
from segnet.fetch.writer import Sink, Source, members_of, take_piece

FAR = 1 << 62


class TarPart:
    """The wanted members of one archive; looked up and indexed when made.

    Args:
        site: The fetch.
        tar: The archive and what is wanted of it.
        frame: Matches the names that count as frames.
    """

    def __init__(self, site: Site, tar: Tar, frame: re.Pattern):
        self.notes: list[str] = []
        self._site = site
        self._tar = tar
        self._client = site.client(tar.file)
        self._remote = self._client.look_up()
        self._index = TarIndex(site.cache(f"{tar.file}.index"), self._remote)
        self._manifest = site.manifest(tar.file)
        if _other_file(self._index.was_for, self._index.key):
            self._manifest.forget()
        try:
            self._prepare(frame)
        except BaseException:
            self.close()
            raise

    @property
    def names(self) -> list[str]:
        """The wanted files that are in place."""
        return [m.name for m in self._wanted() if self._manifest.holds(m.name, m.size)]

    def run(self, wrote) -> None:
        """Fetches what is missing.

        Args:
            wrote: Told the number of bytes just written.

        Raises:
            ValueError: A damaged or hostile archive.
            OSError: The server, the line or the disk.
        """
        if self._streams:
            self._run_stream(wrote)
        elif self._missing and self._remote.ranges:
            sink = Sink(self._site.folder, self._manifest, wrote)
            together(
                self._client,
                pieces(self._missing, self._site.connections),
                lambda twin, piece: take_piece(twin, piece, sink),
                self._site.connections,
                self._site.halt,
            )
        elif self._missing:
            self._run_stream(wrote)

    def close(self) -> None:
        self._client.close()
        self._index.close()
        self._manifest.close()

    def _prepare(self, frame: re.Pattern) -> None:
        """Decides between ranges and one pass, and tells what is to come."""
        wanted, remote = self._tar.wanted, self._remote
        known = wanted.known(self._index)
        whole = wanted.everything and not self._index.complete
        self._streams = not known and (whole or not remote.ranges)
        self._missing: list[Member] = []
        there = len(self._manifest)
        if not self._streams:
            self._plan(known, frame)
        elif remote.ranges:
            left = remote.size - self._resume_at()
            self.outlook = Outlook(None, None, there, left, 1, left)
        else:
            self.outlook = Outlook(None, None, there, None, 1, 0)
            size = megabytes(remote.size) if remote.size else "of unknown size"
            self.notes.append(
                f"{self._tar.file}: the server gives no ranges; the archive ({size})"
                " is read from its start until all that is wanted has come"
            )

    def _plan(self, known: bool, frame: re.Pattern) -> None:
        site, wanted = self._site, self._tar.wanted
        if not known:
            desc = f"index {self._tar.file}"
            with site.counting(None, " headers", desc) as seen:
                args = (self._client, self._index, wanted)
                find(*args, site.connections, site.halt, seen)
        members = self._wanted()
        wanted.check(members, self._remote.url)
        holds = self._manifest.holds
        self._missing = [m for m in members if not holds(m.name, m.size, site.verify)]
        if site.verify:
            bad = sum(holds(m.name, m.size) for m in self._missing)
            self.notes += [f"{bad} files had changed on disk: fetched again"] * (
                bad > 0
            )
        self.outlook = Outlook(
            files=len(self._missing),
            frames=sum(bool(frame.fullmatch(m.name)) for m in self._missing),
            there=len(members) - len(self._missing),
            size=sum(m.size for m in self._missing),
            requests=len(pieces(self._missing, site.connections)),
            disk=on_disk(self._missing),
        )

    def _wanted(self) -> list[Member]:
        return [m for m in self._index.files() if self._tar.wanted.takes(m.name)]

    def _run_stream(self, wrote) -> None:
        """One pass from the start (or from where an earlier one got to)."""
        wanted, remote = self._tar.wanted, self._remote
        start, stop = self._resume_at(), FAR if remote.size is None else remote.size
        digest = hashlib.md5(usedforsecurity=False)

        def look(chunk: bytes) -> None:
            digest.update(chunk)
            if self._streams and remote.ranges:
                wrote(len(chunk))

        quiet = self._streams and remote.ranges
        sink = Sink(self._site.folder, self._manifest, *([] if quiet else [wrote]))
        chunks = self._client.stream(start, stop)
        source = Source(chunks, start, look)
        try:
            if self._pass(members_of(source, remote.size), source, sink):
                return
            self._note_end(source, start, stop, digest.hexdigest)
        finally:
            chunks.close()
        wanted.check(self._wanted(), remote.url)

    def _pass(self, members: Iterator[Member], source: Source, sink: Sink) -> bool:
        """Takes what is wanted; True when it stopped before the archive's end."""
        wanted, index = self._tar.wanted, self._index
        enough, last = watch(index, wanted), None
        for member in members:
            if not index.knows(member.start):
                index.add(member)
            if member.kind == FILE and wanted.takes(member.name):
                self._take(member, source, sink)
            if enough(member):
                last = last or max(m.end for m in self._wanted())
                if member.end >= last:
                    return True
        return False

    def _take(self, member: Member, source: Source, sink: Sink) -> None:
        if not self._manifest.holds(member.name, member.size, self._site.verify):
            refuse_full_disk(self._site.folder, on_disk([member]))
            sink.write(member.name, source.take(member.size), member.size)

    def _resume_at(self) -> int:
        """The first member from byte 0 on that is unknown or still to be fetched."""
        position = 0
        if not self._remote.ranges:
            return position
        holds, verify = self._manifest.holds, self._site.verify
        for m in self._index.run(0):
            wanted = m.kind == FILE and self._tar.wanted.takes(m.name)
            if wanted and not holds(m.name, m.size, verify):
                break
            position = m.end
        return position

    def _note_end(self, source: Source, start: int, stop: int, md5: Callable) -> None:
        """The end of the archive is known; so is its md5, if it was read from byte 0.

        Raises:
            ValueError: The md5 is not the published one.
        """
        self._index.add_end(self._index.reached())
        if not self._tar.md5 or stop == FAR:
            return
        if start:
            self.notes.append(
                f"{self._tar.file}: md5 not checked, the download was resumed"
            )
            return
        source.skip_to(stop)
        if md5() != self._tar.md5:
            self._manifest.forget()
            self._index.forget()
            raise ValueError(
                f"{self._remote.url}: md5 {md5()}, published is {self._tar.md5}:"
                " damaged or not the published file; fetch from elsewhere"
            )


def _other_file(was: list | None, now: list) -> bool:
    """Whether an index was made for another version of the archive.

    Another address alone does not say so: mirrors hold the same archive.
    """
    if was is None or was == now:
        return False
    return was[1] != now[1] or was[0] == now[0]
