"""Finds the problems of a dataset or a store from the facts of its frames."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from segnet.check.findings import (
    SEVERITIES,
    Findings,
    NearDuplicate,
    Problem,
    SplitFacts,
)
from segnet.check.frame_facts import FrameFacts
from segnet.check.near_duplicates import find_near_duplicates
from segnet.check.views import Item, Unknown, View
from segnet.classes import ClassMap
from segnet.classes.colours import Colour
from segnet.data.find import reader_of
from segnet.data.source import SPLITS

ALL = "all"
LEAK_SHARE = 0.01
VOID_SHARE = 0.5
# From this share on, void may be a class: where only borders are void, it is less.
MUCH_VOID = 0.01
DRIVES_NAMED = 8
COLOURS_NAMED = 3
MANY_COLOURS = 256

Row = tuple[Item, FrameFacts]


def find_problems(view: View, facts: Sequence[FrameFacts]) -> Findings:
    """Returns the findings, the worst problem first.

    Args:
        view: The frames.
        facts: Facts of each frame, from `inspect`.
    """
    rows = list(zip(view.items, facts, strict=True))
    splits = _splits(view.class_map, rows)
    near_duplicates = find_near_duplicates(view.items, facts)
    sizes = Counter(one.size for one in facts if one.size).most_common()
    problems = [
        *_damage(rows),
        *_colours(rows),
        *_pair_sizes(rows),
        *_image_sizes(rows, sizes, view.fitted_size),
        *_no_val(splits),
        *_classes(view, splits),
        *_void(rows, splits[0]),
        *_leakage(view.items, near_duplicates),
        *_shared_drives(view.items),
    ]
    return Findings(
        name=view.name,
        split_rule=view.split_rule,
        class_map=view.class_map,
        frames=len(rows),
        sizes=tuple(sizes),
        splits=splits,
        unknown_colours=_most_unknown(rows),
        near_duplicates=near_duplicates,
        problems=tuple(sorted(problems, key=lambda p: SEVERITIES.index(p.severity))),
    )


def void_doubt(
    origin: str, class_map: ClassMap, pixels: Sequence[int] | np.ndarray
) -> str:
    """Returns why void may be a missing class, or "" where that is unlikely.

    Only a user's own labels are doubted: published ones have a table that says what
    void is.

    Args:
        origin: `Source.origin`, or the attribute `source` of a store.
        class_map: Of the labels.
        pixels: (K + 1,) pixels of each class, void last.
    """
    *counts, void = (int(count) for count in pixels)
    nowhere = [
        name for name, count in zip(class_map.names, counts, strict=True) if not count
    ]
    share = void / max(sum(counts) + void, 1)
    # With one class or none left, even a little void decides what is learned.
    few = len(counts) - len(nowhere) < 2
    doubted = nowhere and void and (few or share >= MUCH_VOID)
    reader = reader_of(origin)
    if reader is None or reader.published or not doubted:
        return ""
    names = ", ".join(nowhere)
    return (
        f"no pixel of {names} anywhere, but {100 * share:.2g} % of all pixels are "
        f"void: are these {names}? Void is {class_map.void} in grey masks (so masks of "
        f"0 and 255 hold one class only) and black in coloured ones; save the masks as "
        f"grey ids from 0 to {len(counts) - 1}, or leave {names} out of the class map"
    )


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


def _splits(class_map: ClassMap, rows: Sequence[Row]) -> tuple[SplitFacts, ...]:
    frames = Counter(item.split for item, _ in rows)
    frames[ALL] = len(rows)
    names = [ALL, *(name for name in SPLITS if frames[name])]
    pixels = {name: np.zeros(class_map.num_classes + 1, np.int64) for name in names}
    for item, one in rows:
        if one.pixels is not None:
            for name in {ALL, item.split} & pixels.keys():
                pixels[name] += one.pixels
    return tuple(
        SplitFacts(name, frames[name], tuple(counts[:-1]), counts[-1])
        for name, counts in ((name, pixels[name].tolist()) for name in names)
    )


def _damage(rows: Sequence[Row]) -> list[Problem]:
    lines = [f"{item.id}: {'; '.join(one.damage)}" for item, one in rows if one.damage]
    text = f"{_part(lines, rows)} cannot be read"
    return _listed("error", "damaged", text, lines)


def _colours(rows: Sequence[Row]) -> list[Problem]:
    lines = [
        f"{item.id}: {_named_colours(one.unknown)}" for item, one in rows if one.unknown
    ]
    total = sum(one.unknown.pixels for _, one in rows if one.unknown)
    smooth = any(one.unknown.colours > MANY_COLOURS for _, one in rows if one.unknown)
    hint = "; so many colours come from resizing, which mixes them" if smooth else ""
    text = (
        f"{_part(lines, rows)} have label colours that are in no table, on {total} "
        f"pixels{hint}; their labels are left out of everything below"
    )
    return _listed("error", "colours", text, lines)


def _named_colours(unknown: Unknown) -> str:
    named = unknown.most[:COLOURS_NAMED]
    colours = ", ".join(f"{colour} on {count} pixels" for colour, count in named)
    rest = unknown.colours - len(named)
    return colours + (f", and {rest} more colours" if rest else "")


def _most_unknown(rows: Sequence[Row]) -> tuple[tuple[Colour, int, int], ...]:
    pixels, files = Counter(), Counter()
    for _, one in rows:
        for colour, count in one.unknown.most if one.unknown else ():
            pixels[colour] += count
            files[colour] += 1
    return tuple((colour, n, files[colour]) for colour, n in pixels.most_common())


def _pair_sizes(rows: Sequence[Row]) -> list[Problem]:
    lines = [
        f"{item.id}: image {_size(one.size)}, labels {_size(one.label_size)}"
        for item, one in rows
        if one.size and one.label_size and one.size != one.label_size
    ]
    text = f"{_part(lines, rows)} have labels whose size differs from the image's"
    return _listed("error", "sizes", text, lines)


def _image_sizes(
    rows: Sequence[Row],
    sizes: Sequence[tuple[tuple[int, int], int]],
    fitted: tuple[int, int] | None,
) -> list[Problem]:
    if len(sizes) < 2:
        return []
    usual = sizes[0][0]
    lines = [
        f"{item.id}: {_size(one.size)}"
        for item, one in rows
        if one.size and one.size != usual
    ]
    counts = ", ".join(f"{_size(size)} ({count})" for size, count in sizes)
    meaning = "a store has one size, so `segnet prepare` refuses them"
    if fitted:
        meaning = f"`segnet prepare` crops or pads all of them to {_size(fitted)}"
    text = f"images have {len(sizes)} sizes, {counts}; {meaning}"
    return _listed("note" if fitted else "error", "sizes", text, lines)


def _no_val(splits: Sequence[SplitFacts]) -> list[Problem]:
    text = val_doubt(split.name for split in splits)
    return [Problem("warning", "split", text)] if text else []


def _classes(view: View, splits: Sequence[SplitFacts]) -> list[Problem]:
    class_map = view.class_map
    absent = {
        split.name: [
            name
            for name, pixels in zip(class_map.names, split.pixels, strict=True)
            if not pixels
        ]
        for split in splits
    }
    nowhere = absent.pop(ALL)
    problems = []
    # All are absent where every frame is damaged, which is reported already.
    if 0 < len(nowhere) < class_map.num_classes:
        pixels = [*splits[0].pixels, splits[0].void]
        severity, text = "warning", void_doubt(view.origin, class_map, pixels)
        if not text:
            severity = "note"
            names = ", ".join(nowhere)
            text = f"no pixel of {names} anywhere: no network can learn it"
        problems.append(Problem(severity, "classes", text))
    for split, names in absent.items():
        names = [name for name in names if name not in nowhere]
        severity, meaning = "note", f"scores on {split} do not cover it"
        if split == "train":
            severity = "warning"
            meaning = "only the other splits have it, so no network can learn it"
        if names:
            text = f"no pixel of {', '.join(names)} in {split}: {meaning}"
            problems.append(Problem(severity, "classes", text))
    return problems


def _void(rows: Sequence[Row], everything: SplitFacts) -> list[Problem]:
    lines = [
        item.id
        for item, one in rows
        if one.pixels is not None and not one.pixels[:-1].any()
    ]
    text = f"{_part(lines, rows)} are entirely void"
    problems = _listed("warning", "void", text, lines)
    if everything.void_share > VOID_SHARE:
        text = (
            f"{everything.void_share:.0%} of all pixels are void; are the labels read "
            f"with the right class map?"
        )
        problems.append(Problem("warning", "void", text))
    return problems


def _leakage(
    items: Sequence[Item], near_duplicates: Sequence[NearDuplicate]
) -> list[Problem]:
    problems = []
    for split in SPLITS[1:]:
        held_out = [item for item in items if item.split == split]
        lines = [
            f"{pair.item.id} is like {pair.train.id}: {pair.by}, {pair.bits} bits apart"
            for pair in near_duplicates
            if pair.item.split == split
        ]
        text = (
            f"{_part(lines, held_out)} of {split} look like a frame of train, so "
            f"scores on {split} are inflated; split by blocks with a wider gap, or by "
            f"world"
        )
        many = len(lines) >= LEAK_SHARE * len(held_out)
        problems += _listed("warning" if many else "note", "leakage", text, lines)
    return problems


def _shared_drives(items: Sequence[Item]) -> list[Problem]:
    problems = []
    trained = {item.drive for item in items if item.split == "train" and item.drive}
    for split in SPLITS[1:]:
        held_out = [item.drive for item in items if item.split == split]
        shared = [drive for drive in held_out if drive in trained]
        names = sorted(set(shared))
        more = ", ..." if len(names) > DRIVES_NAMED else ""
        text = (
            f"{_part(shared, held_out)} of {split} come from drives that are also in "
            f"train ({', '.join(names[:DRIVES_NAMED])}{more}): scores on {split} "
            f"say little about other places"
        )
        problems += [Problem("note", "drives", text)] if shared else []
    return problems


def _listed(severity: str, kind: str, text: str, lines: Sequence[str]) -> list[Problem]:
    """Returns a problem with these frames, or none if there are no frames."""
    return [Problem(severity, kind, text, tuple(lines))] if lines else []


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _part(some: Sequence, whole: Sequence) -> str:
    share = 100 * len(some) / max(len(whole), 1)
    return f"{len(some)} of {len(whole)} frames ({share:.1f} %)"
