"""Which frames train a network and which judge it.

Neighbouring frames of a video are nearly the same picture, and so are the label maps
of one view in several weathers. A network that trained on the one scores too well on
the other, so `blocks`, `fold` and `world` keep both apart; `random` does not, to show
the difference.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import numpy as np

from segnet.data.source import Frame

RULES = ("blocks", "fold", "world", "publisher", "val-only", "random")
LEFT_OUT = ""
MAX_GAP = 5
FOLDERS_NAMED = 5

# Usual names of folders, in any case -> the split that is in them.
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def named_split(folders: Iterable[str]) -> str:
    """Returns the split that folders are called after, "" if there is none.

    Args:
        folders: Names, the outermost first; the first that is a split's counts.
    """
    known = (SPLIT_NAMES.get(name.lower(), "") for name in folders)
    return next(filter(None, known), "")


def default_rule(frames: Sequence[Frame]) -> str:
    """Returns "publisher" if every frame has a published split, "blocks" if none has.

    Raises:
        ValueError: Some have one and others not, so that cutting into blocks would
            train on frames of val and test.
    """
    unnamed = [frame for frame in frames if not frame.publisher_split]
    if unnamed and len(unnamed) < len(frames):
        raise ValueError(_half_split(frames, unnamed))
    return "blocks" if unnamed else "publisher"


def split_frames(
    frames: Sequence[Frame],
    rule: str | None = None,
    *,
    val_share: float = 0.2,
    seed: int = 0,
    blocks: int = 2,
    gap: int | None = None,
    fold: tuple[int, int] | None = None,
    val_worlds: Iterable[str] | None = None,
) -> tuple[list[str], str]:
    """Returns the split of each frame, and the rule in words.

    Args:
        frames: All frames of a source.
        rule: "blocks": contiguous blocks of each drive for val; "fold": one of k
            equal blocks of each drive for val; "world": whole worlds (drives, cities)
            for val; "publisher": as the publisher lists them; "val-only": all for val,
            to judge a network trained elsewhere; "random": single frames, which leaks.
            By default that of `default_rule`.
        val_share: Share of the frames for val, between 0 and 1, for "blocks" and
            "random".
        seed: For "random"; the other rules need no chance.
        blocks: Val blocks of each drive, for "blocks".
        gap: Views left out on the training side of each cut, for "blocks" and "fold";
            by default a twentieth of the drive, from 1 to 5.
        fold: (i, k) for "fold": the i-th of k blocks, i from 1 to k. Over all i each
            view is in val once.
        val_worlds: For "world": those for val; by default the last one.

    Returns:
        "train", "val", "test" or "" (left out) for each frame; one sentence.

    Raises:
        ValueError: The rule is unknown or does not fit, a value is out of range or
            for another rule, train or val would be empty, or no rule is given and
            only some frames have a published split.
    """
    if rule is None:
        rule = default_rule(frames)
    _check(rule, val_share, seed, gap, fold, val_worlds)
    if rule == "publisher":
        names, text = _publisher(frames)
    elif rule == "val-only":
        names, text = ["val"] * len(frames), "val-only: all frames judge, none trains"
    elif rule == "random":
        names, text = _random(frames, val_share, seed)
    elif rule == "world":
        names, text = _world(frames, val_worlds)
    elif rule == "fold":
        names, text = _fold(frames, fold, gap)
    else:
        names, text = _blocks(frames, val_share, blocks, gap)
    counts = {name: names.count(name) for name in ("train", "val", "test")}
    no_train = not counts["train"] and rule != "val-only"
    if no_train or (rule != "publisher" and not counts["val"]):
        raise ValueError(
            f"{len(frames)} frames split by {rule!r} leave {counts['train']} for train "
            f"and {counts['val']} for val; take more frames, more worlds for 'world', "
            f"a smaller gap, or 'val-only' to judge only"
        )
    sizes = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    left_out = names.count(LEFT_OUT)
    return names, f"{text}; {sizes}" + (f", left out {left_out}" if left_out else "")


def _check(rule: str, val_share: float, seed: int, gap, fold, val_worlds) -> None:
    if rule not in RULES:
        raise ValueError(f"split rule {rule!r}, expected one of {', '.join(RULES)}")
    if not 0 < val_share < 1:
        raise ValueError(f"val_share is {val_share}, expected between 0 and 1")
    if seed < 0:
        raise ValueError(f"seed is {seed}, expected 0 or more")
    if gap is not None and gap < 0:
        raise ValueError(f"gap is {gap}, expected 0 or more")
    for name, value, own in (
        ("fold", fold, ("fold",)),
        ("gap", gap, ("blocks", "fold")),
        ("val_worlds", val_worlds, ("world",)),
    ):
        if value is not None and rule not in own:
            raise ValueError(
                f"{name} is {value!r}, but the split rule is {rule!r}; it belongs to "
                f"{' and '.join(map(repr, own))}"
            )
    if rule == "fold" and (fold is None or not 1 <= fold[0] <= fold[1] > 1):
        raise ValueError(
            f"fold is {fold}, expected (i, k) such as (1, 5): i from 1 to k, k from 2"
        )


def _publisher(frames: Sequence[Frame]) -> tuple[list[str], str]:
    if default_rule(frames) != "publisher":
        raise ValueError(
            "the publisher gives no split for these frames; take 'blocks' instead"
        )
    names = [frame.publisher_split for frame in frames]
    return names, "publisher: as the publisher lists the frames"


def _half_split(frames: Sequence[Frame], unnamed: Sequence[Frame]) -> str:
    named = [frame for frame in frames if frame.publisher_split]
    root = os.path.commonpath([os.path.abspath(f.image.parent) for f in frames])
    there = [_folders(some, root) for some in (named, unnamed)]
    return (
        f"{len(named)} frames lie in folders called after a split ({there[0]}), "
        f"{len(unnamed)} do not ({there[1]}); rename those to train, val or test, move "
        f"them away, or name a split rule: 'blocks' cuts all folders alike, test too"
    )


def _folders(frames: Sequence[Frame], root: str) -> str:
    names = sorted({os.path.relpath(frame.image.parent, root) for frame in frames})
    more = ", ..." if len(names) > FOLDERS_NAMED else ""
    return ", ".join(names[:FOLDERS_NAMED]) + more


def _random(
    frames: Sequence[Frame], val_share: float, seed: int
) -> tuple[list[str], str]:
    rng = np.random.default_rng(seed)
    val = set(rng.permutation(len(frames))[: max(1, round(len(frames) * val_share))])
    names = ["val" if index in val else "train" for index in range(len(frames))]
    return names, (
        f"random: {val_share:g} of the single frames for val, seed {seed}; neighbours "
        f"stand on both sides, so scores are too good"
    )


def _world(
    frames: Sequence[Frame], val_worlds: Iterable[str] | None
) -> tuple[list[str], str]:
    there = sorted({frame.drive for frame in frames})
    val = set(there[-1:] if val_worlds is None else val_worlds)
    if not val <= set(there):
        raise ValueError(
            f"there is no world {', '.join(sorted(val - set(there)))} for val; there "
            f"are {', '.join(there)}"
        )
    names = ["val" if frame.drive in val else "train" for frame in frames]
    return names, (
        f"world: {', '.join(sorted(val))} for val, the other "
        f"{len(there) - len(val)} of {len(there)} worlds for train"
    )


def _fold(
    frames: Sequence[Frame], fold: tuple[int, int], gap: int | None
) -> tuple[list[str], str]:
    index, count = fold

    def parts(views: int, width: int) -> list[str]:
        start, stop = (i * views // count for i in (index - 1, index))
        names = ["train"] * views
        _place_val(names, start, stop, width)
        return names

    names, width = _by_drive(frames, gap, parts)
    return names, (
        f"fold: {index} of {count}, contiguous blocks of each drive, {width} views "
        f"left out at each cut, all variations of a view together"
    )


def _blocks(
    frames: Sequence[Frame], val_share: float, blocks: int, gap: int | None
) -> tuple[list[str], str]:
    if blocks < 1:
        raise ValueError(f"blocks is {blocks}, expected 1 or more")

    def parts(views: int, width: int) -> list[str]:
        return _drive_blocks(views, val_share, blocks, width)

    names, width = _by_drive(frames, gap, parts)
    return names, (
        f"blocks: {val_share:g} of each drive for val in up to {blocks} contiguous "
        f"blocks, {width} views left out at each cut, all variations of a view together"
    )


def _by_drive(
    frames: Sequence[Frame],
    gap: int | None,
    parts: Callable[[int, int], list[str]],
) -> tuple[list[str], str]:
    """The split of each frame when `parts` cuts each drive; the gaps in words."""
    views = sorted({(frame.drive, frame.group) for frame in frames})
    split_of, gaps = {}, set()
    for _, drive in groupby(views, key=lambda view: view[0]):
        drive = list(drive)
        width = min(MAX_GAP, max(1, len(drive) // 20)) if gap is None else gap
        gaps.add(width)
        split_of.update(zip(drive, parts(len(drive), width), strict=True))
    names = [split_of[frame.drive, frame.group] for frame in frames]
    width = f"{min(gaps)}" if len(gaps) == 1 else f"{min(gaps)} to {max(gaps)}"
    return names, width


def _drive_blocks(count: int, val_share: float, blocks: int, gap: int) -> list[str]:
    # A drive of one or two views cannot be cut and trains.
    names = ["train"] * count
    if count < 3:
        return names
    val = max(1, round(count * val_share))
    blocks = min(blocks, val)
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
