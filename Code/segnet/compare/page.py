"""The page of a comparison: compare.html."""

from pathlib import Path

import numpy as np

from segnet.compare.comparing import Group, Outcome, rows
from segnet.compare.paired import Comparison, Difference
from segnet.compare.tables import second_look
from segnet.report.pages import write_page
from segnet.report.tables import percent, points

# The plot is this wide, in units of its picture.
WIDTH = 400


def write_comparison(path: Path, outcome: Outcome) -> None:
    """Writes the page of a comparison.

    Args:
        path: The HTML file.
        outcome: What `compare` returned.
    """
    facts, count = outcome.facts, len(outcome.groups)
    seeds = facts["seeds_of_one_recipe"]
    what = f"{count} seeds of one recipe" if seeds else f"{count} networks"
    write_page(
        path,
        "compare.html",
        title=f"{what} on {facts['split']} of {facts['source']}",
        verdicts=outcome.verdicts,
        facts=[
            ("frames", str(facts["frames"])),
            ("blocks of neighbours", str(facts["blocks"])),
            ("drives", str(facts["drives"])),
            ("classes", facts["class_map"]),
            *([("mIoU over the seeds", seeds)] if seeds else []),
            ("bootstrap", f"paired, over blocks, seed {facts['seed']}"),
        ],
        groups=[_group(group) for group in outcome.groups],
        comparisons=[
            _part(outcome.groups[0], group, found)
            for group, found in zip(
                outcome.groups[1:], outcome.comparisons, strict=True
            )
        ],
    )


def _group(group: Group) -> dict:
    low, high = group.intervals.miou.low, group.intervals.miou.high
    # Of several seeds the interval of one would be taken for that of their mean.
    known = not np.isnan(low) and len(group.reports) == 1
    return {
        "name": group.name,
        "runs": len(group.reports),
        "miou": percent(float(np.mean(group.scores))),
        "spread": percent(group.spread, none="-"),
        "interval": f"{percent(low)} to {percent(high)}" if known else "-",
    }


def _part(a: Group, b: Group, found: Comparison) -> dict:
    every = rows(found)
    ends = [0.0]
    for row in every:
        interval = row.interval
        ends += [x for x in (interval.low, interval.high, interval.estimate)]
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    span = max(high - low, 1e-6)

    def at(value: float) -> float | None:
        return None if np.isnan(value) else round(WIDTH * (value - low) / span, 1)

    marks = [
        {
            "name": row.name,
            "low": at(row.interval.low),
            "high": at(row.interval.high),
            "at": at(row.interval.estimate),
            "different": row.different,
        }
        for row in every
    ]
    ticks = [
        {"x": at(v), "text": points(v) if v else "0"} for v in sorted({low, 0.0, high})
    ]
    return {
        "a": a.name,
        "b": b.name,
        "rows": [_row(row) for row in every],
        "marks": marks,
        "zero": at(0.0),
        "ticks": ticks,
        "wilcoxon": second_look(found) + ".",
    }


def _row(row: Difference) -> dict:
    absent = bool(np.isnan(row.interval.estimate))
    known = not np.isnan(row.interval.low)
    low, high = row.interval.low, row.interval.high
    return {
        "name": row.name,
        "scores": [percent(None if absent else score) for score in (row.a, row.b)],
        "difference": "-" if absent else points(row.interval.estimate),
        "interval": f"{points(low)} to {points(high)}" if known else "-",
        "p": "-" if np.isnan(row.p_holm) else f"{row.p_holm:.3f}",
        "different": row.different,
    }
