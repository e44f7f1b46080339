"""The function behind `segnet fetch`.

    fetch("vkitti1", "Data", worlds=["0001"], variations=["sunset"])

The tars of Virtual KITTI are read by ranges: one world of fifteen gigabytes costs
that world's bytes. A run that was killed continues when it is started again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segnet.fetch.archive_part import ArchivePart
from segnet.fetch.client import Client, RetryPolicy
from segnet.fetch.connections import run_parallel
from segnet.fetch.job import Job, Progress
from segnet.fetch.loose_part import LoosePart
from segnet.fetch.publishers import Archive, LooseFiles, Selection, Tar, select
from segnet.fetch.ranges import megabytes, refuse_full_disk
from segnet.fetch.tar_part import TarPart

PARTS = {Tar: TarPart, Archive: ArchivePart, LooseFiles: LoosePart}


@dataclass(frozen=True)
class Summary:
    """Result of a fetch, or with `dry_run` its forecast.

    Args:
        name: The dataset.
        folder: Where it is.
        dry_run: Nothing was written but the index.
        frames: Wanted images, fetched or present before; for a dry run those to
            come. None where the server only allows a pass over everything.
        files: All wanted files, in the same way.
        present: Of these, in place before.
        size: Bytes of the files to come, known before; None as above.
        requests: Requests sent; for a dry run, requests still to send.
        received: Body bytes received, those of the index included.
        seconds: Wall-clock time.
        notes: Sentences for the user.
    """

    name: str
    folder: Path
    dry_run: bool
    frames: int | None
    files: int | None
    present: int
    size: int | None
    requests: int | None
    received: int
    seconds: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = self._forecast() if self.dry_run else self._result()
        return "\n".join((text, *self.notes))

    def _forecast(self) -> str:
        size = "an unknown amount" if self.size is None else megabytes(self.size)
        count = "" if self.files is None else f" in {self.files} files"
        frames = "" if self.frames is None else f", {self.frames} of them frames"
        requests = "" if self.requests is None else f", {self.requests} requests"
        return (
            f"{self.name}: {size} to fetch{count}{frames}{requests};"
            f" {self.present} files are present already"
        )

    def _result(self) -> str:
        rate = self.received / max(self.seconds, 1e-9)
        return (
            f"{self.name}: {self.frames} frames, {self.files} files in {self.folder}"
            f" ({self.present} were present); {megabytes(self.received)} in"
            f" {self.requests} requests, {self.seconds:.1f} s, {megabytes(rate)}/s"
        )


def fetch(
    name: str,
    folder: str | Path,
    worlds: Sequence[str] | None = None,
    variations: Sequence[str] | None = None,
    base_url: str | None = None,
    connections: int = 4,
    dry_run: bool = False,
    verify: bool = False,
    progress: bool = False,
    policy: RetryPolicy | None = None,
) -> Summary:
    """Downloads a published dataset into a folder, in its publisher's layout.

    Files that are present and listed in `<archive>.sha256` with their size are not
    fetched again. A file appears under its name only when it is complete.

    Args:
        name: vkitti1, vkitti2, kitti or camvid (cityscapes: says how to get it).
        folder: Where to put it; made when missing.
        worlds: Virtual KITTI: `0001 0002 0006 0018 0020`; default all.
        variations: Virtual KITTI: `clone`, `sunset`, ...; default all.
        base_url: A mirror with the publisher's file names.
        connections: Requests at the same time, at least 1.
        dry_run: Only report bytes, frames and requests. Reads and keeps the index.
        verify: Read back the files that are present and compare their sha256.
        progress: Show one tqdm bar that counts bytes.
        policy: Time-outs and retries.

    Returns:
        A summary; `str(summary)` is one line for people, and a line a note.

    Raises:
        ValueError: An unknown dataset, world or variation; a damaged or hostile
            archive; a wrong checksum.
        OSError: The server, the connection (`FetchError`), or the disk.
    """
    if connections < 1:
        raise ValueError(f"connections is {connections}; at least 1 is needed")
    selection = select(name, worlds, variations, base_url)
    job = Job(
        base_url=selection.base_url,
        folder=Path(folder),
        connections=connections,
        client=Client(policy or RetryPolicy(), connections),
        verify=verify,
        progress=Progress(progress),
    )
    with job.open():
        return _run(name, job, selection, dry_run)


def _run(name: str, job: Job, selection: Selection, dry_run: bool) -> Summary:
    began = time.monotonic()
    parts = []
    try:
        for part in selection.parts:
            parts.append(PARTS[type(part)](job, part, selection.frame))
        _find_members(name, job, parts)
        for part in parts:
            part.plan()
        forecast = _forecast(name, job, parts, began)
        if dry_run:
            return forecast
        refuse_full_disk(job.folder, sum(part.estimate.disk for part in parts))
        job.progress.start(f"fetch {name}", forecast.size)
        for part in parts:
            part.run()
        return _summary(name, job, selection, parts, began)
    finally:
        for part in parts:
            part.close()


def _find_members(name: str, job: Job, parts: list) -> None:
    """Fills the indexes of the tars, of several at the same time."""
    tars = [part for part in parts if isinstance(part, TarPart) and part.is_unknown]
    if not tars:
        return
    job.progress.start(f"index {name}")
    share = job.connections // len(tars)
    if share:
        run_parallel(tars, tars, lambda _, tar: tar.find(share), job.cancel)
    else:
        for tar in tars:
            tar.find(job.connections)


def _forecast(name: str, job: Job, parts: list, began: float) -> Summary:
    def total(field: str) -> int | None:
        counts = [getattr(part.estimate, field) for part in parts]
        return None if None in counts else sum(counts)

    return Summary(
        name=name,
        folder=job.folder,
        dry_run=True,
        frames=total("frames"),
        files=total("files"),
        present=total("present"),
        size=total("size"),
        requests=total("requests"),
        received=job.client.traffic.received,
        seconds=time.monotonic() - began,
        notes=_notes(parts),
    )


def _summary(
    name: str, job: Job, selection: Selection, parts: list, began: float
) -> Summary:
    names = [name for part in parts for name in part.names]
    frames = [name for name in names if selection.frame.fullmatch(name)]
    counts = dict.fromkeys(selection.counts, 0)
    for frame in frames:
        folder = frame.rpartition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    short = tuple(
        f"{folder}: {counts[folder]} frames here, {published} were published"
        for folder, published in selection.counts.items()
        if counts[folder] != published
    )
    return Summary(
        name=name,
        folder=job.folder,
        dry_run=False,
        frames=len(frames),
        files=len(names),
        present=sum(part.estimate.present for part in parts),
        size=sum(part.estimate.size or 0 for part in parts),
        requests=job.client.traffic.requests,
        received=job.client.traffic.received,
        seconds=time.monotonic() - began,
        notes=_notes(parts) + short,
    )


def _notes(parts: list) -> tuple[str, ...]:
    return tuple(note for part in parts for note in part.notes)
