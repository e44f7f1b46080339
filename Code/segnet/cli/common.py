"""What the verbs of the command share."""

import argparse
import sys


def add_verb(verbs, name: str, run, summary: str, example: str):
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


def add_workers(parser) -> None:
    """Adds --workers."""
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")


def add_split(parser) -> None:
    """Adds what decides which frames train and which judge."""
    from segnet.data.split import RULES

    split = parser.add_argument_group("split")
    split.add_argument(
        "--split",
        choices=tuple(RULES),
        help="blocks: contiguous, with a gap; publisher: as its lists say (default"
        " where there are any, else blocks); random shows what leakage does",
    )
    split.add_argument("--val-share", type=float, default=0.2, help="default 0.2")
    split.add_argument("--val-world", action="append", help="for world; may repeat")
    split.add_argument("--fold", type=_fold, metavar="I/K", help="for fold: 2/5")
    split.add_argument(
        "--gap",
        type=int,
        help="views left out at each cut, for blocks and fold (default: a twentieth of"
        " the drive, 1 to 5)",
    )
    split.add_argument("--seed", type=int, default=0, help="for random")


def _fold(text: str) -> tuple[int, int]:
    fold, slash, count = text.partition("/")
    if not (slash and fold.isdecimal() and count.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no fold like 2/5")
    return int(fold), int(count)
