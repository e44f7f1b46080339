"""Drives and blocks: which frames are near copies of one another, by their names."""

import re
from collections.abc import Sequence

import numpy as np

# Where a name has a number at its end, what stands before it names the drive.
NUMBERED = re.compile(r"^(.*?)[^0-9A-Za-z]*[A-Za-z]?([0-9]+)$")
# Some publishers keep a folder for each split; it is no part of the drive's name.
SPLIT_FOLDER = re.compile(r"^(train|val|test)/(?=.)")


def drives_of(frame_ids: Sequence[str]) -> dict[str, list[int]]:
    """Returns the drives: their names, and the places of their frames in order.

    Names that differ in the number at their end alone belong to one drive; a name
    without a number is a drive by itself.

    Args:
        frame_ids: N names.
    """
    drives: dict[str, list[tuple[int, int]]] = {}
    for index, name in enumerate(frame_ids):
        name = SPLIT_FOLDER.sub("", name)
        found = NUMBERED.match(name)
        key, number = (found[1], int(found[2])) if found else (name, 0)
        drives.setdefault(key, []).append((number, index))
    return {
        name: [index for _, index in sorted(members)]
        for name, members in drives.items()
    }


def blocks_of(frame_ids: Sequence[str]) -> np.ndarray:
    """Returns the block of each frame, (N,) int, 0 to B-1.

    A drive is cut into blocks of about sqrt(N) neighbouring frames.

    Args:
        frame_ids: N names.
    """
    length = max(1, round(len(frame_ids) ** 0.5))
    blocks, block = np.zeros(len(frame_ids), np.intp), 0
    for members in drives_of(frame_ids).values():
        pieces = max(1, round(len(members) / length))
        for piece in np.array_split(np.array(members), pieces):
            blocks[piece] = block
            block += 1
    return blocks
