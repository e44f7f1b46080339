"""The verb `evaluate`: scores a network on a split of a store."""

import argparse
from pathlib import Path

from segnet.cli.common import Verbs, add_verb, on_terminal, say


def add_evaluate(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "evaluate",
        _evaluate,
        "score a trained network on a split of a store",
        "  segnet evaluate runs/slim/best.keras Store/store.h5 --split val"
        " --out runs/slim/val",
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="a run folder, a .keras file, the last.npz of a run for its last weights, "
        "or a name that `segnet models` lists",
    )
    parser.add_argument("store", metavar="STORE", type=Path, help="store.h5")
    parser.add_argument("--split", default="val", help="train, val (default) or test")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="REPORT",
        help="folder for report.json and the pictures (default: only print)",
    )
    parser.add_argument(
        "--classes",
        metavar="MAPPING",
        help="score in the classes of a mapping, such as vkitti-to-cityscapes",
    )
    parser.add_argument("--batch-size", type=int, default=4, help="default 4")
    parser.add_argument(
        "--flip", action="store_true", help="average over the frame and its mirror"
    )
    parser.add_argument(
        "--scales",
        type=float,
        nargs="+",
        default=[1.0],
        help="average over these scales, such as 0.75 1 1.25 (default 1)",
    )


def _evaluate(arguments: argparse.Namespace) -> None:
    from segnet.evaluate import UnwrittenReport, evaluate, table
    from segnet.runs.loading import trained_on_val

    try:
        report = evaluate(
            arguments.model,
            arguments.store,
            split=arguments.split,
            out=arguments.out,
            mapping=arguments.classes,
            batch_size=arguments.batch_size,
            progress=on_terminal(),
            flip=arguments.flip,
            scales=arguments.scales,
        )
    except UnwrittenReport as error:
        say(table(error.report))
        raise
    say(table(report))
    if arguments.split == "val" and trained_on_val(arguments.model, report["source"]):
        say(
            f"{arguments.model} was trained on val as well: "
            f"these scores say nothing about other frames"
        )
    if arguments.out:
        say(f"report and pictures in {arguments.out}")
