"""The verb `models`: compares the networks and lists the shipped weights."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segnet.cli.common import Verbs, add_verb, say

if TYPE_CHECKING:
    import keras


def add_models(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "models",
        _models,
        "compare the networks: parameters, MACs, receptive field, file size; and list "
        "the shipped weights",
        "  segnet models --input-shape 125 414 --num-classes 14 --out docs/pictures",
    )
    parser.add_argument(
        "--input-shape", type=int, nargs=2, default=(125, 414), metavar=("H", "W")
    )
    parser.add_argument("--num-classes", type=int, default=14)
    parser.add_argument(
        "--out", type=Path, help="folder for a picture of each network's structure"
    )


def _models(arguments: argparse.Namespace) -> None:
    from segnet.models import MODELS
    from segnet.models.cost import summary, summary_table
    from segnet.models.shipped import read_cards
    from segnet.runs.cards import weights_table

    shape = (*arguments.input_shape, 3)
    networks = [
        build(input_shape=shape, num_classes=arguments.num_classes)
        for build in MODELS.values()
    ]
    say(summary_table(summary(networks)))
    cards = read_cards()
    say(f"{weights_table(cards)}\n" if cards else "no weights are shipped\n")
    if arguments.out:
        _draw(networks, arguments.out)


def _draw(networks: "Sequence[keras.Model]", folder: Path) -> None:
    from segnet.pictures.structure import draw_structure

    for network in networks:
        path = folder / f"structure_{network.name}.png"
        draw_structure(network, path)
        say(path)
