"""Doubts about data that can be read, and may yet mean something else.

`check`, `prepare` and `train` print them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from segnet.classes import ClassMap
from segnet.data.find import reader_of

# From this share on, void may be a class: where only borders are void, it is less.
MUCH_VOID = 0.01
# A frame of CamVid: its video and number.
CAMVID = re.compile(r"(0001TP|0006R0|0016E5|Seq05VD)_f?(\d+)")
CAMVID_FRAMES = 20
CROSSING_SHARE = 0.1


def label_doubts(
    origin: str,
    class_map: ClassMap,
    pixels: Sequence[int] | np.ndarray,
    grey_ids: bool = False,
) -> list[str]:
    """Returns why the labels may mean other classes, a sentence each.

    Only a user's own labels are doubted: published ones have a table that says what
    their values mean.

    Args:
        origin: `Source.origin`, or the attribute `source` of a store.
        class_map: Of the labels.
        pixels: (K + 1,) pixels of each class, void last.
        grey_ids: As in `Source`.
    """
    reader = reader_of(origin)
    if reader is None or reader.published:
        return []
    *counts, void = (int(count) for count in pixels)
    named = list(zip(class_map.names, counts, strict=True))
    nowhere = [name for name, count in named if not count]
    if not nowhere or len(nowhere) == len(counts):
        # Where everything is void, that is said already.
        return _void_doubt(class_map, nowhere, counts, void) if void else []
    last = max(index for index, count in enumerate(counts) if count)
    holes = [index for index in range(last) if not counts[index]]
    doubts = _void_doubt(class_map, nowhere, counts, void)
    return doubts or (_hole_doubt(class_map, holes) if holes and grey_ids else [])


def _void_doubt(
    class_map: ClassMap, nowhere: list[str], counts: list[int], void: int
) -> list[str]:
    share = void / max(sum(counts) + void, 1)
    # With one class or none left, even a little void decides what is learned.
    few = len(counts) - len(nowhere) < 2
    if not (nowhere and void and (few or share >= MUCH_VOID)):
        return []
    names = ", ".join(nowhere)
    rows = zip(range(len(counts)), class_map.names, counts, strict=True)
    values = [f"{index}={name}" for index, name, count in rows if count]
    values.append(f"{class_map.void}={nowhere[0]}")
    return [
        f"no pixel of {names} anywhere, but {100 * share:.2g} % of all pixels are "
        f"void: are these {names}? Void is {class_map.void} in grey masks (so masks of "
        f"0 and 255 hold one class only) and black in coloured ones; say what grey "
        f"values mean, such as --ids '{','.join(values)}', give black to a class in "
        f"the class map, or leave {names} out of it"
    ]


def _hole_doubt(class_map: ClassMap, holes: list[int]) -> list[str]:
    named = ", ".join(f"{index} ({class_map.names[index]})" for index in holes)
    if holes[0] == 0:
        meaning = "do the ids of the masks start at 1? Then say --first-id 1"
    else:
        meaning = (
            "does the class map number its classes as the masks do? Name the values "
            "of the masks with --ids"
        )
    return [
        f"no pixel has id {named}, though higher ids occur: {meaning}, or leave these "
        f"classes out of the class map"
    ]


def val_doubt(splits: Iterable[str]) -> str:
    """Returns a warning if train has frames and val has none, "" otherwise.

    Args:
        splits: Names of the splits that have frames.
    """
    splits = set(splits)
    if "train" not in splits or "val" in splits:
        return ""
    return (
        "val has no frames, so a training run cannot be scored, and `segnet train` "
        "refuses such a store; put some drives of train into a folder named val, or "
        "name a split rule ('blocks' cuts all frames alike, those of test too)"
    )


def camvid_doubt(frame_ids: Mapping[str, Iterable[str]]) -> str:
    """Returns a warning if frames of CamVid are split at random, "" otherwise.

    The copy of CamVid on Kaggle (`carlolepelaars/camvid`) is: neighbours in a video, a
    second apart or less, lie in different splits.

    Args:
        frame_ids: Split -> names of its frames.
    """
    videos: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for split, names in frame_ids.items():
        for name in names:
            if split and (match := CAMVID.search(name)):
                videos[match[1]].append((int(match[2]), split))
    pairs = [
        (one[1], other[1])
        for frames in map(sorted, videos.values())
        for one, other in zip(frames, frames[1:], strict=False)
    ]
    crossing = sum(one != other for one, other in pairs)
    few = len(pairs) + len(videos) < CAMVID_FRAMES
    if few or crossing < CROSSING_SHARE * len(pairs):
        return ""
    return (
        f"these are frames of CamVid, and {crossing} of {len(pairs)} neighbours in its "
        f"videos lie in different splits, as in the copy on Kaggle, whose split is "
        f"random: scores are inflated, and comparable with no published ones; take "
        f"`segnet fetch camvid` for the published split, or --split blocks"
    )
