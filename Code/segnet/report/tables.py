"""Tables as text for the terminal and as Markdown, and shares in percent."""

from collections.abc import Iterable, Sequence

from segnet.system.text import shown_in_line

GAP = "  "


def text_table(
    header: Sequence[str] | None,
    rows: Iterable[Sequence[str]],
    left: int = 1,
    indent: str = "",
) -> str:
    """Returns a table for the terminal, each column as wide as its widest cell.

    Args:
        header: Names of the columns; None for a table without them.
        rows: Cells, the same number in each row.
        left: Number of text columns at the left; the other columns are numbers,
            aligned to the right.
        indent: Start of each line.

    Raises:
        ValueError: Rows have different numbers of cells.
    """
    # Before the widths, since a name of a file may hold any character.
    lines = [list(map(shown_in_line, row)) for row in rows]
    if header is not None:
        lines.insert(0, list(map(shown_in_line, header)))
    columns = zip(*lines, strict=True)
    widths = [max(len(cell) for cell in column) for column in columns]
    return "\n".join(
        (indent + GAP.join(_aligned(line, widths, left))).rstrip() for line in lines
    )


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1
) -> str:
    """Returns a Markdown table; arguments as for `text_table`."""
    rule = ["---"] * left + ["---:"] * (len(header) - left)
    lines = [_escaped(header), rule, *map(_escaped, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def percent(share: float | None, digits: int = 1, none: str = "absent") -> str:
    """Returns a share of 1 in percent.

    Args:
        share: 0 to 1, or None.
        digits: Number of decimals.
        none: Text for None.
    """
    return none if share is None else f"{100 * share:.{digits}f}"


def points(difference: float, digits: int = 1) -> str:
    """Returns a difference of shares in percentage points, with its sign.

    Args:
        difference: -1 to 1.
        digits: Number of decimals.
    """
    # Adding 0 makes 0 of -0.
    return f"{round(100 * difference, digits) + 0.0:+.{digits}f}"


def _aligned(cells: Sequence[str], widths: Sequence[int], left: int) -> Iterable[str]:
    for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        yield cell.ljust(width) if number < left else cell.rjust(width)


def _escaped(cells: Sequence[str]) -> list[str]:
    return [shown_in_line(cell).replace("|", "\\|") for cell in cells]
