"""HTML pages, each a single file without script or network access.

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
    """Writes the page of a template and its data, all of it escaped.

    Args:
        path: The HTML file, replaced in one step; its folder is made when missing.
        template: Name of a file in the folder `templates`.
        data: Values by the names that the template uses.

    Raises:
        jinja2.UndefinedError: The template uses a name that `data` lacks.
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
    # Only plain text: markup of a macro is a subclass of str and already escaped.
    return shown(value) if type(value) is str else value
