"""Members of a tar grouped into range requests: few, bounded, few extra bytes."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segnet.fetch.tar_member import Member

LARGEST_GAP = 1 << 20
GAP_SHARE = 0.005
LARGEST_REQUEST = 16 << 20
SMALLEST_REQUEST = 1 << 20
SECTOR = 4096


@dataclass(frozen=True)
class RangeRequest:
    """One request for members that lie close to each other, in order."""

    members: tuple[Member, ...]

    @property
    def start(self) -> int:
        return self.members[0].start

    @property
    def stop(self) -> int:
        return self.members[-1].stop


def range_requests(
    members: Sequence[Member], connections: int = 1
) -> list[RangeRequest]:
    """Groups members into requests.

    Neighbours share a request. Small gaps between members are fetched and dropped,
    the smallest first, as long as they stay within `GAP_SHARE` of the wanted bytes.
    A request ends at `LARGEST_REQUEST`, or earlier so that every connection is used.

    Args:
        members: Wanted members, in any order.
        connections: Requests at the same time.
    """
    members = sorted(members, key=lambda member: member.start)
    total = sum(member.size for member in members)
    bound = min(max(total // (2 * connections), SMALLEST_REQUEST), LARGEST_REQUEST)
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
    return [RangeRequest(tuple(group)) for group in groups]


def on_disk(members: Sequence[Member]) -> int:
    """Returns the bytes that members take up on a disk, in whole sectors."""
    return sum(-(-member.size // SECTOR) * SECTOR for member in members)


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Raises when files would not fit on the disk.

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
            f" its disk; free {megabytes(needed - free)} or name another folder"
        )


def megabytes(count: int) -> str:
    """Returns bytes as text for people: `312.4 MB`."""
    return f"{count / 1e6:,.1f} MB"


def _crossed(members: Sequence[Member], budget: float) -> set[int]:
    """Returns the starts of the members that are reached by reading over a gap."""
    gaps = sorted(
        (after.start - before.end, after.start)
        for before, after in zip(members, members[1:], strict=False)
        if 0 < after.start - before.end < LARGEST_GAP
    )
    crossed = set()
    for gap, start in gaps:
        budget -= gap
        if budget < 0:
            break
        crossed.add(start)
    return crossed
