"""The verb `bench`: measures speed against the obvious alternative."""

import argparse
from pathlib import Path

from segnet.cli.checks import check_models, check_store
from segnet.cli.common import Verbs, add_verb, add_workers, on_terminal, say
from segnet.runtimes.formats import format_of


def add_bench(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "bench",
        _bench,
        "measure speed against the obvious alternative, as ratios within one run",
        "  segnet bench prepare --frames 447\n"
        "  segnet bench train --rounds 9 --json docs/figures/training.json\n"
        "  segnet bench latency --json docs/figures/latency.json\n"
        "  segnet bench latency slim_camvid11 mine.tflite --onnx other.onnx\n"
        "  segnet bench feed --batch-size 16",
    )
    parser.add_argument("what", choices=("prepare", "train", "latency", "feed"))
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="feed: a store.h5, read instead of noise in memory; latency: trained "
        "networks and exported files, in every runtime that is installed, beside "
        "fast_scnn (default: all networks, untrained, in ONNX Runtime)",
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
    _add_files(parser.add_argument_group("latency of networks and files by name"))
    kept = parser.add_argument_group("train and latency")
    kept.add_argument(
        "--json", type=Path, metavar="FILE", help="write the figures as JSON"
    )


def _add_files(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--onnx",
        action="append",
        default=[],
        metavar="FILE",
        help="anybody's ONNX file with one image in; may repeat",
    )
    group.add_argument(
        "--formats", nargs="+", metavar="FORMAT", help="only these (default: all)"
    )
    group.add_argument("--threads", type=int, default=1, help="of one run (default 1)")
    group.add_argument(
        "--miou",
        action="append",
        default=[],
        metavar="NAME=PERCENT",
        help="a score for the chart where the file does not say it; may repeat",
    )
    group.add_argument(
        "--picture", type=Path, metavar="FILE", help="chart of mIoU against latency"
    )


def _mious(texts: list[str]) -> dict[str, float]:
    """Returns name -> mIoU, 0 to 1, of texts NAME=PERCENT."""
    found = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            found[name] = float(number) / 100
        except ValueError:
            equals = ""
        if not (name and equals):
            raise ValueError(f"--miou {text}: expected NAME=PERCENT, as slim.onnx=58.7")
    return found


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
        store = _one_store(arguments.names)

        from segnet.bench.feed import SIZES, bench_feed

        bench_feed(
            store,
            frames=_frames(arguments, 64),
            sizes=(tuple(arguments.size),) if arguments.size else SIZES,
            batch_size=arguments.batch_size,
            rounds=arguments.rounds,
            progress=on_terminal(),
        )
    elif arguments.what == "latency" and (arguments.names or arguments.onnx):
        _bench_files(arguments)
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


def _one_store(names: list[str]) -> Path | None:
    """Returns the store of `feed`, None for noise."""
    if len(names) > 1:
        raise ValueError(f"feed takes one store, not {', '.join(names)}")
    if not names:
        return None
    check_store(Path(names[0]), "train")
    return Path(names[0])


def _bench_files(arguments: argparse.Namespace) -> None:
    mious = _mious(arguments.miou)
    names = (*arguments.names, *arguments.onnx)
    check_models(name for name in names if format_of(name) is None)

    from segnet.bench.files import bench_files

    bench_files(
        names,
        size=tuple(arguments.size) if arguments.size else None,
        threads=arguments.threads,
        turns=arguments.turns,
        mious={Path(name).name: miou for name, miou in mious.items()},
        formats=arguments.formats,
        out=arguments.json,
        picture=arguments.picture,
        progress=on_terminal(),
        say=say,
    )
