"""The verb `check`: looks for what is wrong with a dataset or a store."""

from pathlib import Path

from segnet.cli.common import (
    add_split,
    add_verb,
    add_workers,
    on_terminal,
    say,
    split_of,
)


def add_check(verbs) -> None:
    parser = add_verb(
        verbs,
        "check",
        _check,
        "look for damaged files, unknown colours and leaking splits",
        "  segnet check vkitti1 Data --out Check     # a dataset\n"
        "  segnet check folder Images Masks --classes map.json\n"
        "  segnet check Store/store.h5 --out Check   # a store",
    )
    parser.add_argument("source", metavar="SOURCE", help="store.h5 or a dataset")
    parser.add_argument(
        "data", metavar="DATA", nargs="?", type=Path, help="folder of the dataset"
    )
    parser.add_argument(
        "masks", nargs="?", type=Path, help="only for folder: the label images"
    )
    parser.add_argument("--out", type=Path, help="folder for the report, check.html")
    parser.add_argument(
        "--classes",
        help="a mapping such as vkitti-to-cityscapes; for folder: its class map, .json",
    )
    parser.add_argument("--world", action="append", help="only this world; may repeat")
    parser.add_argument(
        "--variation", action="append", help="only this variation; may repeat"
    )
    parser.add_argument("--camera", action="append", help="only this one; may repeat")
    add_split(parser)
    add_workers(parser)


def _check(arguments) -> int:
    from segnet.check import check, summary

    findings = check(
        arguments.source,
        arguments.data,
        arguments.out,
        split=split_of(arguments),
        workers=arguments.workers,
        masks=arguments.masks,
        classes=arguments.classes,
        worlds=arguments.world,
        variations=arguments.variation,
        cameras=arguments.camera,
        progress=on_terminal(),
    )
    say(summary(findings))
    if arguments.out:
        say(f"report: {arguments.out / 'check.html'}")
    return findings.status
