"""The verb `compare`: is one network better than another, or is that noise?"""

import argparse
from pathlib import Path

from segnet.cli.checks import check_models, check_store
from segnet.cli.common import Verbs, add_verb, on_terminal, say


def add_compare(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "compare",
        _compare,
        "say whether networks differ by more than noise, on the same frames",
        "  segnet evaluate runs/a Store/store.h5 --out runs/a/val\n"
        "  segnet evaluate runs/b Store/store.h5 --out runs/b/val\n"
        "  segnet compare runs/a/val runs/b/val --out compared\n"
        "  segnet compare runs/a runs/b --store Store/store.h5 --out compared\n\n"
        "Reports of one recipe that differ in the seed alone are gathered as one row;\n"
        "the first row is what the others are compared with.",
    )
    parser.add_argument(
        "reports",
        metavar="REPORT",
        nargs="+",
        help="folders that `segnet evaluate --out` wrote; with --store, models",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for compare.html, .json, .md, .tex and .csv (default: only print)",
    )
    parser.add_argument(
        "--store",
        type=Path,
        help="evaluate the models on this store first, into DIR/<number>_<network>",
    )
    parser.add_argument("--split", default="val", help="of the store (default val)")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the bootstrap (default 0)"
    )


def _compare(arguments: argparse.Namespace) -> None:
    from segnet.compare.comparing import compare
    from segnet.compare.tables import text
    from segnet.compare.writing import write

    folders = arguments.reports
    if arguments.store:
        folders = _evaluated(arguments)
    outcome = compare(folders, arguments.seed)
    say(text(outcome))
    if arguments.out:
        for path in write(outcome, arguments.out):
            say(path)


def _evaluated(arguments: argparse.Namespace) -> list[Path]:
    """Evaluates the models, one after the other, and returns their report folders."""
    if not arguments.out:
        raise ValueError("--store needs --out, a folder for the reports of the models")
    check_models(arguments.reports)
    check_store(arguments.store, arguments.split)
    from segnet.evaluate import evaluate

    folders = []
    for number, model in enumerate(arguments.reports, 1):
        folder = arguments.out / f"{number}_{Path(model).stem}"
        evaluate(
            model,
            arguments.store,
            split=arguments.split,
            out=folder,
            progress=on_terminal(),
        )
        folders.append(folder)
    return folders
