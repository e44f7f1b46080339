"""Cuts drives into stretches for train and val, with a gap between the two."""

from collections.abc import Callable, Sequence
from itertools import groupby

from segnet.data.source import Frame

LEFT_OUT = ""
BLOCKS = 2
MAX_GAP = 5


def cut_blocks(
    frames: Sequence[Frame], val_share: float, gap: int | None = None
) -> tuple[list[str], str]:
    """Returns the split of each frame and the width of the gaps in words.

    All variations of a view get one split. A drive of one or two views is not cut and
    trains.

    Args:
        frames: Of all drives, in any order.
        val_share: Share of each drive for val, in up to `BLOCKS` blocks.
        gap: Views left out on the training side of each cut; by default a twentieth
            of the drive, 1 to 5.
    """

    def parts(views: int, width: int) -> list[str]:
        return _drive_blocks(views, val_share, width)

    return _by_drive(frames, gap, parts)


def cut_fold(
    frames: Sequence[Frame], fold: tuple[int, int], gap: int | None = None
) -> tuple[list[str], str]:
    """Returns the same with the i-th of k equal blocks of each drive in val.

    Args:
        frames: As in `cut_blocks`, like `gap`.
        fold: (i, k), i from 1 to k. Over all i each view is in val once.
        gap: Views left out on the training side of each cut.
    """
    index, count = fold

    def parts(views: int, width: int) -> list[str]:
        start, stop = (i * views // count for i in (index - 1, index))
        names = ["train"] * views
        _place_val(names, start, stop, width)
        return names

    return _by_drive(frames, gap, parts)


def _by_drive(
    frames: Sequence[Frame],
    gap: int | None,
    parts: Callable[[int, int], list[str]],
) -> tuple[list[str], str]:
    """Returns the split of each frame where `parts` cuts each drive, and the gaps."""
    views = sorted({(frame.drive, frame.group) for frame in frames})
    split_of: dict[tuple[str, str], str] = {}
    gaps = set()
    for _, group in groupby(views, key=lambda view: view[0]):
        drive = list(group)
        width = min(MAX_GAP, max(1, len(drive) // 20)) if gap is None else gap
        gaps.add(width)
        split_of.update(zip(drive, parts(len(drive), width), strict=True))
    names = [split_of[frame.drive, frame.group] for frame in frames]
    text = f"{min(gaps)}" if len(gaps) == 1 else f"{min(gaps)} to {max(gaps)}"
    return names, text


def _drive_blocks(count: int, val_share: float, gap: int) -> list[str]:
    names = ["train"] * count
    if count < 3:
        return names
    val = max(1, round(count * val_share))
    blocks = min(BLOCKS, val)
    for block in range(blocks):
        # Each block ends its part of the drive: the last one then has one cut only.
        stop = (block + 1) * count // blocks
        start = stop - ((block + 1) * val // blocks - block * val // blocks)
        _place_val(names, start, stop, gap)
    return names


def _place_val(names: list[str], start: int, stop: int, gap: int) -> None:
    """Makes views `start` to `stop` val, and leaves out the gap around them."""
    if start == stop:
        return
    for view in range(max(0, start - gap), min(len(names), stop + gap)):
        if start <= view < stop:
            names[view] = "val"
        elif names[view] == "train":
            names[view] = LEFT_OUT
