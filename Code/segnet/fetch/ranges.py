"""From wanted members to requests: few, bounded in size, with hardly a byte extra."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segnet.fetch.tar_member import Member

LARGEST_GAP = 1 << 20
GAP_SHARE = 0.005
LARGEST_PIECE = 16 << 20
SMALLEST_PIECE = 1 << 20
SECTOR = 4096


@dataclass(frozen=True)
class Piece:
    """One request: members that stand close to each other, in order."""

    members: tuple[Member, ...]

    @property
    def start(self) -> int:
        return self.members[0].start

    @property
    def stop(self) -> int:
        return self.members[-1].stop


def pieces(members: Sequence[Member], connections: int = 1) -> list[Piece]:
    """Members merged into requests.

    Neighbours come in one request. Small gaps between them are fetched and thrown
    away, the smallest first, as long as that stays within `GAP_SHARE` of the wanted
    bytes. A request ends at `LARGEST_PIECE`, or earlier so that every connection
    gets something to do.

    Args:
        members: Wanted members, in any order.
        connections: Requests at the same time.
    """
    members = sorted(members, key=lambda member: member.start)
    total = sum(member.size for member in members)
    bound = min(max(total // (2 * connections), SMALLEST_PIECE), LARGEST_PIECE)
    crossed = _crossed(members, GAP_SHARE * total)
    groups: list[list[Member]] = []
    for member in members:
        last = groups[-1] if groups else None
        if (
            last
            and (member.start == last[-1].end or member.start in crossed)
            and member.stop - last[0].start <= bound
        ):
            last.append(member)
        else:
            groups.append([member])
    return [Piece(tuple(group)) for group in groups]


def on_disk(members: Sequence[Member]) -> int:
    """Bytes the members take up on a disk, in whole sectors."""
    return sum(-(-member.size // SECTOR) * SECTOR for member in members)


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Raises when the files would not fit.

    Raises:
        OSError: With the bytes needed and the bytes free.
    """
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        raise OSError(
            f"{folder}: {megabytes(needed)} are needed, {megabytes(free)} are free on"
            f" this disk; free {megabytes(needed - free)} or name another folder"
        )


def megabytes(count: int) -> str:
    """Bytes as a person reads them: `312.4 MB`."""
    return f"{count / 1e6:,.1f} MB"


def _crossed(members: Sequence[Member], spare: float) -> set[int]:
    """Starts of the members that are reached by reading over a gap."""
    gaps = sorted(
        (after.start - before.end, after.start)
        for before, after in zip(members, members[1:], strict=False)
        if 0 < after.start - before.end < LARGEST_GAP
    )
    crossed = set()
    for gap, start in gaps:
        spare -= gap
        if spare < 0:
            break
        crossed.add(start)
    return crossed
