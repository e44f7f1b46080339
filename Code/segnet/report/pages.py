"""HTML pages, each one file that needs nothing else: no script, no network.

A page is a template in the folder `templates`. It extends `base.html` (frame and
style, light and dark, for screens and paper) and takes its parts from `macros.html`.
"""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from segnet import __version__
from segnet.system.files import replacing
from segnet.system.text import shown


def write_page(path: str | Path, template: str, **data: object) -> None:
    """Writes the page that a template makes of `data`.

    Everything in `data` is escaped, names of files included.

    Args:
        path: The HTML file, replaced in one step; its folder is made when missing.
        template: Name of a file in the folder `templates`.
        data: What the template shows.

    Raises:
        jinja2.UndefinedError: The template needs something that `data` lacks.
        OSError: The file cannot be written.
    """
    page = _environment().get_template(template).render(data, version=__version__)
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("segnet.report"),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _printable(value: Any) -> Any:
    # Plain text only: what a macro made is a subclass of str, and done.
    return shown(value) if type(value) is str else value
