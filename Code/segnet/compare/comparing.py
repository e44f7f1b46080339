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
from segnet.compare.reports import Group, Report, by_seed, grouped, read_report
from segnet.report.tables import percent, points
from segnet.scores.drives import blocks_of, drives_of
from segnet.scores.intervals import FEW_BLOCKS

# With fewer, one comparison in seven finds a difference that is not there
# (experiments/coverage.py).
FEWEST_BLOCKS = 5
# What both reports must have been scored on.
SAME = ("split", "source", "class_map", "class_mapping", "size")


@dataclass(frozen=True)
class Outcome:
    """The result of a comparison.

    Args:
        groups: The first is what the others are compared with. Where all reports are
            of one recipe, a group for each seed.
        comparisons: One for each further group.
        verdicts: A sentence for each comparison.
        facts: The frames: `split`, `source`, `frames`, `blocks`, `drives`, `seed`; and
            `seeds_of_one_recipe`, their mIoU with its spread, None for several recipes.
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
    groups, seeds = grouped(reports, blocks, seed), None
    if len(groups) == 1:
        (seeds,) = groups
        groups = by_seed(seeds, blocks, seed)
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
        "seeds_of_one_recipe": seeds and _spread(seeds),
    }
    verdicts = tuple(
        verdict(groups[0], group, found, facts)
        for group, found in zip(groups[1:], comparisons, strict=True)
    )
    return Outcome(groups, comparisons, verdicts, facts)


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
    span = f"[{points(interval.low)}, {points(interval.high)}]"
    if facts["blocks"] < FEWEST_BLOCKS:
        return (
            f"Too few blocks for a verdict on {a.name} and {b.name}: {where}; "
            f"{points(interval.estimate)} {span} points of mIoU."
        )
    if not miou.different:
        return (
            f"No difference between {a.name} and {b.name} that {where} can show: "
            f"{points(interval.estimate)} {span} points of mIoU.{caution}"
        )
    better, worse = (b, a) if interval.estimate > 0 else (a, b)
    low, high = sorted(abs(end) for end in (interval.low, interval.high))
    if facts["seeds_of_one_recipe"]:
        return (
            f"No difference is claimed between seeds of one recipe: {better.name} has "
            f"{_points(abs(interval.estimate))} [{_points(low)}, {_points(high)}] "
            f"points of mIoU more than {worse.name} on {where}, and that is what a "
            f"seed changes.{caution}"
        )
    text = (
        f"{better.name} is better than {worse.name} by "
        f"{_points(abs(interval.estimate))} [{_points(low)}, {_points(high)}] points "
        f"of mIoU, on {where}.{caution}"
    )
    if min(len(a.reports), len(b.reports)) == 1:
        text += " A side has one run: what another seed would change is not in it."
    return text


def _spread(seeds: Group) -> str:
    mean = statistics.mean(seeds.scores)
    return f"{percent(mean)} ± {percent(seeds.spread or 0)}"


def rows(found: Comparison) -> tuple[Difference, ...]:
    """Returns the differences in the order of tables: mIoU, then each class."""
    return found.miou, *found.per_class


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
    # A difference that is too small for one decimal is no 0.0.
    return percent(share, 1 if share >= 0.0005 else 2)


def _without_nan(value: Any) -> Any:
    """Returns the value with None for nan, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    if isinstance(value, float) and np.isnan(value):
        return None
    return value
