"""The verb `predict`: shows what a trained network sees in images and videos."""

import argparse
import logging
import sys
import warnings
from pathlib import Path

from segnet.cli.checks import check_models
from segnet.cli.common import Verbs, add_verb, on_terminal, say
from segnet.system.text import shown


def add_predict(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "predict",
        _predict,
        "show what a trained network sees in images and videos",
        "  segnet predict slim_camvid11 photo.jpg drive.mp4 --out seen",
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a run folder, a .keras or .npz file, an exported .onnx, .tflite or .xml "
        "file or SavedModel, or a name that `segnet models` lists",
    )
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="an image, a video, a folder with its sub-folders, a pattern such as "
        "'drive/*.png', or the number of a camera, which Ctrl-C ends",
    )
    usual = parser.add_argument_group("usual options")
    usual.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="SEEN",
        help="folder for NAME.png (class ids with colours) of each image and NAME.mp4 "
        "of each video",
    )
    usual.add_argument(
        "--overlay",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also NAME.overlay.jpg, the photograph under the colours (default); "
        "without, videos show the colours alone",
    )
    usual.add_argument(
        "--confidence",
        action="store_true",
        help="also NAME.confidence.png or .mp4: the largest probability, 255 for 1",
    )
    usual.add_argument(
        "--json",
        action="store_true",
        help="also NAME.json: each class's share of the pixels",
    )
    _add_others(parser.add_argument_group("other options"))


def _add_others(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("H", "W"),
        help="what the network sees (default: as many pixels as in its training, with "
        "the aspect of the photograph)",
    )
    group.add_argument(
        "--classes",
        metavar="MAP",
        help="a class map by file or name, where the model does not name its classes",
    )
    group.add_argument("--batch-size", type=int, default=4, help="default 4")


def _predict(arguments: argparse.Namespace) -> int:
    check_models([arguments.model])

    from segnet.predict.predicting import predict_files
    from segnet.predict.writing import Wanted

    # Pillow speaks of sizes that are no trouble here, of metadata, and of damage that
    # is named by the file.
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    summary = predict_files(
        arguments.model,
        arguments.sources,
        arguments.out,
        Wanted(arguments.overlay, arguments.confidence, arguments.json),
        size=tuple(arguments.size) if arguments.size else None,
        classes=arguments.classes,
        batch_size=arguments.batch_size,
        progress=on_terminal(),
        say=_say_above_bars,
    )
    say(summary.text())
    say(f"results in {arguments.out}")
    return 1 if summary.left_out else 0


def _say_above_bars(line: str) -> None:
    from tqdm.auto import tqdm

    tqdm.write(shown(line), file=sys.stderr)
