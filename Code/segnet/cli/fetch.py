"""The verb `fetch`: downloads a public dataset."""

import functools
from pathlib import Path

from segnet.cli.common import add_verb


def add_fetch(verbs) -> None:
    parser = add_verb(
        verbs,
        "fetch",
        _fetch,
        "download a public set, only the part that is wanted",
        "  segnet fetch vkitti1 Data --world 0001 --variation sunset --dry-run\n"
        "  segnet fetch vkitti1 Data --world 0001 --variation sunset",
    )
    parser.add_argument("name", metavar="SET", help="vkitti1, vkitti2, kitti, camvid")
    parser.add_argument("data", metavar="DATA", type=Path, help="folder to write")
    parser.add_argument("--world", action="append", help="only this one; may repeat")
    parser.add_argument(
        "--variation", action="append", help="only this one; may repeat"
    )
    parser.add_argument("--base-url", help="a mirror with the publisher's file names")
    parser.add_argument(
        "--connections", type=int, default=4, help="at a time (default 4)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only tell bytes, frames and requests"
    )
    parser.add_argument(
        "--verify", action="store_true", help="read back what is there already"
    )


def _fetch(arguments) -> None:
    from tqdm.auto import tqdm

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
        bar=functools.partial(tqdm, unit_scale=True),
    )
    print(summary)
