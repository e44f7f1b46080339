"""The verb `check`: looks for faults in a dataset or a store."""

import argparse
from pathlib import Path

from segnet.cli.common import (
    Verbs,
    add_masks,
    add_reader_options,
    add_size,
    add_split,
    add_verb,
    add_workers,
    on_terminal,
    reader_options,
    say,
    split_of,
)


def add_check(verbs: Verbs) -> None:
    from segnet.data import READERS

    parser = add_verb(
        verbs,
        "check",
        _check,
        "look for damaged files, unknown colours and leaking splits",
        "  segnet check vkitti1 Data --out Check     # a dataset\n"
        "  segnet check folder Images Masks --classes map.json\n"
        "  segnet check Store/store.h5 --out Check   # a store",
    )
    sources = ", ".join(READERS)
    parser.add_argument(
        "source", metavar="SOURCE", help=f"a store.h5, or one of {sources}"
    )
    parser.add_argument(
        "data", metavar="DATA", nargs="?", type=Path, help="folder of the dataset"
    )
    add_masks(parser)
    parser.add_argument("--out", type=Path, help="folder for the report, check.html")
    add_reader_options(parser)
    add_split(parser)
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 on any warning, such as leaking frames or rare classes",
    )
    add_size(parser)
    add_workers(parser)


def _check(arguments: argparse.Namespace) -> int:
    from segnet.check import check, summary

    findings = check(
        arguments.source,
        arguments.data,
        arguments.out,
        split=split_of(arguments),
        size=arguments.size,
        workers=arguments.workers,
        **reader_options(arguments),
        progress=on_terminal(),
    )
    say(summary(findings))
    if arguments.out:
        say(f"report: {arguments.out / 'check.html'}")
    return findings.strict_status if arguments.strict else findings.status
