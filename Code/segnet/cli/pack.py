"""The verb `pack`: makes small files of the weights of a run, to hand on."""

import argparse
from pathlib import Path

from segnet.cli.common import Verbs, add_verb, say


def add_pack(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "pack",
        _pack,
        "turn a finished run into a small file of weights with a card",
        "  segnet pack runs/slim my_slim\n"
        "  segnet evaluate weights/my_slim.npz Store\n\n"
        "The files go together: my_slim.npz and its card, my_slim.json and .md. A file "
        "NOTES may\nadd to the card what the run folder does not know:\n"
        '  {"data": "CamVid, 367 frames", "licence": "research use",\n'
        '   "hardware": "2 CPU cores", "limits": ["poles are weak"]}',
    )
    parser.add_argument("trained", metavar="RUN", type=Path, help="a run folder")
    parser.add_argument("name", metavar="NAME", help="for example my_slim")
    parser.add_argument("--card", type=Path, metavar="NOTES", help="JSON, see below")
    parser.add_argument(
        "--report",
        default=[],
        action="append",
        type=Path,
        metavar="REPORT",
        help="report.json of `segnet evaluate --out`; repeat for each split (default: "
        "that of the run)",
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
        "--folder", type=Path, help="folder of the files (default: weights)"
    )


def _pack(arguments: argparse.Namespace) -> None:
    from segnet.models.shipped import check_name
    from segnet.runs import folder as run_folder

    # Before Keras is imported, which takes seconds.
    check_name(arguments.name)
    run_folder.read_recipe(arguments.trained)

    from segnet.runs.packing import FOLDER, pack

    card = pack(
        arguments.trained,
        arguments.name,
        reports=arguments.report,
        notes=arguments.card,
        weights=arguments.weights,
        without_val=arguments.without_val,
        folder=arguments.folder or FOLDER,
    )
    weights = card.with_suffix(".npz")
    say(f"{weights}: {weights.stat().st_size} B")
    say(f"card: {card.with_suffix('.md')}")
    say(f"every verb takes it where a model is: segnet predict {weights} photo.jpg ...")
