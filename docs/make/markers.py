"""Parts of a page that a command writes, between `<!-- x -->` and `<!-- /x -->`."""

import re


def filled(text: str, parts: dict[str, str]) -> str:
    """Returns the text with the part between each pair of markers replaced.

    Raises:
        ValueError: A pair of markers is missing.
    """
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        pattern = re.compile(f"({re.escape(begin)}).*?({re.escape(end)})", re.DOTALL)
        text, count = pattern.subn(lambda m, p=part: f"{m[1]}{p}\n{m[2]}", text)
        if count != 1:
            raise ValueError(f"{count} pairs of markers {begin.strip()}, expected one")
    return text
