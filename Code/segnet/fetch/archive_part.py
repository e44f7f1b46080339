"""A zip or tar.gz: loaded as a whole, checked, then unpacked member by member."""

import gzip
import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from segnet.fetch.job import Outlook, Site
from segnet.fetch.publishers import Whole
from segnet.fetch.ranges import refuse_full_disk
from segnet.fetch.tar_member import FILE, plain_name, refuse_unsafe
from segnet.fetch.writer import Sink, Source, members_of
from segnet.system.files import replacing

CHUNK = 1 << 18
DAMAGED = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)
ENCRYPTED = 1


class WholePart:
    """An archive fetched in one piece; looked up when made.

    What it held is noted beside the indexes, so a later run knows without the
    archive whether anything is missing.

    Args:
        site: The fetch.
        whole: The archive and what to unpack of it.
        frame: Matches the names that count as frames.
    """

    def __init__(self, site: Site, whole: Whole, frame: re.Pattern):
        self.notes: list[str] = []
        self._site = site
        self._whole = whole
        self._client = site.client(whole.file)
        self._remote = self._client.look_up()
        self._manifest = site.manifest(whole.file)
        self._path = site.cache(whole.file)
        self._part = self._path.with_name(whole.file + ".part")
        self._state = self._path.with_name(whole.file + ".json")
        remote = self._remote
        self._key = [remote.url, remote.size, remote.etag, remote.modified]
        known = json.loads(self._state.read_text()) if self._state.exists() else {}
        if known.get("key") != self._key:
            if known.get("sizes"):
                self._manifest.forget()
            known = {}
            self._path.unlink(missing_ok=True)
        if not known or not remote.ranges:
            self._part.unlink(missing_ok=True)
        self._sizes: dict[str, int] | None = known.get("sizes")
        self.outlook = self._look_out()

    @property
    def names(self) -> list[str]:
        """The wanted files that are in place."""
        return [name for name in self._wanted() if self._holds(name)]

    def run(self, wrote: Callable[[int], None]) -> None:
        """Loads the archive where needed, unpacks what is missing.

        Raises:
            ValueError: A wrong checksum, a damaged or hostile archive.
            OSError: The server, the line or the disk.
        """
        if self._sizes is not None and not self._missing():
            return
        if not self._path.exists():
            self._download(wrote)
        try:
            self._unpack()
        except DAMAGED as error:
            self._path.unlink()
            raise ValueError(
                f"{self._remote.url}: damaged archive ({error}); fetch from elsewhere"
            ) from error
        if not self._whole.keep:
            self._path.unlink()

    def close(self) -> None:
        self._client.close()
        self._manifest.close()

    def _wanted(self) -> list[str]:
        return [name for name in self._sizes or {} if self._whole.takes(name)]

    def _holds(self, name: str) -> bool:
        return self._manifest.holds(name, self._sizes[name], self._site.verify)

    def _missing(self) -> list[str]:
        return [name for name in self._wanted() if not self._holds(name)]

    def _look_out(self) -> Outlook:
        missing = self._missing()
        there = len(self._wanted()) - len(missing)
        if self._sizes is not None and not missing:
            return Outlook(0, 0, there, 0, 0, 0)
        if self._path.exists():
            return Outlook(None, None, there, 0, 0, self._path.stat().st_size)
        if self._remote.size is None:
            return Outlook(None, None, there, None, 1, 0)
        left = self._remote.size - self._done()
        # Loaded and unpacked: about twice the archive for a while.
        return Outlook(None, None, there, left, 1, left + self._remote.size)

    def _done(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _note(self, sizes: dict[str, int] | None) -> None:
        with replacing(self._state) as part:
            part.write_text(json.dumps({"key": self._key, "sizes": sizes}))

    def _download(self, wrote: Callable[[int], None]) -> None:
        """The archive at its place, whole and with the published md5."""
        self._note(self._sizes)
        if self._remote.size is None:
            self._client.patiently(lambda: self._load(self._client.whole(), 0, wrote))
        else:
            start = min(self._done(), self._remote.size)
            chunks = self._client.stream(start, self._remote.size)
            self._load(chunks, start, wrote)
        told = self._whole.md5
        with open(self._part, "rb") as file:
            md5 = hashlib.file_digest(file, "md5").hexdigest() if told else ""
        if md5 != told:
            self._part.unlink()
            raise ValueError(
                f"{self._remote.url}: md5 {md5}, published is {told}: damaged or not"
                " the published file; fetch from elsewhere"
            )
        self._part.replace(self._path)

    def _load(self, chunks: Iterator[bytes], start: int, wrote: Callable) -> None:
        with open(self._part, "ab") as file:
            file.truncate(start)
            for chunk in chunks:
                file.write(chunk)
                wrote(len(chunk))

    def _unpack(self) -> None:
        zipped = self._whole.file.endswith(".zip")
        members = _zip_members if zipped else _tar_gz_members
        sizes = {name: size for name, size, _ in members(self._path)}
        self._sizes = sizes
        missing = set(self._missing())
        if not self._wanted():
            raise ValueError(f"{self._remote.url} holds nothing of what is wanted")
        refuse_full_disk(self._site.folder, sum(sizes[name] for name in missing))
        sink = Sink(self._site.folder, self._manifest)
        for name, size, content in members(self._path):
            if name in missing:
                sink.write(name, content, size)
        self._note(sizes)


def _zip_members(path: Path) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        seen = set()
        for info in archive.infolist():
            name = info.orig_filename
            mode = info.external_attr >> 16
            link = "a symbolic link" if stat.S_ISLNK(mode) else ""
            locked = "encrypted" if info.flag_bits & ENCRYPTED else ""
            refuse_unsafe(name, link or locked)
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
        source = Source(iter(lambda: file.read(CHUNK), b""))
        for member in members_of(source):
            if member.kind == FILE:
                yield member.name, member.size, source.take(member.size)
