"""The verb `runs`: lists the training runs below a folder."""

import argparse
from pathlib import Path

from segnet.cli.common import Verbs, add_verb, say


def add_runs(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "runs",
        _runs,
        "list the training runs below a folder, with their scores",
        "  segnet runs runs --sort miou\n  segnet runs runs --html runs/index.html",
    )
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, default=Path("runs")
    )
    parser.add_argument(
        "--sort",
        default="name",
        choices=("name", "miou", "epochs", "minutes", "state"),
        help="default name",
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="a page with the curves of all runs"
    )


def _runs(arguments: argparse.Namespace) -> None:
    from segnet.runs.listing import find_runs, runs_table

    runs = find_runs(arguments.folder, arguments.sort)
    if not runs:
        say(f"no runs below {arguments.folder}; `segnet train --out` makes one")
        return
    say(runs_table(runs))
    for run in runs:
        if run.why:
            say(f"{run.name} {run.state}: {run.why}")
    if arguments.html:
        from segnet.runs.page import write_runs

        write_runs(arguments.html, runs)
        say(arguments.html)
