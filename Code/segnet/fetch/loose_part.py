"""Single files named in lists, one request each over kept connections (CamVid)."""

import hashlib
import re
from collections.abc import Callable

from segnet.fetch.client import Client
from segnet.fetch.connections import together
from segnet.fetch.job import Outlook, Site
from segnet.fetch.publishers import Loose
from segnet.fetch.writer import Sink

PLACE = re.compile(r"(?:.*/)?((?:train|val|test)(?:annot)?/[A-Za-z0-9_.-]+\.png)")


class LoosePart:
    """Files in lists; the lists are read when made.

    Args:
        site: The fetch.
        loose: The lists.
        frame: Matches the names that count as frames.
    """

    def __init__(self, site: Site, loose: Loose, frame: re.Pattern):
        self.notes: list[str] = []
        self._site = site
        self._manifest = site.manifest("camvid")
        self._client = site.client("")
        try:
            self._prepare(loose, frame)
        except BaseException:
            self.close()
            raise

    @property
    def names(self) -> list[str]:
        """The wanted files that are in place."""
        return [name for name in self._all if self._manifest.holds(name)]

    def run(self, wrote: Callable[[int], None]) -> None:
        """Fetches what is missing.

        Raises:
            OSError: The server, the line or the disk.
        """
        sink = Sink(self._site.folder, self._manifest, wrote)

        def take(twin: Client, name: str) -> None:
            if name in self._lists:
                return sink.write(name, [self._lists[name]])
            twin.go_to(self._url(name))
            return twin.patiently(lambda: sink.write(name, twin.whole()))

        jobs = self._missing
        together(self._client, jobs, take, self._site.connections, self._site.halt)

    def close(self) -> None:
        self._client.close()
        self._manifest.close()

    def _prepare(self, loose: Loose, frame: re.Pattern) -> None:
        self._lists = {name: self._read(name, md5) for name, md5 in loose.lists.items()}
        places = [p for text in self._lists.values() for p in _places(text)]
        self._all = [*self._lists, *dict.fromkeys(places)]
        self._missing = [n for n in self._all if not self._holds(n)]
        self.outlook = Outlook(
            files=len(self._missing),
            frames=sum(bool(frame.fullmatch(name)) for name in self._missing),
            there=len(self._all) - len(self._missing),
            size=None if self._missing else 0,
            requests=len(self._missing),
            disk=0,
        )

    def _holds(self, name: str) -> bool:
        # Sizes are not published, so the files themselves are read back.
        return self._manifest.holds(name, verify=True)

    def _url(self, name: str) -> str:
        return f"{self._site.base_url.rstrip('/')}/{name}"

    def _read(self, name: str, md5: str) -> bytes:
        self._client.go_to(self._url(name))
        text = self._client.patiently(lambda: b"".join(self._client.whole()))
        found = hashlib.md5(text, usedforsecurity=False).hexdigest()
        if md5 and found != md5:
            raise ValueError(
                f"{self._url(name)}: md5 {found}, expected {md5}: not the list of the"
                " pinned version; fetch from elsewhere"
            )
        return text


def _places(text: bytes) -> list[str]:
    """Paths below the set's folder, of a list with absolute ones in pairs."""
    words = text.decode("utf-8").split()
    matches = [PLACE.fullmatch(word) for word in words]
    for word, match in zip(words, matches, strict=True):
        if not match or ".." in word.split("/"):
            raise ValueError(f"a list of frames names {word!r}: not a CamVid path")
    return [match[1] for match in matches]
