"""The verb `export`: writes a network as a file for another runtime."""

import argparse
import sys
from pathlib import Path

from segnet.cli.checks import check_models, check_store
from segnet.cli.common import Verbs, add_verb, on_terminal, say

WEB = "web"
FORMATS = ("onnx", "litert", "openvino", "saved_model", WEB)
OUTPUTS = ("classes,confidence", "logits")


def add_export(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "export",
        _export,
        "write a trained network as a file for another runtime, proven on frames",
        "  segnet export slim_camvid11 --format onnx --out slim.onnx\n"
        "  segnet export runs/slim --format litert --int8 --calibrate Store/store.h5"
        " --out slim.tflite\n"
        "  segnet export slim_camvid11 --format web --out page && "
        "python -m http.server --directory page",
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a run folder, a .keras file, a last.npz, or shipped weights that `segnet "
        "models` lists",
    )
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help=".onnx, .tflite or .xml; a folder for saved_model and web; FILE.json "
        "holds the report, but not that of web",
    )
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("H", "W"),
        help="of the images (default: those of the training)",
    )
    _add_numbers(parser)
    parser.add_argument(
        "--check",
        type=Path,
        metavar="STORE",
        help="its val frames prove the file (default: those of --calibrate, else "
        "rendered ones)",
    )
    parser.add_argument(
        "--outputs",
        choices=OUTPUTS,
        default=OUTPUTS[0],
        help=f"default {OUTPUTS[0]}",
    )
    parser.add_argument(
        "--batch", type=int, default=1, metavar="N", help="images at a time (default 1)"
    )
    parser.add_argument(
        "--classes",
        metavar="MAP",
        help="a class map by file or name, where the model does not name its classes",
    )
    _add_web(parser)


def _add_web(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--onnxruntime-web",
        type=Path,
        metavar="PACKAGE",
        help="for web: the npm package, unpacked or .tgz (default: npm downloads it)",
    )


def _add_numbers(parser: argparse.ArgumentParser) -> None:
    numbers = parser.add_mutually_exclusive_group()
    numbers.add_argument(
        "--int8", action="store_true", help="8-bit integers; needs --calibrate"
    )
    numbers.add_argument(
        "--float16", action="store_true", help="weights in float16, half the size"
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="STORE",
        help="its train frames find the ranges of int8",
    )
    parser.add_argument(
        "--reduce-range",
        action=argparse.BooleanOptionalAction,
        help="7-bit weights for int8 in ONNX and OpenVINO (default: where this "
        "processor lacks VNNI)",
    )


def _export(arguments: argparse.Namespace) -> int:
    check_models([arguments.model])
    for store in filter(None, [arguments.check, arguments.calibrate]):
        check_store(store)

    from segnet.export import UnprovenExportError, export
    from segnet.export.web import export_web

    precision = "int8" if arguments.int8 else "float32"
    if arguments.float16:
        precision = "float16"
    show = on_terminal()
    options = {
        "size": tuple(arguments.size) if arguments.size else None,
        "precision": precision,
        "outputs": arguments.outputs,
        "batch_size": arguments.batch,
        "calibrate": arguments.calibrate,
        "check": arguments.check,
        "classes": arguments.classes,
        "reduce_range": arguments.reduce_range,
        "progress": lambda step: show and print(step, file=sys.stderr),
    }
    model, out, package = arguments.model, arguments.out, arguments.onnxruntime_web
    try:
        if arguments.format == WEB:
            report = export_web(model, out, package, **options)
        elif package is not None:
            raise ValueError("--onnxruntime-web is for --format web alone")
        else:
            report = export(model, out, arguments.format, **options)
    except UnprovenExportError as error:
        say(error.report.text())
        say(f"{out}: not written", error=True)
        return 1
    say(report.text())
    if arguments.format == WEB:
        say(f"look at it with: python -m http.server --directory {out}")
    return 0
