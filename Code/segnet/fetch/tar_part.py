"""Members of one remote tar, read by ranges, or in one pass where needed."""

import hashlib
import re
from collections.abc import Callable, Iterator

from segnet.fetch.connections import run_parallel
from segnet.fetch.job import Estimate, Job
from segnet.fetch.publishers import Tar
from segnet.fetch.ranges import (
    megabytes,
    on_disk,
    range_requests,
    refuse_full_disk,
)
from segnet.fetch.tar_find import find, stop_when_known
from segnet.fetch.tar_index import TarIndex
from segnet.fetch.tar_member import FILE, Member
from segnet.fetch.writer import FileWriter, StreamReader, download_range, members_of

UNKNOWN_END = 1 << 62


class TarPart:
    """The wanted members of one archive; the constructor asks the server for its size.

    `find` fills the index if `is_unknown`, `plan` estimates the work, `run` does it.

    Args:
        job: The fetch.
        tar: The archive and its wanted members.
        frame: Matches the names that count as frames.
    """

    def __init__(self, job: Job, tar: Tar, frame: re.Pattern):
        self.notes: list[str] = []
        self._job = job
        self._tar = tar
        self._frame = frame
        self._remote = job.remote(tar.file)
        self._info = self._remote.look_up()
        self._manifest = job.manifest(tar.file)
        self._index = TarIndex(job.cache(f"{tar.file}.index"), self._info)
        self._missing: list[Member] = []
        try:
            self._choose_way()
        except BaseException:
            self.close()
            raise

    @property
    def names(self) -> list[str]:
        """The wanted files that are in place."""
        return [m.name for m in self._wanted() if self._manifest.holds(m.name, m.size)]

    def find(self, connections: int) -> None:
        """Fills the index with the wanted members.

        Args:
            connections: Requests at the same time.

        Raises:
            ValueError: A damaged or hostile archive.
            FetchError: The server or the connection.
        """
        archive = (self._remote, self._index, self._tar.wanted)
        find(*archive, connections, self._job.cancel, self._job.progress.add)

    def abort(self) -> None:
        """Ends a `find` that another thread is waiting in."""
        self._remote.abort()

    def plan(self) -> None:
        """Sets `estimate`.

        Raises:
            ValueError: The archive lacks a wanted folder or file.
        """
        info, present = self._info, len(self._manifest)
        if not self._streams:
            self._look_for_missing()
        elif info.ranges:
            left = info.size - self._resume_at()
            self.estimate = Estimate(None, None, present, left, 1, left)
        else:
            self.estimate = Estimate(None, None, present, None, 1, 0)
            size = megabytes(info.size) if info.size else "of unknown size"
            self.notes.append(
                f"{self._tar.file}: the server supports no ranges; the archive ({size})"
                " is read from its start until all wanted files have come"
            )

    def run(self) -> None:
        """Fetches the missing files.

        Raises:
            ValueError: A damaged or hostile archive.
            OSError: The server, the connection or the disk.
        """
        job = self._job
        if not self._streams and self._info.ranges:
            writer = FileWriter(job.folder, self._manifest, job.progress.add)
            requests = range_requests(self._missing, job.connections)
            run_parallel(
                self._remote.clones(min(job.connections, len(requests))),
                requests,
                lambda remote, request: download_range(remote, request, writer),
                job.cancel,
            )
        elif self._streams or self._missing:
            self._read_in_one_pass()

    def close(self) -> None:
        self._index.close()
        self._manifest.close()

    def _choose_way(self) -> None:
        """Decides between ranges and one pass, from what earlier runs left."""
        if _other_file(self._index.old_key, self._index.key):
            self._manifest.forget()
        wanted = self._tar.wanted
        known = wanted.known(self._index)
        whole = wanted.everything and not self._index.complete
        self._streams = not known and (whole or not self._info.ranges)
        self.is_unknown = not known and not self._streams

    def _look_for_missing(self) -> None:
        job = self._job
        members = self._wanted()
        self._tar.wanted.check(members, self._info.url)
        holds = self._manifest.holds
        self._missing = [m for m in members if not holds(m.name, m.size, job.verify)]
        if job.verify:
            bad = sum(holds(m.name, m.size) for m in self._missing)
            if bad:
                self.notes.append(f"{bad} files had changed on disk: fetched again")
        self.estimate = Estimate(
            files=len(self._missing),
            frames=sum(bool(self._frame.fullmatch(m.name)) for m in self._missing),
            present=len(members) - len(self._missing),
            size=sum(m.size for m in self._missing),
            requests=len(range_requests(self._missing, job.connections)),
            disk=on_disk(self._missing),
        )

    def _wanted(self) -> list[Member]:
        return [m for m in self._index.files() if self._tar.wanted.takes(m.name)]

    def _read_in_one_pass(self) -> None:
        """Reads from the start, or from the position that an earlier run reached."""
        info, add = self._info, self._job.progress.add
        start = self._resume_at()
        stop = UNKNOWN_END if info.size is None else info.size
        digest = hashlib.md5(usedforsecurity=False)
        # The estimate is the rest of the archive then; else that of the wanted files.
        counts_all = self._streams and info.ranges

        def on_chunk(chunk: bytes) -> None:
            digest.update(chunk)
            if counts_all:
                add(len(chunk))

        on_bytes = () if counts_all else (add,)
        writer = FileWriter(self._job.folder, self._manifest, *on_bytes)
        chunks = self._remote.stream(start, stop)
        reader = StreamReader(chunks, start, on_chunk)
        try:
            if self._take_wanted(members_of(reader, info.size), reader, writer):
                return
            self._add_end(reader, start, stop, digest.hexdigest)
        finally:
            chunks.close()
        self._tar.wanted.check(self._wanted(), info.url)

    def _take_wanted(
        self, members: Iterator[Member], reader: StreamReader, writer: FileWriter
    ) -> bool:
        """Writes wanted members; returns True if it stopped before the end."""
        wanted, index = self._tar.wanted, self._index
        stop, last = stop_when_known(index, wanted), None
        for member in members:
            if not index.knows(member.start):
                index.add(member)
            if member.kind == FILE and wanted.takes(member.name):
                self._take(member, reader, writer)
            if stop(member):
                last = last or max(m.end for m in self._wanted())
                if member.end >= last:
                    return True
        return False

    def _take(self, member: Member, reader: StreamReader, writer: FileWriter) -> None:
        if not self._manifest.holds(member.name, member.size, self._job.verify):
            refuse_full_disk(self._job.folder, on_disk([member]))
            writer.write(member.name, reader.take(member.size), member.size)

    def _resume_at(self) -> int:
        """Returns the position of the first member that is unknown or missing."""
        position = 0
        if not self._info.ranges:
            return position
        holds, verify = self._manifest.holds, self._job.verify
        for m in self._index.run(0):
            wanted = m.kind == FILE and self._tar.wanted.takes(m.name)
            if wanted and not holds(m.name, m.size, verify):
                break
            position = m.end
        return position

    def _add_end(
        self, reader: StreamReader, start: int, stop: int, md5: Callable[[], str]
    ) -> None:
        """Adds the archive's end to the index; compares md5 if read from byte 0.

        Raises:
            ValueError: The md5 is not the published one.
        """
        self._index.add_end(self._index.reached())
        if not self._tar.md5 or stop == UNKNOWN_END:
            return
        if start:
            self.notes.append(
                f"{self._tar.file}: md5 not checked, the download was resumed"
            )
            return
        reader.skip_to(stop)
        if md5() != self._tar.md5:
            self._manifest.forget()
            self._index.forget()
            raise ValueError(
                f"{self._info.url}: md5 {md5()}, published is {self._tar.md5}:"
                " damaged or not the published file; fetch from elsewhere"
            )


def _other_file(was: list | None, now: list) -> bool:
    """Returns whether an index describes another version of the archive.

    Another address alone does not mean so: mirrors hold the same archive.
    """
    if was is None or was == now:
        return False
    return was[1] != now[1] or was[0] == now[0]
