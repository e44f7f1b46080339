"""The page of `segnet runs`: a table and the curves of all runs side by side."""

from pathlib import Path

from segnet.report.pages import write_page
from segnet.runs.listing import RunFacts, best_of, minutes_of

# Each curve is drawn in a box of this size.
WIDTH, HEIGHT = 240, 100


def write_runs(path: str | Path, runs: list[RunFacts]) -> None:
    """Writes the page.

    Args:
        path: The HTML file.
        runs: From `find_runs`, in the order of the page.
    """
    top = max((run.miou or 0 for run in runs), default=0) or 1.0
    write_page(
        path,
        "runs.html",
        title=f"{len(runs)} training run{'s' * (len(runs) != 1)}",
        top=f"{100 * top:.0f}",
        box=(WIDTH, HEIGHT),
        runs=[
            {
                "name": run.name,
                "network": run.network or "-",
                "recipe": run.recipe or "-",
                "state": run.state,
                "epochs": f"{len(run.rows)}/{run.epochs}",
                "best": best_of(run),
                "minutes": minutes_of(run),
                "why": run.why,
                "line": _line(run, top),
            }
            for run in runs
        ],
    )


def _line(run: RunFacts, top: float) -> str:
    """Returns the points of the score over the epochs, all runs on one scale."""
    last = max(run.epochs, 2) - 1
    return " ".join(
        f"{WIDTH * (int(row['epoch']) - 1) / last:.1f},"
        f"{HEIGHT * (1 - float(row['val_miou']) / top):.1f}"
        for row in run.rows
        if row["val_miou"]
    )
