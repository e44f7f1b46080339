"""Finds the problems of a dataset or a store from the facts of its frames."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from segnet.check.doubts import camvid_doubt, label_doubts, val_doubt
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
from segnet.data.masks import likely_values
from segnet.data.sizes import most_frequent_first
from segnet.data.source import SPLITS

ALL = "all"
LEAK_SHARE = 0.01
VOID_SHARE = 0.5
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
    sizes = most_frequent_first(Counter(one.size for one in facts if one.size))
    used = [row for row in rows if row[0].split]
    problems = [
        *_refused(view),
        *_damage(used),
        *_colours(used),
        *_ids(used, view.class_map),
        *_pair_sizes(used),
        *_image_sizes(used, view.fitted_size),
        *_left_out(rows),
        *_no_val(splits),
        *_classes(view, splits),
        *_void(rows, splits[0]),
        *_leakage(view.items, near_duplicates),
        *_published_leak(view.items),
        *_shared_drives(view.items),
        *(Problem("note", "labels", note) for note in view.notes),
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


def _refused(view: View) -> list[Problem]:
    """Returns what `prepare` would refuse before it reads a frame."""
    problems = []
    if view.refusal:
        text = f"`segnet prepare` would refuse this: {view.refusal}"
        problems.append(Problem("error", "split", text))
    text = (
        f"{len(view.orphans)} files have no partner that can be read; `segnet prepare` "
        f"leaves them out with --skip-bad only"
    )
    return problems + _listed("error", "missing", text, view.orphans)


def _left_out(rows: Sequence[Row]) -> list[Problem]:
    lines = [
        item.id
        for item, one in rows
        if not item.split and (one.damage or one.unknown or one.unknown_ids)
    ]
    text = f"{_part(lines, rows)} cannot be read, and the split leaves them out"
    return _listed("note", "damaged", text, lines)


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


def _ids(rows: Sequence[Row], class_map: ClassMap) -> list[Problem]:
    found = [(item.id, one.unknown_ids) for item, one in rows if one.unknown_ids]
    lines = []
    for name, unknown in found:
        named = unknown.most[:COLOURS_NAMED]
        ids = ", ".join(f"{value} on {count} pixels" for value, count in named)
        lines.append(f"{name}: {ids}")
    values = sorted({value for _, unknown in found for value in unknown.values})
    text = (
        f"{_part(lines, rows)} have ids that are no class; "
        f"{likely_values(class_map, values) if found else ''}"
    )
    return _listed("error", "ids", text, lines)


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


def _image_sizes(rows: Sequence[Row], fitted: tuple[int, int] | None) -> list[Problem]:
    sizes = most_frequent_first(Counter(one.size for _, one in rows if one.size))
    if len(sizes) < 2:
        return []
    usual = sizes[0][0]
    lines = [
        f"{item.id}: {_size(one.size)}"
        for item, one in rows
        if one.size and one.size != usual
    ]
    counts = ", ".join(f"{_size(size)} ({count})" for size, count in sizes)
    meaning = (
        f"a store has one size, so `segnet prepare` needs --size {_size(usual)}, which "
        f"resizes and pads, or --skip-bad"
    )
    if fitted:
        meaning = f"`segnet prepare` fits all of them to {_size(fitted)}"
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
        doubts = label_doubts(view.origin, class_map, pixels, view.grey_ids)
        problems += [Problem("warning", "classes", text) for text in doubts]
        if not doubts:
            names = ", ".join(nowhere)
            text = f"no pixel of {names} anywhere: no network can learn it"
            problems.append(Problem("note", "classes", text))
    for split, names in absent.items():
        names = [name for name in names if name not in nowhere]
        severity, meaning = "note", f"scores on {split} do not cover it"
        if split == "train":
            severity = "warning"
            meaning = "only the other splits have it, so no network can learn it"
        if names:
            text = f"no pixel of {', '.join(names)} in {split}: {meaning}"
            problems.append(Problem(severity, "balance", text))
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


def _published_leak(items: Sequence[Item]) -> list[Problem]:
    names = {split: [i.id for i in items if i.split == split] for split in SPLITS}
    text = camvid_doubt(names)
    return [Problem("warning", "leakage", text)] if text else []


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
