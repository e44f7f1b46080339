"""What the verbs of the command share."""

import argparse


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


def add_workers(parser) -> None:
    """Adds --workers."""
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
