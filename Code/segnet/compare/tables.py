"""A comparison as text for the terminal, as Markdown, LaTeX and CSV."""

import csv
import io
from collections.abc import Callable

import numpy as np

from segnet.compare.comparing import Outcome, rows
from segnet.compare.paired import Comparison, Difference
from segnet.report.tables import markdown_table, percent, points, text_table

LATEX_ESCAPES = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}

CSV_DIFFERENCE = ("difference", "low", "high", "p_holm")


def text(outcome: Outcome) -> str:
    """Returns the verdicts and a table of every comparison, for the terminal."""
    parts = [_groups(outcome)]
    for found, group, words in zip(
        outcome.comparisons, outcome.groups[1:], outcome.verdicts, strict=True
    ):
        head = ("IoU, %", outcome.groups[0].name, group.name, "difference", "p (Holm)")
        table = text_table(head, [_cells(row, str) for row in rows(found)])
        parts.append("\n".join([table, second_look(found), "", words]))
    return "\n\n".join(parts)


def markdown(outcome: Outcome) -> str:
    """Returns a Markdown table for each comparison, with its verdict below."""
    parts = []
    for group, found, words in zip(
        outcome.groups[1:], outcome.comparisons, outcome.verdicts, strict=True
    ):
        head = ["IoU, %", outcome.groups[0].name, group.name, "difference", "p (Holm)"]
        body = [_cells(row, _bold) for row in rows(found)]
        table = markdown_table(head, body)
        parts.append("\n".join([table, "", words, second_look(found)]))
    return "\n\n".join(parts) + "\n"


def latex(outcome: Outcome) -> str:
    """Returns a LaTeX tabular (booktabs) for each comparison."""
    parts = []
    for group, found, words in zip(
        outcome.groups[1:], outcome.comparisons, outcome.verdicts, strict=True
    ):
        head = ["IoU (\\%)", *map(_tex, (outcome.groups[0].name, group.name))]
        head += ["difference", "$p$ (Holm)"]
        body = [
            [_tex(cells[0]), *cells[1:]]
            for cells in (_cells(row, str) for row in rows(found))
        ]
        lines = [f"  {' & '.join(cells)} \\\\" for cells in body]
        parts.append(
            "\n".join(
                [
                    f"% {words}",
                    "\\begin{tabular}{lrrrr}",
                    "  \\toprule",
                    f"  {' & '.join(head)} \\\\",
                    "  \\midrule",
                    *lines,
                    "  \\bottomrule",
                    "\\end{tabular}",
                ]
            )
        )
    return "\n\n".join(parts) + "\n"


def csv_table(outcome: Outcome) -> str:
    """Returns CSV, a line for each comparison and class, in shares of 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("a", "b", "class", "iou_a", "iou_b", *CSV_DIFFERENCE))
    first = outcome.groups[0].name
    for group, found in zip(outcome.groups[1:], outcome.comparisons, strict=True):
        for row in rows(found):
            interval = row.interval
            numbers = (row.a, row.b, interval.estimate, interval.low, interval.high)
            cells = ["" if np.isnan(n) else f"{n:.6f}" for n in (*numbers, row.p_holm)]
            writer.writerow((first, group.name, row.name, *cells))
    return text.getvalue()


def _groups(outcome: Outcome) -> str:
    lines = []
    for group in outcome.groups:
        low, high = group.intervals.miou.low, group.intervals.miou.high
        mean = percent(float(np.mean(group.scores)))
        if group.spread is not None:
            seeds = f" ± {percent(group.spread)} over {len(group.scores)} seeds"
        else:
            seeds = "" if np.isnan(low) else f" [{percent(low)}, {percent(high)}]"
        lines.append(f"{group.name}: mIoU {mean}{seeds}")
    facts = outcome.facts
    if facts["seeds_of_one_recipe"]:
        lines.append(f"seeds of one recipe: mIoU {facts['seeds_of_one_recipe']}")
    lines.append(
        f"on {facts['frames']} {facts['split']} frames of {facts['source']}: "
        f"{facts['blocks']} neighbouring blocks, drives: {facts['drives']}; "
        f"intervals are 95 %, bootstrap over blocks, seed {facts['seed']}"
    )
    return "\n".join(lines)


def _cells(row: Difference, mark: Callable[[str], str]) -> list[str]:
    difference = points(row.interval.estimate)
    if np.isnan(row.interval.estimate):
        return [row.name, "absent", "absent", "-", "-"]
    if not np.isnan(row.interval.low):
        low, high = points(row.interval.low), points(row.interval.high)
        difference = f"{difference} [{low}, {high}]"
    if row.different:
        difference = mark(difference)
    p = "-" if np.isnan(row.p_holm) else f"{row.p_holm:.3f}"
    return [row.name, percent(row.a), percent(row.b), difference, p]


def second_look(found: Comparison) -> str:
    """Returns the result of the rank test in a line."""
    return (
        f"Wilcoxon signed-rank test on the mIoU of each frame: p = "
        f"{found.wilcoxon_p:.3f} (takes frames for independent)"
    )


def _bold(cell: str) -> str:
    return f"**{cell}**"


def _tex(name: str) -> str:
    return "".join(LATEX_ESCAPES.get(character, character) for character in name)
