"""The verb `pack`: makes the weights of a run loadable by name."""

import argparse
from pathlib import Path

from segnet.cli.common import Verbs, add_verb, say


def add_pack(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "pack",
        _pack,
        "turn a finished run into weights that load by name, with a card",
        "  segnet pack runs/slim slim_camvid11 --card notes.json"
        " --report runs/slim/val/report.json\n"
        "  segnet evaluate slim_camvid11 Store/store.h5\n\n"
        "notes.json holds facts that the run folder lacks:\n"
        '  {"data": "CamVid, 367 frames", "licence": "research use",\n'
        '   "hardware": "2 CPU cores", "commands": ["segnet train ..."],\n'
        '   "limits": ["poles are weak"]}',
    )
    parser.add_argument("trained", metavar="RUN", type=Path, help="a run folder")
    parser.add_argument("name", metavar="NAME", help="for example slim_camvid11")
    parser.add_argument(
        "--card", required=True, type=Path, metavar="NOTES", help="JSON file, see below"
    )
    parser.add_argument(
        "--report",
        default=[],
        action="append",
        type=Path,
        metavar="REPORT",
        help="report.json of `segnet evaluate --out`; repeat for each split",
    )
    parser.add_argument(
        "--without-val",
        default=[],
        action="append",
        type=Path,
        metavar="REPORT",
        help="for weights also trained on val: report of a run without val; repeat for "
        "each seed, and the card shows mean and spread",
    )
    parser.add_argument(
        "--weights",
        choices=("best", "last"),
        default="best",
        help="best.keras (default), or the averaged weights after the last epoch",
    )
    parser.add_argument(
        "--folder", type=Path, help="folder of the index (default: in the package)"
    )


def _pack(arguments: argparse.Namespace) -> None:
    from segnet.models.shipped import FOLDER
    from segnet.runs.packing import pack

    card = pack(
        arguments.trained,
        arguments.name,
        reports=arguments.report,
        notes=arguments.card,
        weights=arguments.weights,
        without_val=arguments.without_val,
        folder=arguments.folder or FOLDER,
    )
    say(f"{card.with_suffix('.npz')}: {card.with_suffix('.npz').stat().st_size} B")
    say(f"card: {card.with_suffix('.md')}")
