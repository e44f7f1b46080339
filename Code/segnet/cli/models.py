"""The verb `models`: lists the networks and the shipped weights."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.cli.common import Verbs, add_verb, say

if TYPE_CHECKING:
    import keras

SIZE, CLASSES = (125, 414), 14


def add_models(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "models",
        _models,
        "list the networks and the shipped weights; with --measure also parameters, "
        "MACs, receptive field and file size",
        "  segnet models\n"
        "  segnet models --measure --input-shape 360 480 --num-classes 11",
    )
    parser.add_argument(
        "--measure", action="store_true", help="build the networks and measure them"
    )
    measured = parser.add_argument_group("what is measured; each implies --measure")
    measured.add_argument(
        "--input-shape",
        type=int,
        nargs=2,
        metavar=("H", "W"),
        help=f"default {SIZE[0]} {SIZE[1]}",
    )
    measured.add_argument("--num-classes", type=int, help=f"default {CLASSES}")
    measured.add_argument(
        "--out", type=Path, help="folder for a picture of each network's structure"
    )


def _models(arguments: argparse.Namespace) -> None:
    from segnet.models import NETWORKS
    from segnet.models.shipped import read_cards
    from segnet.report.tables import markdown_table
    from segnet.runs.cards import weights_table

    options = (arguments.input_shape, arguments.num_classes, arguments.out)
    if arguments.measure or any(value is not None for value in options):
        _measure(arguments)
    else:
        say(f"{markdown_table(['network', 'what it is'], NETWORKS.items(), 2)}\n")
    cards = read_cards()
    say(f"{weights_table(cards)}\n" if cards else "no weights are shipped\n")


def _measure(arguments: argparse.Namespace) -> None:
    from segnet.models import MODELS
    from segnet.models.cost import summary, summary_table

    shape = (*(arguments.input_shape or SIZE), 3)
    num_classes = arguments.num_classes or CLASSES
    networks = [
        build(input_shape=shape, num_classes=num_classes) for build in MODELS.values()
    ]
    say(summary_table(summary(networks)))
    if arguments.out:
        _draw(networks, arguments.out)


def _draw(networks: "Sequence[keras.Model]", folder: Path) -> None:
    from segnet.pictures.structure import draw_structure

    for network in networks:
        path = folder / f"structure_{network.name}.png"
        draw_structure(network, path)
        say(path)
