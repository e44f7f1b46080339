"""Assigns frames to the splits train, val and test.

Neighbouring frames of a video are nearly the same picture, and so are the label maps
of one view in several weathers. A network trained on one of them scores too well on
the other, so `blocks`, `fold` and `world` keep both in one split; `random` does not, to
show the difference.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

from segnet.data.cuts import BLOCKS, LEFT_OUT, cut_blocks, cut_fold
from segnet.data.source import SPLITS, Frame

RULES = ("blocks", "fold", "world", "publisher", "val-only", "random")
FOLDERS_NAMED = 5

# Usual names of folders, in any case -> the split in them.
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def read_fold(text: str) -> tuple[int, int]:
    """Returns (2, 5) for "2/5".

    Raises:
        ValueError: The text is not of that form.
    """
    index, slash, count = text.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal()):
        raise ValueError(f"{text!r} is not a fold such as 2/5")
    return int(index), int(count)


def _field(default: Any, help_text: str, **metadata: Any) -> Any:
    return field(default=default, metadata={"help": help_text, **metadata})


@dataclass(frozen=True)
class SplitRule:
    """Says how the frames of a dataset are split into train, val and test.

    The meaning of each field is its `help`, which is also the text of the command's
    `--help`. `rules` names the rules that a field belongs to: with another one it
    must keep its default.

    Raises:
        ValueError: The rule is unknown, or a value is out of range or belongs to
            another rule.
    """

    rule: str | None = _field(
        None,
        "blocks: contiguous stretches of each drive; fold: one of K such stretches; "
        "world: whole drives, worlds or cities; publisher: as its lists say; val-only: "
        "all frames in val; random: single frames, right for unrelated photographs and "
        "wrong for videos, whose neighbours leak (default: publisher if lists are "
        "published, else blocks)",
        flag="--split",
        choices=RULES,
    )
    val_share: float = _field(
        0.2,
        "for blocks and random: share of the frames in val, between 0 and 1",
        rules=("blocks", "random"),
    )
    val_worlds: tuple[str, ...] | None = _field(
        None,
        "for world: a world, drive or city for val; may repeat (default: the last one)",
        flag="--val-world",
        action="append",
        metavar="NAME",
        rules=("world",),
    )
    fold: tuple[int, int] | None = _field(
        None,
        "for fold: the I-th of K blocks of each drive is val, such as 2/5",
        read=read_fold,
        metavar="I/K",
        rules=("fold",),
    )
    gap: int | None = _field(
        None,
        "for blocks and fold: views left out on the training side of each cut "
        "(default: a twentieth of the drive, 1 to 5)",
        type=int,
        metavar="N",
        rules=("blocks", "fold"),
    )
    seed: int = _field(
        0, "for random: another seed puts other frames in val", rules=("random",)
    )

    def __post_init__(self) -> None:
        if self.rule is not None and self.rule not in RULES:
            raise ValueError(
                f"split rule {self.rule!r}, expected one of {', '.join(RULES)}"
            )
        if not 0 < self.val_share < 1:
            raise ValueError(f"val_share is {self.val_share}, expected between 0 and 1")
        for name in ("gap", "seed"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int) and value >= 0):
                raise ValueError(
                    f"{name} is {value}, expected a whole number, 0 or more"
                )
        self._read_worlds_and_fold()
        if self.rule is not None:
            self._check_rules()

    @classmethod
    def of(cls, split: "SplitRule | str | None") -> "SplitRule":
        """Returns a rule as it is, or the rule of that name with all else default."""
        return split if isinstance(split, SplitRule) else cls(split)

    def resolved(self, frames: Sequence[Frame]) -> "SplitRule":
        """Returns the rule with `default_rule` in place of None; errors as there."""
        return self if self.rule else replace(self, rule=default_rule(frames))

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the fields that differ from their default."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != f.default)

    def _read_worlds_and_fold(self) -> None:
        worlds = self.val_worlds
        fold = None if self.fold is None else tuple(self.fold)
        if worlds is not None:
            worlds = (worlds,) if isinstance(worlds, str) else tuple(worlds)
            object.__setattr__(self, "val_worlds", worlds)
        object.__setattr__(self, "fold", fold)
        if fold is None and self.rule != "fold":
            return
        whole = fold and len(fold) == 2 and all(isinstance(n, int) for n in fold)
        if not (fold and whole and 1 <= fold[0] <= fold[1] > 1):
            raise ValueError(
                f"fold is {fold}, expected (i, k) such as (1, 5): i from 1 to k, k "
                f"from 2"
            )

    def _check_rules(self) -> None:
        for known in fields(self):
            own = known.metadata.get("rules", RULES)
            if known.name in self.changed and self.rule not in own:
                raise ValueError(
                    f"{known.name} is {getattr(self, known.name)!r}, but the split "
                    f"rule is {self.rule!r}; it belongs to "
                    f"{' and '.join(map(repr, own))}"
                )


def split_frames(
    frames: Sequence[Frame], split: SplitRule | str | None = None
) -> tuple[list[str], str]:
    """Returns the split of each frame, and the rule in words without counts.

    Args:
        frames: All frames of a source.
        split: The rule, its name, or None for that of `default_rule`.

    Returns:
        "train", "val", "test" or "" (left out) for each frame; a text for `in_words`.

    Raises:
        ValueError: The rule does not fit, train or val would be empty, or no rule is
            given and only some frames have a published split.
    """
    split = SplitRule.of(split).resolved(frames)
    names, text = _SPLITTERS[str(split.rule)](frames, split)
    counts = Counter(names)
    no_train = not counts["train"] and split.rule != "val-only"
    if no_train or (split.rule != "publisher" and not counts["val"]):
        raise ValueError(
            f"{len(frames)} frames split by {split.rule!r} leave {counts['train']} for "
            f"train and {counts['val']} for val; take more frames, more worlds for "
            f"'world', a smaller gap, or 'val-only' to judge only"
        )
    return names, text


def in_words(text: str, counts: Mapping[str, int], skipped: int = 0) -> str:
    """Returns the sentence that stands in reports: a rule and what it led to.

    Args:
        text: The rule in words, from `split_frames`.
        counts: Split -> frames in it; "" -> frames left out.
        skipped: Bad frames that are not among them.
    """
    sizes = [f"{n} {counts[n]}" for n in SPLITS if counts.get(n)]
    if counts.get(LEFT_OUT):
        sizes.append(f"left out {counts[LEFT_OUT]}")
    if skipped:
        sizes.append(f"skipped as bad {skipped}")
    return f"{text}; {', '.join(sizes)}"


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


def named_split(folders: Iterable[str]) -> str:
    """Returns the split that a folder is named after, "" without one.

    Args:
        folders: Names of nested folders, the outermost first; the first that names a
            split counts.
    """
    known = (SPLIT_NAMES.get(name.lower(), "") for name in folders)
    return next(filter(None, known), "")


def _publisher(frames: Sequence[Frame], _: SplitRule) -> tuple[list[str], str]:
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
        f"{len(named)} frames lie in folders named after a split ({there[0]}), "
        f"{len(unnamed)} do not ({there[1]}); rename those to train, val or test, move "
        f"them away, or name a split rule: 'blocks' cuts all folders alike, test too"
    )


def _folders(frames: Sequence[Frame], root: str) -> str:
    names = sorted({os.path.relpath(frame.image.parent, root) for frame in frames})
    more = ", ..." if len(names) > FOLDERS_NAMED else ""
    return ", ".join(names[:FOLDERS_NAMED]) + more


def _val_only(frames: Sequence[Frame], _: SplitRule) -> tuple[list[str], str]:
    return ["val"] * len(frames), "val-only: all frames judge, none trains"


def _random(frames: Sequence[Frame], split: SplitRule) -> tuple[list[str], str]:
    # Not at the top: the command's --help reads the fields above.
    import numpy as np

    count = max(1, round(len(frames) * split.val_share))
    val = set(np.random.default_rng(split.seed).permutation(len(frames))[:count])
    names = ["val" if index in val else "train" for index in range(len(frames))]
    return names, (
        f"random: {split.val_share:g} of the single frames for val, seed {split.seed}; "
        f"right for unrelated photographs; neighbours of a video stand on both sides, "
        f"so scores are too good"
    )


def _world(frames: Sequence[Frame], split: SplitRule) -> tuple[list[str], str]:
    there = sorted({frame.drive for frame in frames})
    val = set(there[-1:] if split.val_worlds is None else split.val_worlds)
    if not val <= set(there):
        raise ValueError(
            f"no world {', '.join(sorted(val - set(there)))} for val; the dataset has "
            f"{', '.join(there)}"
        )
    names = ["val" if frame.drive in val else "train" for frame in frames]
    return names, (
        f"world: {', '.join(sorted(val))} for val, the other "
        f"{len(there) - len(val)} of {len(there)} worlds for train"
    )


def _fold(frames: Sequence[Frame], split: SplitRule) -> tuple[list[str], str]:
    index, count = cast(tuple[int, int], split.fold)  # as `SplitRule` has checked
    names, width = cut_fold(frames, (index, count), split.gap)
    return names, (
        f"fold: {index} of {count}, contiguous blocks of each drive, {_views(width)} "
        f"left out at each cut, all variations of a view together"
    )


def _blocks(frames: Sequence[Frame], split: SplitRule) -> tuple[list[str], str]:
    names, width = cut_blocks(frames, split.val_share, split.gap)
    return names, (
        f"blocks: {split.val_share:g} of each drive for val in up to {BLOCKS} "
        f"contiguous blocks, {_views(width)} left out at each cut, all variations of a "
        f"view together"
    )


def _views(width: str) -> str:
    return f"{width} view{'s' * (width != '1')}"


_SPLITTERS: dict[str, Callable] = {
    "blocks": _blocks,
    "fold": _fold,
    "world": _world,
    "publisher": _publisher,
    "val-only": _val_only,
    "random": _random,
}
