"""The runs below a folder: what each is, how far it got, what it scored."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from segnet.recipes import described
from segnet.report.tables import percent, text_table
from segnet.runs import folder as run_folder
from segnet.runs.record import FINISHED, RUNNING, STOPPED, read_record
from segnet.system.locks import is_held

SORTS = ("name", "miou", "epochs", "minutes", "state")
# A larger number in a history is damage; it could not be drawn.
MOST_EPOCHS = 10**9


@dataclass(frozen=True)
class RunFacts:
    """One run folder.

    Args:
        name: Its path below the folder that was searched.
        network: Of its recipe, "" where that cannot be read.
        recipe: The named recipe it is closest to, and what differs.
        rows: Its history, a dictionary of texts for each epoch.
        epochs: Of the recipe.
        miou: The best on val, 0 to 1; None before the first validation.
        best_epoch: Where that was.
        minutes: Of training; None where that is not known.
        state: "running", "finished", "stopped", "failed", "diverged" or "damaged".
        why: How it failed, or "".
    """

    name: str
    network: str
    recipe: str
    rows: tuple[dict, ...]
    epochs: int
    miou: float | None
    best_epoch: int | None
    minutes: float | None
    state: str
    why: str


def find_runs(root: str | Path, sort: str = "name") -> list[RunFacts]:
    """Returns the runs below a folder, itself included.

    Args:
        root: Searched at any depth; hidden folders are left out.
        sort: One of `SORTS`; by score and length the largest first.

    Raises:
        FileNotFoundError: There is no such folder.
        ValueError: `sort` is none of them.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder")
    if sort not in SORTS:
        raise ValueError(f"sort is {sort!r}, expected one of {', '.join(SORTS)}")
    folders = sorted(path.parent for path in root.rglob(run_folder.RECIPE))
    runs = [
        _facts(folder, root)
        for folder in folders
        if not any(part.startswith(".") for part in folder.relative_to(root).parts)
    ]
    if sort in ("name", "state"):
        return sorted(runs, key=lambda run: (getattr(run, sort), run.name))
    keys = {"miou": "miou", "epochs": "epochs", "minutes": "minutes"}
    return sorted(runs, key=lambda run: -(getattr(run, keys[sort]) or 0))


def runs_table(runs: list[RunFacts]) -> str:
    """Returns the runs as a table for the terminal."""
    header = ["run", "network", "recipe", "state", "epochs", "best mIoU", "minutes"]
    rows = [
        [
            run.name,
            run.network,
            run.recipe,
            run.state,
            f"{len(run.rows)}/{run.epochs}",
            best_of(run),
            minutes_of(run),
        ]
        for run in runs
    ]
    return text_table(header, rows, left=4)


def minutes_of(run: RunFacts) -> str:
    """Returns the whole minutes of a run, "<1" for fewer, or "-"."""
    if run.minutes is None:
        return "-"
    return "<1" if run.minutes < 1 else f"{run.minutes:.0f}"


def best_of(run: RunFacts) -> str:
    """Returns the best mIoU of a run and its epoch, or "-"."""
    if run.miou is None:
        return "-"
    return f"{percent(run.miou)} in {run.best_epoch}"


def _facts(folder: Path, root: Path) -> RunFacts:
    name = folder.relative_to(root).as_posix()
    name = folder.resolve().name if name == "." else name
    rows = _history(folder)
    scored = [(float(r["val_miou"]), int(r["epoch"])) for r in rows if r["val_miou"]]
    miou, epoch = max(scored, key=lambda pair: pair[0], default=(None, None))
    seconds = [float(row["seconds"]) for row in rows if row["seconds"]]
    try:
        recipe = run_folder.read_recipe(folder)
        record = read_record(folder)
    except (ValueError, OSError) as error:
        shown = str(error).splitlines()[0]
        return RunFacts(
            name, "", "", tuple(rows), 0, miou, epoch, None, "damaged", shown
        )
    return RunFacts(
        name=name,
        network=recipe.model,
        recipe=described(recipe),
        rows=tuple(rows),
        epochs=recipe.epochs,
        miou=miou,
        best_epoch=epoch,
        minutes=record.get("minutes") or (sum(seconds) / 60 if seconds else None),
        state=_state(folder, record, len(rows) >= recipe.epochs),
        why=record.get("why", ""),
    )


def _state(folder: Path, record: dict, is_complete: bool) -> str:
    if is_held(folder / run_folder.LOCK):
        return RUNNING
    state = record.get("state", FINISHED if is_complete else STOPPED)
    # Nobody holds the lock: the process was killed.
    return STOPPED if state == RUNNING else state


def _history(folder: Path) -> list[dict]:
    """Returns the rows of history.csv that can be read."""
    try:
        with open(folder / run_folder.HISTORY, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return []
    return [row for row in rows if _is_whole(row)]


def _is_whole(row: dict) -> bool:
    try:
        is_counted = 0 < int(row["epoch"]) <= MOST_EPOCHS
        numbers = [float(row[name] or 0) for name in ("loss", "val_miou", "seconds")]
    except (KeyError, TypeError, ValueError):
        return False
    return is_counted and all(map(math.isfinite, numbers))
