"""Text for terminals and pages: file names may contain any byte."""

import unicodedata
from pathlib import Path

KEPT = "\n\t"
# Python's stand-ins for bytes of a file name that are not UTF-8: U+DC80 to U+DCFF.
BYTES = range(0xDC80, 0xDD00)


def shown(text: object) -> str:
    r"""Returns text with everything but visible characters escaped, as in `\x1b`.

    Control characters could move the cursor or change the direction of the text, and
    bytes of a file name that are not UTF-8 could not be printed at all. Spaces, tabs
    and line breaks stay.

    Args:
        text: A message, a path or anything else that `str` takes.
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def shown_in_line(text: object) -> str:
    """Returns text as `shown` does, with tabs and line breaks escaped as well."""
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


def brief_path(path: str | Path) -> str:
    """Returns a path for records that travel: whole where relative, else its end.

    The place of a file on one machine means nothing on another, and may name a user.

    Returns:
        The last two parts of an absolute path or of one with `..`.
    """
    path = Path(path)
    if path.is_absolute() or ".." in path.parts:
        return "/".join(path.parts[-2:])
    return path.as_posix()


def _shown(character: str) -> str:
    if character.isprintable() or character in KEPT:
        return character
    # Spaces of other widths, such as those of Japanese text.
    if unicodedata.category(character) == "Zs":
        return character
    if ord(character) in BYTES:
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
