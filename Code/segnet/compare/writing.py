"""The files of a comparison."""

from pathlib import Path

from segnet.compare.comparing import Outcome
from segnet.compare.page import write_comparison
from segnet.compare.tables import csv_table, latex, markdown
from segnet.system.files import replacing


def write(outcome: Outcome, out: str | Path) -> list[Path]:
    """Writes a comparison as a page, JSON, Markdown, LaTeX and CSV.

    Args:
        outcome: What `compare` returned.
        out: A folder, made where it is missing.

    Returns:
        The paths of compare.html, and of compare.json, .md, .tex and .csv.
    """
    contents = {
        "compare.json": outcome.to_json(),
        "compare.md": markdown(outcome),
        "compare.tex": latex(outcome),
        "compare.csv": csv_table(outcome),
    }
    paths = [Path(out) / "compare.html"]
    write_comparison(paths[0], outcome)
    for name, content in contents.items():
        path = Path(out) / name
        with replacing(path) as part:
            part.write_text(content, encoding="utf-8")
        paths.append(path)
    return paths
