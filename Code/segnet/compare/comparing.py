"""Comparing reports: groups of seeds, paired differences, a verdict in words."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segnet.compare.paired import (
    Comparison,
    Difference,
    check_same_frames,
    compare_counts,
)
from segnet.scores.drives import blocks_of, drives_of
from segnet.scores.frame_counts import FrameCounts, three_means
from segnet.scores.intervals import FEW_BLOCKS, Intervals, intervals
from segnet.system.text import shown_in_line

REPORT, FRAMES = "report.json", "frames.npz"
# With fewer, one comparison in seven finds a difference that is not there
# (experiments/coverage.py).
FEWEST_BLOCKS = 5
# What both reports must have been scored on.
SAME = ("split", "source", "class_map", "class_mapping", "size")


@dataclass(frozen=True)
class Report:
    """One report folder of `segnet evaluate --out`.

    Args:
        folder: Where it is.
        facts: Its report.json.
        counts: Its frames.npz.
    """

    folder: Path
    facts: dict
    counts: FrameCounts


@dataclass(frozen=True)
class Group:
    """Reports of one recipe that differ in the seed alone, or one report.

    Args:
        name: For tables.
        reports: At least one.
        scores: mIoU over the set of each, 0 to 1.
        intervals: Of the first report.
    """

    name: str
    reports: tuple[Report, ...]
    scores: tuple[float, ...]
    intervals: Intervals

    @property
    def spread(self) -> float | None:
        """Sample standard deviation of the seeds' mIoU, None for one seed."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None


@dataclass(frozen=True)
class Outcome:
    """The result of a comparison.

    Args:
        groups: The first is what the others are compared with.
        comparisons: One for each further group.
        verdicts: A sentence for each comparison; for a single group one on its seeds.
        facts: The frames: `split`, `source`, `frames`, `blocks`, `drives`, `seed`.
    """

    groups: tuple[Group, ...]
    comparisons: tuple[Comparison, ...]
    verdicts: tuple[str, ...]
    facts: dict

    def to_json(self) -> str:
        """Returns everything but the counts."""
        groups = [
            {
                "name": group.name,
                "reports": [str(report.folder) for report in group.reports],
                "miou": list(group.scores),
                "spread": group.spread,
                "interval": [group.intervals.miou.low, group.intervals.miou.high],
            }
            for group in self.groups
        ]
        content = {
            "frames": self.facts,
            "groups": groups,
            "verdicts": list(self.verdicts),
            "comparisons": [asdict(found) for found in self.comparisons],
        }
        return json.dumps(_without_nan(content), indent=2) + "\n"


def compare(folders: Sequence[str | Path], seed: int = 0) -> Outcome:
    """Returns how reports differ; the first one's group is the baseline.

    Args:
        folders: At least two report folders of `segnet evaluate --out`.
        seed: Of the bootstrap.

    Raises:
        FileNotFoundError: A folder or a file in it is missing.
        ValueError: Fewer than two reports, one folder twice, reports of different
            frames, splits or classes, or frames of void pixels alone.
    """
    if len(folders) < 2:
        raise ValueError(f"{len(folders)} report given; a comparison needs two or more")
    reports = [read_report(folder) for folder in folders]
    resolved = [report.folder.resolve() for report in reports]
    for report in reports:
        if resolved.count(report.folder.resolve()) > 1:
            raise ValueError(f"{report.folder}: given twice")
    first = reports[0]
    for other in reports[1:]:
        _check_same(first, other)
    if not first.counts.truth.any():
        raise ValueError(
            f"{first.folder}: none of its pixels has a class, all are void, so there "
            f"are no scores to compare"
        )
    blocks = blocks_of(first.counts.frame_ids)
    groups = _grouped(reports, blocks, seed)
    comparisons = tuple(
        compare_counts(
            [report.counts for report in groups[0].reports],
            [report.counts for report in group.reports],
            blocks,
            seed,
        )
        for group in groups[1:]
    )
    facts = {key: first.facts.get(key) for key in SAME}
    facts |= {
        "frames": len(first.counts.frame_ids),
        "blocks": int(blocks.max()) + 1,
        "drives": len(drives_of(first.counts.frame_ids)),
        "seed": seed,
    }
    if not comparisons:
        return Outcome(groups, (), (_seeds_only(groups[0]),), facts)
    verdicts = tuple(
        verdict(groups[0], group, found, facts)
        for group, found in zip(groups[1:], comparisons, strict=True)
    )
    return Outcome(groups, comparisons, verdicts, facts)


def read_report(folder: str | Path) -> Report:
    """Returns a report folder.

    Raises:
        FileNotFoundError: The folder or a file in it is missing.
        ValueError: A file in it is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder}: no such folder; `segnet evaluate MODEL STORE --out {folder}` "
            f"writes one"
        )
    path = folder / REPORT
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file; is {folder} what `segnet evaluate --out` wrote?"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: damaged, no JSON ({error})") from error
    if not isinstance(facts, dict) or "split" not in facts:
        raise ValueError(f"{path}: no report of `segnet evaluate`")
    training = facts.get("training") or {}
    recipe = training.get("recipe") or {} if isinstance(training, dict) else None
    if not isinstance(recipe, dict):
        raise ValueError(f"{path}: damaged (training is {training!r})")
    if not (folder / FRAMES).is_file() and (folder / "recipe.json").is_file():
        raise FileNotFoundError(
            f"{folder}: a run folder; give what `segnet evaluate --out` wrote, or "
            f"--store STORE to evaluate it first"
        )
    if not (folder / FRAMES).is_file():
        raise FileNotFoundError(
            f"{folder / FRAMES}: no such file; reports of segnet 0.1 have no counts of "
            f"frames, so evaluate again"
        )
    return Report(folder, facts, FrameCounts.load(folder / FRAMES))


def verdict(a: Group, b: Group, found: Comparison, facts: dict) -> str:
    """Returns the outcome of one comparison in a sentence or two."""
    miou, interval = found.miou, found.miou.interval
    where = (
        f"{facts['frames']} frames in {facts['blocks']} blocks of "
        f"{facts['drives']} drive{'s' * (facts['drives'] != 1)}"
    )
    if np.isnan(interval.low):
        return (
            f"{b.name} has {_points(interval.estimate)} mIoU more than {a.name}, but "
            f"{where} are too few for an interval."
        )
    few = facts["blocks"] < FEW_BLOCKS
    caution = " So few blocks make an interval too narrow." if few else ""
    span = f"[{_signed(interval.low)}, {_signed(interval.high)}]"
    if facts["blocks"] < FEWEST_BLOCKS:
        return (
            f"Too few blocks for a verdict on {a.name} and {b.name}: {where}; "
            f"{_signed(interval.estimate)} {span} points of mIoU."
        )
    if not miou.different:
        return (
            f"No difference between {a.name} and {b.name} that {where} can show: "
            f"{_signed(interval.estimate)} {span} points of mIoU.{caution}"
        )
    better, worse = (b, a) if interval.estimate > 0 else (a, b)
    low, high = sorted(abs(end) for end in (interval.low, interval.high))
    text = (
        f"{better.name} is better than {worse.name} by "
        f"{_points(abs(interval.estimate))} [{_points(low)}, {_points(high)}] points "
        f"of mIoU, on {where}.{caution}"
    )
    if min(len(a.reports), len(b.reports)) == 1:
        text += " A side has one run: what another seed would change is not in it."
    return text


def _seeds_only(group: Group) -> str:
    mean = statistics.mean(group.scores)
    return (
        f"No difference is claimed: these are {len(group.scores)} seeds of one recipe, "
        f"{_points(mean)} ± {_points(group.spread or 0)} mIoU."
    )


def rows(found: Comparison) -> tuple[Difference, ...]:
    """Returns the differences in the order of tables: mIoU, then each class."""
    return found.miou, *found.per_class


def _grouped(reports: list[Report], blocks: np.ndarray, seed: int) -> tuple[Group, ...]:
    members: dict[str, list[Report]] = {}
    for index, report in enumerate(reports):
        recipe = (report.facts.get("training") or {}).get("recipe")
        key = f"report {index}"
        if recipe:
            same = {name: value for name, value in recipe.items() if name != "seed"}
            weights = report.facts["training"].get("weights", "")
            key = json.dumps([same, weights], sort_keys=True)
        members.setdefault(key, []).append(report)
    names = _names(list(members.values()))
    return tuple(
        Group(
            name,
            tuple(same),
            tuple(three_means(report.counts).over_set for report in same),
            intervals(same[0].counts, blocks, seed),
        )
        for name, same in zip(names, members.values(), strict=True)
    )


def _names(groups: list[list[Report]]) -> list[str]:
    """Returns the network's name, with the folder where two groups have one network."""
    names = [str(same[0].facts.get("model", same[0].folder.name)) for same in groups]
    return [
        # The names go into files, whose encoding lacks some bytes of a folder's name.
        shown_in_line(f"{name} ({same[0].folder})" if names.count(name) > 1 else name)
        for name, same in zip(names, groups, strict=True)
    ]


def _check_same(a: Report, b: Report) -> None:
    for key in SAME:
        if a.facts.get(key) != b.facts.get(key):
            raise ValueError(
                f"{a.folder} and {b.folder}: {key} is {a.facts.get(key)} and "
                f"{b.facts.get(key)}; only reports on the same frames can be compared"
            )
    try:
        check_same_frames(a.counts, b.counts)
    except ValueError as error:
        raise ValueError(f"{a.folder} and {b.folder}: {error}") from None


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}"


def _without_nan(value: Any) -> Any:
    """Returns the value with None for nan, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    if isinstance(value, float) and np.isnan(value):
        return None
    return value
