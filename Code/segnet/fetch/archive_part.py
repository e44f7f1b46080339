"""A zip or tar.gz: downloaded whole, checked, then unpacked member by member."""

import gzip
import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from segnet.fetch.job import Estimate, Job
from segnet.fetch.publishers import Archive
from segnet.fetch.ranges import refuse_full_disk
from segnet.fetch.tar_member import FILE, plain_name, refuse_unsafe
from segnet.fetch.writer import FileWriter, StreamReader, members_of
from segnet.system.files import replacing

CHUNK = 1 << 18
DAMAGED = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)
ENCRYPTED = 1


class ArchivePart:
    """An archive fetched in one piece; the constructor asks the server for its size.

    The names and sizes of its members are kept in `.fetch`, so a later run knows
    without the archive whether any file is missing.

    Args:
        job: The fetch.
        archive: The archive and the members to unpack.
        frame: Matches the names that count as frames.
    """

    def __init__(self, job: Job, archive: Archive, frame: re.Pattern):
        self.notes: list[str] = []
        self._job = job
        self._archive = archive
        self._remote = job.remote(archive.file)
        info = self._info = self._remote.look_up()
        self._manifest = job.manifest(archive.file)
        self._path = job.cache(archive.file)
        self._part = self._path.with_name(archive.file + ".part")
        self._state = self._path.with_name(archive.file + ".json")
        self._key = [info.url, info.size, info.etag, info.modified]
        known = json.loads(self._state.read_text()) if self._state.exists() else {}
        if known.get("key") != self._key:
            if known.get("sizes"):
                self._manifest.forget()
            known = {}
            self._path.unlink(missing_ok=True)
        if not known or not info.ranges:
            self._part.unlink(missing_ok=True)
        self._sizes: dict[str, int] | None = known.get("sizes")

    @property
    def names(self) -> list[str]:
        """The wanted files that are in place."""
        return [name for name in self._wanted() if self._holds(name)]

    def plan(self) -> None:
        """Looks for missing files and sets `estimate`."""
        self.estimate = self._estimate()

    def run(self) -> None:
        """Downloads the archive where needed and unpacks the missing files.

        Raises:
            ValueError: A wrong checksum, a damaged or hostile archive.
            OSError: The server, the connection or the disk.
        """
        if self._sizes is not None and not self._missing():
            return
        if not self._path.exists():
            self._download()
        try:
            self._unpack()
        except DAMAGED as error:
            self._path.unlink()
            raise ValueError(
                f"{self._info.url}: damaged archive ({error}); fetch from elsewhere"
            ) from error
        if not self._archive.keep:
            self._path.unlink()

    def close(self) -> None:
        self._manifest.close()

    def _wanted(self) -> list[str]:
        return [name for name in self._sizes or {} if self._archive.takes(name)]

    def _holds(self, name: str) -> bool:
        return self._manifest.holds(name, self._sizes[name], self._job.verify)

    def _missing(self) -> list[str]:
        return [name for name in self._wanted() if not self._holds(name)]

    def _estimate(self) -> Estimate:
        missing = self._missing()
        present = len(self._wanted()) - len(missing)
        if self._sizes is not None and not missing:
            return Estimate(0, 0, present, 0, 0, 0)
        if self._path.exists():
            return Estimate(None, None, present, 0, 0, self._path.stat().st_size)
        if self._info.size is None:
            return Estimate(None, None, present, None, 1, 0)
        left = self._info.size - self._downloaded()
        # The archive and its files stand side by side for a while.
        return Estimate(None, None, present, left, 1, left + self._info.size)

    def _downloaded(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _save_state(self, sizes: dict[str, int] | None) -> None:
        with replacing(self._state) as part:
            part.write_text(json.dumps({"key": self._key, "sizes": sizes}))

    def _download(self) -> None:
        """Downloads the archive and compares the published md5."""
        self._save_state(self._sizes)
        if self._info.size is None:
            self._remote.retrying(lambda: self._save(self._remote.whole(), 0))
        else:
            start = min(self._downloaded(), self._info.size)
            self._save(self._remote.stream(start, self._info.size), start)
        published = self._archive.md5
        with open(self._part, "rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest() if published else ""
        if md5 != published:
            self._part.unlink()
            raise ValueError(
                f"{self._info.url}: md5 {md5}, published is {published}: damaged or not"
                " the published file; fetch from elsewhere"
            )
        self._part.replace(self._path)

    def _save(self, chunks: Iterator[bytes], start: int) -> None:
        with open(self._part, "ab") as file:
            file.truncate(start)
            for chunk in chunks:
                file.write(chunk)
                self._job.progress.add(len(chunk))

    def _unpack(self) -> None:
        zipped = self._archive.file.endswith(".zip")
        members = _zip_members if zipped else _tar_gz_members
        sizes = {name: size for name, size, _ in members(self._path)}
        self._sizes = sizes
        missing = set(self._missing())
        if not self._wanted():
            raise ValueError(f"{self._info.url} holds none of the wanted files")
        refuse_full_disk(self._job.folder, sum(sizes[name] for name in missing))
        writer = FileWriter(self._job.folder, self._manifest)
        for name, size, content in members(self._path):
            if name in missing:
                writer.write(name, content, size)
        self._save_state(sizes)


def _zip_members(path: Path) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        seen = set()
        for info in archive.infolist():
            name = info.orig_filename
            mode = info.external_attr >> 16
            link = "a symbolic link" if stat.S_ISLNK(mode) else ""
            encrypted = "encrypted" if info.flag_bits & ENCRYPTED else ""
            refuse_unsafe(name, link or encrypted)
            if name.endswith("/"):
                continue
            name = plain_name(name)
            if name.casefold() in seen:
                refuse_unsafe(name, "held twice")
            seen.add(name.casefold())
            with archive.open(info) as file:
                yield name, info.file_size, iter(lambda f=file: f.read(CHUNK), b"")


def _tar_gz_members(path: Path) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    with gzip.open(path) as file:
        reader = StreamReader(iter(lambda: file.read(CHUNK), b""))
        for member in members_of(reader):
            if member.kind == FILE:
                yield member.name, member.size, reader.take(member.size)
