"""The verb `classes`: writes the classes found in masks, to edit."""

import argparse
from pathlib import Path

from segnet.cli.common import Verbs, add_verb, say


def add_classes(verbs: Verbs) -> None:
    """Adds the verb."""
    parser = add_verb(
        verbs,
        "classes",
        _classes,
        "write the values and colours found in masks as a table of classes",
        "  segnet classes Masks --out map.json      # then give the rows names\n"
        "  segnet prepare folder Images Masks Store --classes map.json\n\n"
        "Rows with one name become one class; the name void leaves pixels out.",
    )
    parser.add_argument(
        "masks", metavar="MASKS", type=Path, help="a folder of masks, or one mask"
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="the .json to write"
    )
    parser.add_argument(
        "--mask-suffix",
        default="",
        metavar="TEXT",
        help="what names of masks end with, where images are beside them",
    )


def _classes(arguments: argparse.Namespace) -> None:
    from segnet.data.masks.found import find_classes, to_json
    from segnet.report.tables import percent, text_table
    from segnet.system.files import replacing

    if arguments.out.exists():
        raise FileExistsError(
            f"{arguments.out}: there already; name another file, so that your names "
            f"in it stay"
        )
    found = find_classes(arguments.masks, arguments.mask_suffix)
    with replacing(arguments.out) as part:
        part.write_text(to_json(found), encoding="utf-8")
    rows = [(one.name, percent(one.share, 2, "-")) for one in found]
    say(text_table(["found", "pixels, %"], rows))
    say(f"{arguments.out}: give the rows names, one name for several where they belong")
