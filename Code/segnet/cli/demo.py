"""The verb `demo`: shows networks on a page of this machine."""

import argparse
import logging
import signal
import warnings

from segnet.cli.common import Verbs, add_verb, say


def add_demo(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "demo",
        _demo,
        "drop photographs on a page of this machine and see what networks make of them",
        "  segnet demo\n  segnet demo slim.onnx slim.tflite runs/mine",
    )
    parser.add_argument(
        "models",
        metavar="MODEL",
        nargs="*",
        help="an exported file, a run folder, a .keras file or shipped weights, listed "
        "before the shipped ones",
    )
    parser.add_argument(
        "--port", type=int, default=7860, help="default 7860; 0: any that is free"
    )


def _demo(arguments: argparse.Namespace) -> None:
    from segnet.demo.serving import serve

    # What Pillow says of damage is on the page.
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    # Uploaded pictures are removed then as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    serve(arguments.models, arguments.port, say)
