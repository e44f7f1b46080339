"""Single files named in lists, one request each over kept connections."""

import hashlib
import re

from segnet.fetch.connections import run_parallel
from segnet.fetch.job import Estimate, Job
from segnet.fetch.publishers import LooseFiles
from segnet.fetch.remote_file import RemoteFile
from segnet.fetch.writer import FileWriter


class LoosePart:
    """Files in lists; the constructor reads the lists.

    Args:
        job: The fetch.
        loose: The lists.
        frame: Matches the names that count as frames.
    """

    def __init__(self, job: Job, loose: LooseFiles, frame: re.Pattern):
        self.notes: list[str] = []
        self._job = job
        self._loose = loose
        self._manifest = job.manifest(loose.name)
        self._remote = job.remote("")
        self._lists = {name: self._read(name, md5) for name, md5 in loose.lists.items()}
        paths = [path for text in self._lists.values() for path in self._paths(text)]
        self._all = [*self._lists, *dict.fromkeys(paths)]
        self._frame = frame

    def plan(self) -> None:
        """Looks for missing files and sets `estimate`."""
        self._missing = [name for name in self._all if not self._holds(name)]
        self.estimate = Estimate(
            files=len(self._missing),
            frames=sum(bool(self._frame.fullmatch(name)) for name in self._missing),
            present=len(self._all) - len(self._missing),
            size=None if self._missing else 0,
            requests=len(self._missing),
            disk=0,
        )

    @property
    def names(self) -> list[str]:
        """The wanted files that are in place."""
        return [name for name in self._all if self._manifest.holds(name)]

    def run(self) -> None:
        """Fetches the missing files.

        Raises:
            OSError: The server, the connection or the disk.
        """
        job = self._job
        writer = FileWriter(job.folder, self._manifest, job.progress.add)

        def download(remote: RemoteFile, name: str) -> None:
            if name in self._lists:
                writer.write(name, [self._lists[name]])
                return
            remote.url = job.url(name)
            remote.retrying(lambda: writer.write(name, remote.whole()))

        clones = self._remote.clones(min(job.connections, len(self._missing)))
        run_parallel(clones, self._missing, download, job.cancel)

    def close(self) -> None:
        self._manifest.close()

    def _holds(self, name: str) -> bool:
        # Sizes are not published, so the files themselves are read back.
        return self._manifest.holds(name, verify=True)

    def _read(self, name: str, md5: str) -> bytes:
        remote = self._job.remote(name)
        text = remote.retrying(lambda: b"".join(remote.whole()))
        found = hashlib.md5(text, usedforsecurity=False).hexdigest()
        if md5 and found != md5:
            raise ValueError(
                f"{remote.url}: md5 {found}, expected {md5}: not the list of the pinned"
                " version; fetch from elsewhere"
            )
        return text

    def _paths(self, text: bytes) -> list[str]:
        """Returns the files that a list names, relative to the dataset's folder."""
        paths = []
        for word in text.decode("utf-8").split():
            match = self._loose.path.fullmatch(word)
            if not match or ".." in word.split("/"):
                raise ValueError(
                    f"a list of frames names {word!r}: not a path of"
                    f" {self._loose.name}; fetch from elsewhere"
                )
            paths.append(match[1])
        return paths
