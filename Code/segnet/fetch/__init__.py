"""`segnet fetch`: downloads the wanted part of public datasets, checked and resumable.

    fetch("vkitti1", "Data", worlds=["0001"], variations=["sunset"])

The tars of Virtual KITTI are read by ranges: one world of fifteen gigabytes costs
that world's bytes. A run that was killed goes on when it is started again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segnet.fetch.archive_part import WholePart
from segnet.fetch.connection import FetchError, Patience
from segnet.fetch.job import SilentBar, Site
from segnet.fetch.loose_part import LoosePart
from segnet.fetch.publishers import SETS, Loose, Order, Tar, order
from segnet.fetch.ranges import megabytes, refuse_full_disk
from segnet.fetch.tar_part import TarPart

__all__ = ["SETS", "FetchError", "Patience", "Summary", "fetch"]


@dataclass(frozen=True)
class Summary:
    """What a fetch did, or with `dry_run` would do.

    Args:
        name: The set.
        folder: Where it is.
        dry_run: Nothing was written but the index.
        frames: Wanted images: fetched and there before; for a dry run those to
            come. None where the server only allows a pass over everything.
        files: All wanted files, in the same way.
        there: Of these, in place before.
        size: Bytes of the files to come, known before; None as above.
        requests: Requests sent; for a dry run, requests still to send.
        received: Body bytes that came over the line, index included.
        seconds: Wall-clock time.
        notes: What a person should know.
    """

    name: str
    folder: Path
    dry_run: bool
    frames: int | None
    files: int | None
    there: int
    size: int | None
    requests: int | None
    received: int
    seconds: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((self._dry() if self.dry_run else self._done(), *self.notes))

    def _dry(self) -> str:
        size = "an unknown amount" if self.size is None else megabytes(self.size)
        count = "" if self.files is None else f" in {self.files} files"
        frames = "" if self.frames is None else f", {self.frames} of them frames"
        requests = "" if self.requests is None else f", {self.requests} requests"
        return (
            f"{self.name}: {size} to fetch{count}{frames}{requests};"
            f" {self.there} files are there already"
        )

    def _done(self) -> str:
        rate = self.received / max(self.seconds, 1e-9)
        return (
            f"{self.name}: {self.frames} frames, {self.files} files in {self.folder}"
            f" ({self.there} were there); {megabytes(self.received)} in"
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
    bar: Callable | None = None,
    patience: Patience | None = None,
) -> Summary:
    """A public set in a folder, in its publisher's layout.

    Files that are there and stand in the manifest (`<archive>.sha256`) with their
    size are not fetched again. Nothing appears under its name before it is whole.

    Args:
        name: vkitti1, vkitti2, kitti or camvid (cityscapes: tells how to get it).
        folder: Where to put it; made when missing.
        worlds: Virtual KITTI: `0001 0002 0006 0018 0020`; default all.
        variations: Virtual KITTI: `clone`, `sunset`, ...; default all.
        base_url: A mirror; below it the files bear the publisher's names.
        connections: Requests at the same time, from 1 on.
        dry_run: Only tell bytes, frames and requests. Reads the index, and keeps it.
        verify: Read back what is there and compare its sha256.
        bar: `bar(total=bytes or None, unit="B", desc=...)` makes a progress bar with
            `update(n)` and `close()`, as tqdm does; default: none is shown.
        patience: Time-outs and retries.

    Returns:
        What was done. `str(summary)` is for people.

    Raises:
        ValueError: An unknown set, world or variation; a damaged or hostile archive;
            a checksum that does not match.
        OSError: The server, the line (`FetchError`), or the disk.
    """
    if connections < 1:
        raise ValueError(f"connections is {connections}; at least 1 is needed")
    wish = order(name, worlds, variations, base_url)
    site = Site(
        base_url=wish.base_url,
        folder=Path(folder),
        connections=connections,
        patience=patience or Patience(),
        verify=verify,
        bar=bar or SilentBar,
    )
    began = time.monotonic()
    parts = []
    with site.alone():
        try:
            for part in wish.parts:
                parts.append(_part(part)(site, part, wish.frame))
            summary = _outlook(name, site, parts, began)
            if dry_run:
                return summary
            refuse_full_disk(site.folder, sum(p.outlook.disk for p in parts))
            with site.counting(summary.size, "B", f"fetch {name}") as wrote:
                for part in parts:
                    part.run(wrote)
            return _summary(name, site, wish, parts, began)
        finally:
            for part in parts:
                part.close()


def _part(part) -> type:
    if isinstance(part, Tar):
        return TarPart
    return LoosePart if isinstance(part, Loose) else WholePart


def _outlook(name: str, site: Site, parts: list, began: float) -> Summary:
    def total(what: str) -> int | None:
        counts = [getattr(part.outlook, what) for part in parts]
        return None if None in counts else sum(counts)

    return Summary(
        name=name,
        folder=site.folder,
        dry_run=True,
        frames=total("frames"),
        files=total("files"),
        there=total("there"),
        size=total("size"),
        requests=total("requests"),
        received=site.tally.received,
        seconds=time.monotonic() - began,
        notes=_notes(parts),
    )


def _summary(name: str, site: Site, wish: Order, parts: list, began: float) -> Summary:
    names = [name for part in parts for name in part.names]
    frames = [name for name in names if wish.frame.fullmatch(name)]
    counts = dict.fromkeys(wish.counts, 0)
    for frame in frames:
        folder = frame.rpartition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    short = tuple(
        f"{folder}: {counts[folder]} frames here, {published} were published"
        for folder, published in wish.counts.items()
        if counts[folder] != published
    )
    return Summary(
        name=name,
        folder=site.folder,
        dry_run=False,
        frames=len(frames),
        files=len(names),
        there=sum(part.outlook.there for part in parts),
        size=sum(part.outlook.size or 0 for part in parts),
        requests=site.tally.requests,
        received=site.tally.received,
        seconds=time.monotonic() - began,
        notes=_notes(parts) + short,
    )


def _notes(parts: list) -> tuple[str, ...]:
    return tuple(note for part in parts for note in part.notes)
