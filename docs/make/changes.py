"""Rewrites the first table of docs/experiments/networks.md: the changes that matter.

    python docs/make/changes.py

`docs/figures/changes.csv` has a row for each change that `experiments/ideas.py` tried.
The page shows ten, all further from the first row than the noise that it names.
"""

import csv
from pathlib import Path

from markers import filled

DOCS = Path(__file__).parents[1]
PAGE = DOCS / "experiments" / "networks.md"
ROWS = DOCS / "figures" / "changes.csv"
BASE = "none: slim"
SHOWN = (
    "rendered streets to start from",
    "rendered towns to start from",
    "no scale changes",
    "edgesegnet, deeper, another day",
    "no colour changes",
    "median-frequency weights",
    "no class weights",
    "transposed convolutions",
    "learning rate 1e-3",
    "reference_multibranch",
)


def changes(rows: dict[str, dict[str, str]]) -> str:
    """Returns the table of the rows in `SHOWN` below that of the unchanged network."""
    classes = list(rows[BASE])[4:]
    header = ["change", "parameters", "images/s", "mIoU", "difference", *classes]
    lines = [header, ["---"] + ["---:"] * (len(header) - 1)]
    for name in (BASE, *SHOWN):
        row = rows[name]
        miou, base = float(row["miou"]), float(rows[BASE]["miou"])
        difference = "" if name == BASE else f"{miou - base:+.1f}"
        figures = [f"{int(row['parameters']):,}", row["images_per_second"], row["miou"]]
        lines.append([name, *figures, difference, *(row[c] for c in classes)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page() -> str:
    """Returns the page with the table made anew."""
    with ROWS.open(encoding="utf-8", newline="") as file:
        rows = {row["change"]: row for row in csv.DictReader(file)}
    return filled(PAGE.read_text(encoding="utf-8"), {"changes": changes(rows)})


def main() -> None:
    """Rewrites docs/experiments/networks.md."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
