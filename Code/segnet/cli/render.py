"""The verb `render`: renders a drive through a small town."""

import argparse
from pathlib import Path

from segnet.cli.common import Verbs, add_verb, add_workers, on_terminal, say


def add_render(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "render",
        _render,
        "render a drive through a small town as a Virtual KITTI 1.3.1 tree",
        "  segnet render Data --world 0001 --variation clone --variation fog"
        " --frames 64 --seed 0",
    )
    parser.add_argument("data", metavar="DATA", type=Path, help="folder to write")
    parser.add_argument(
        "--world",
        default="0001",
        help="a town like one of Virtual KITTI's: 0001 (default), 0002, 0006, 0018, "
        "0020; or city streets: city1 to city3, winter1 to winter3, and high1 to high3 "
        "with shops",
    )
    parser.add_argument(
        "--variation",
        action="append",
        help="clone (default), fog, morning, overcast, rain, sunset,"
        " 15-deg-left ... 30-deg-right; may be repeated",
    )
    parser.add_argument(
        "--frames", type=int, default=64, help="length of the drive (default 64)"
    )
    parser.add_argument(
        "--every", type=int, default=1, help="only every N-th frame", metavar="N"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="each seed builds a different town (default 0)",
    )
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(375, 1242),
        metavar=("H", "W"),
        help="height and width in pixels (default 375 1242)",
    )
    parser.add_argument(
        "--focal",
        type=float,
        metavar="PIXELS",
        help="focal length of the camera; a longer one narrows the view (default: 81 "
        "degrees wide)",
    )
    add_workers(parser)


def _render(arguments: argparse.Namespace) -> None:
    from segnet.scenes import render

    render(
        arguments.data,
        world=arguments.world,
        variations=tuple(arguments.variation or ["clone"]),
        frames=arguments.frames,
        seed=arguments.seed,
        workers=arguments.workers,
        progress=on_terminal(),
        every=arguments.every,
        size=tuple(arguments.size),
        focal=arguments.focal,
    )
    count = len(range(0, arguments.frames, arguments.every))
    say(f"rendered {count} frames per variation into {arguments.data}")
