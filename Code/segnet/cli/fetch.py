"""The verb `fetch`: downloads a published dataset."""

import argparse
from pathlib import Path

from segnet.cli.common import Verbs, add_verb, on_terminal, say


def add_fetch(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "fetch",
        _fetch,
        "download a published dataset or a part of it",
        "  segnet fetch vkitti1 Data --world 0001 --variation sunset --dry-run\n"
        "  segnet fetch vkitti1 Data --world 0001 --variation sunset",
    )
    parser.add_argument("name", metavar="NAME", help="vkitti1, vkitti2, kitti, camvid")
    parser.add_argument("data", metavar="DATA", type=Path, help="target folder")
    parser.add_argument(
        "--world", action="append", help="fetch only this world; may be repeated"
    )
    parser.add_argument(
        "--variation",
        action="append",
        help="fetch only this variation; may be repeated",
    )
    parser.add_argument(
        "--base-url", help="mirror that keeps the publisher's file names"
    )
    parser.add_argument(
        "--connections", type=int, default=4, help="simultaneous requests (default 4)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only report bytes, frames and requests"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="compare the sha256 of files that are present; fetch changed ones again",
    )


def _fetch(arguments: argparse.Namespace) -> None:
    from segnet.fetch import fetch

    summary = fetch(
        arguments.name,
        arguments.data,
        worlds=arguments.world,
        variations=arguments.variation,
        base_url=arguments.base_url,
        connections=arguments.connections,
        dry_run=arguments.dry_run,
        verify=arguments.verify,
        progress=on_terminal(),
    )
    say(summary)
