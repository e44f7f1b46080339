"""The verb `bench`: measures speed against the obvious alternative."""

import argparse
from pathlib import Path

from segnet.cli.checks import check_store
from segnet.cli.common import Verbs, add_verb, add_workers, on_terminal


def add_bench(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "bench",
        _bench,
        "measure speed against the obvious alternative, as ratios within one run",
        "  segnet bench prepare --frames 447\n"
        "  segnet bench train --rounds 9 --json docs/figures/training.json\n"
        "  segnet bench latency --json docs/figures/latency.json\n"
        "  segnet bench feed --batch-size 16",
    )
    parser.add_argument("what", choices=("prepare", "train", "latency", "feed"))
    parser.add_argument(
        "store",
        metavar="STORE",
        type=Path,
        nargs="?",
        help="feed: read the frames of a store.h5 instead of noise in memory",
    )
    preparing = parser.add_argument_group("prepare and feed")
    preparing.add_argument(
        "--frames", type=int, help="frames (default 447; feed: 64 of noise)"
    )
    add_workers(preparing)
    networks = parser.add_argument_group("train, latency and feed")
    networks.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("H", "W"),
        help="size of the frames (default 360 480; feed: also 125 414)",
    )
    networks.add_argument(
        "--num-classes", type=int, default=11, help="classes (default 11)"
    )
    training = parser.add_argument_group("train and feed")
    training.add_argument(
        "--batch-size", type=int, default=8, help="frames per step (default 8)"
    )
    training.add_argument(
        "--rounds", type=int, default=5, help="timed rounds (default 5)"
    )
    latency = parser.add_argument_group("latency")
    latency.add_argument(
        "--turns", type=int, default=30, help="runs of each network (default 30)"
    )
    kept = parser.add_argument_group("train and latency")
    kept.add_argument(
        "--json", type=Path, metavar="FILE", help="write the figures as JSON"
    )


def _frames(arguments: argparse.Namespace, default: int) -> int:
    count = default if arguments.frames is None else arguments.frames
    if count < 1:
        raise ValueError(f"--frames is {count}, expected 1 or more")
    return count


def _bench(arguments: argparse.Namespace) -> None:
    if arguments.what == "prepare":
        from segnet.bench.prepare import bench_prepare

        frames, workers = _frames(arguments, 447), arguments.workers
        bench_prepare(frames=frames, workers=workers, progress=on_terminal())
    elif arguments.what == "feed":
        if arguments.store:
            check_store(arguments.store, "train")

        from segnet.bench.feed import SIZES, bench_feed

        bench_feed(
            arguments.store,
            frames=_frames(arguments, 64),
            sizes=(tuple(arguments.size),) if arguments.size else SIZES,
            batch_size=arguments.batch_size,
            rounds=arguments.rounds,
            progress=on_terminal(),
        )
    elif arguments.what == "latency":
        from segnet.bench.latency import bench_latency

        bench_latency(
            size=tuple(arguments.size or (360, 480)),
            num_classes=arguments.num_classes,
            turns=arguments.turns,
            out=arguments.json,
            progress=on_terminal(),
        )
    else:
        from segnet.bench.train import bench_train

        bench_train(
            size=tuple(arguments.size or (360, 480)),
            num_classes=arguments.num_classes,
            batch_size=arguments.batch_size,
            rounds=arguments.rounds,
            out=arguments.json,
            progress=on_terminal(),
        )
