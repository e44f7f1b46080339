"""Functions that several verbs of the command share."""

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segnet.system.text import shown

if TYPE_CHECKING:
    from segnet.data.split import SplitRule

# What argparse returns for adding verbs, under the only name it has.
Verbs = argparse._SubParsersAction


def say(text: object, *, error: bool = False) -> None:
    """Prints text that may hold names of files, as `shown` gives it.

    Args:
        text: What to print.
        error: Print to stderr instead of stdout.
    """
    print(shown(text), file=sys.stderr if error else sys.stdout)


def print_any_character() -> None:
    """Makes stdout and stderr escape characters that their encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        # A notebook or a test may have replaced the stream by one without it.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def add_verb(
    verbs: Verbs,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    summary: str,
    example: str,
) -> argparse.ArgumentParser:
    """Returns a sub-parser whose help ends with an example."""
    parser = verbs.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def on_terminal() -> bool:
    """Returns whether a progress bar would be seen, so that logs stay free of bars."""
    return sys.stderr is not None and sys.stderr.isatty()


def add_workers(parser: argparse._ActionsContainer) -> None:
    """Adds --workers."""
    text = "processes (default: one for each core)"
    parser.add_argument("--workers", type=int, help=text)


def add_masks(parser: argparse.ArgumentParser) -> None:
    """Adds MASKS, the second folder of the reader `folder`."""
    parser.add_argument(
        "masks",
        metavar="MASKS",
        nargs="?",
        type=Path,
        help="only for folder: the label images",
    )


def add_reader_options(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each option of the readers."""
    parser.add_argument(
        "--classes",
        metavar="CLASSES",
        help="your own: names such as road,car,other, or a file, .json or .csv; for an"
        " export: which of its classes; for a public set: a mapping such as"
        " vkitti-to-cityscapes",
    )
    parser.add_argument(
        "--background",
        metavar="NAME",
        help="for an export: the class of pixels that no annotation covers, or void"
        " (default: a class background)",
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="for an export: the folder of the images, where it is another one",
    )
    for kind, example in (("image", "_leftImg8bit"), ("mask", "_mask")):
        parser.add_argument(
            f"--{kind}-suffix",
            metavar="TEXT",
            help=f"for folder: what names of {kind}s end with, such as {example}",
        )
    parser.add_argument(
        "--ids",
        metavar="VALUE=CLASS,...",
        help="for grey masks: the class of each value, such as 0=background,255=car",
    )
    parser.add_argument(
        "--first-id",
        type=int,
        metavar="N",
        help="for grey masks: the value of the first class (default 0)",
    )
    parser.add_argument(
        "--void",
        metavar="VALUE",
        help="for grey masks: this value is void too; several as in 0,254",
    )
    parser.add_argument(
        "--palette",
        choices=("index", "colour"),
        help="for masks with a palette: what they mean (default: what fits the class"
        " map, and it is said)",
    )
    parser.add_argument(
        "--drive",
        metavar="PATTERN",
        help="the part of a frame's name that says which video it is from, as a regular"
        " expression, such as '^(.*)_\\d+$'; the split cuts each drive by itself",
    )
    for flag in ("world", "variation", "camera"):
        text = f"only this {flag}; may repeat"
        parser.add_argument(f"--{flag}", action="append", metavar="NAME", help=text)


def add_size(parser: argparse._ActionsContainer) -> None:
    """Adds --size."""
    from segnet.data.sizes import read_size

    parser.add_argument(
        "--size",
        type=_reader(read_size),
        metavar="HxW",
        help="resize frames of any size to this height and width, and pad what is"
        " left with black and void; in place of --scale",
    )


def readers_text() -> str:
    """Returns a line and an example for each reader, for --help."""
    from segnet.data import READERS

    lines = ["\n\nSOURCE is one of these, each with an example:"]
    for name, reader in READERS.items():
        lines += [f"  {name:12} {reader.about}", f"               {reader.example}"]
    return "\n".join(lines)


def reader_options(arguments: argparse.Namespace) -> dict:
    """Returns the options of `segnet.data.find.find_source` that flags ask for."""
    return {
        "masks": arguments.masks,
        "classes": arguments.classes,
        "drive": arguments.drive,
        "background": arguments.background,
        "images": arguments.images,
        "image_suffix": arguments.image_suffix,
        "mask_suffix": arguments.mask_suffix,
        "ids": arguments.ids,
        "first_id": arguments.first_id,
        "void": arguments.void,
        "palette": arguments.palette,
        "worlds": arguments.world,
        "variations": arguments.variation,
        "cameras": arguments.camera,
    }


def add_field(group: argparse._ArgumentGroup, field: dataclasses.Field) -> None:
    """Adds a flag for a field of a dataclass; absent means None.

    Its `metadata` holds `help` and, where it needs them, `flag`, `choices`, `type`,
    `nargs`, `metavar`, `action` and `read`, a function from text to value that raises
    ValueError.
    """
    known, default = field.metadata, field.default
    flag = known.get("flag", "--" + field.name.replace("_", "-"))
    text = known.get("help", "")
    if default not in (None, "", ()):
        text = f"{text} (default {default})"
    options = {"dest": field.name, "default": None, "help": text}
    options |= {n: known[n] for n in ("metavar", "nargs", "choices") if n in known}
    if "read" in known:
        options["type"] = _reader(known["read"])
    elif "type" in known:
        options["type"] = known["type"]
    elif "action" in known:
        options["action"] = known["action"]
    elif isinstance(default, bool):
        options["action"] = argparse.BooleanOptionalAction
    elif "choices" not in known:
        options["type"] = type(default)
    group.add_argument(flag, **options)


def _reader(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def reader(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return reader


def add_split(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for each field of `SplitRule`."""
    from segnet.data.split import SplitRule

    group = parser.add_argument_group("split")
    for field in dataclasses.fields(SplitRule):
        add_field(group, field)


def say_split(origin: str, rule: str) -> None:
    """Says when another split is right, where `blocks` was taken by default.

    Args:
        origin: `Source.origin`; only a user's own data is spoken of.
        rule: The split rule in words.
    """
    from segnet.data.find import reader_of

    reader = reader_of(origin)
    if reader and not reader.published and rule.startswith("blocks"):
        say(
            "the frames of each folder are taken for one video, with a gap at each "
            "cut; for unrelated photographs: --split random leaves none out; for "
            "several videos in a folder: --drive PATTERN finds them in the names"
        )


def split_of(arguments: argparse.Namespace) -> "SplitRule | None":
    """Returns the `SplitRule` that flags ask for, None without any of them."""
    from segnet.data.split import SplitRule

    names = [field.name for field in dataclasses.fields(SplitRule)]
    given = {name: getattr(arguments, name) for name in names}
    given = {name: value for name, value in given.items() if value is not None}
    return SplitRule(**given) if given else None
