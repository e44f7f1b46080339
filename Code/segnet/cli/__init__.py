"""The `segnet` command: one file for each verb, which calls one function of segnet.

Heavy modules are imported inside the verb that needs them, so `--help` answers at
once, and `render` or `prepare` never wait for a deep-learning framework.
"""

import argparse
import sys
from collections.abc import Sequence

from segnet import __version__
from segnet.cli.bench import add_bench
from segnet.cli.check import add_check
from segnet.cli.classes import add_classes
from segnet.cli.common import print_any_character, say
from segnet.cli.compare import add_compare
from segnet.cli.demo import add_demo
from segnet.cli.evaluate import add_evaluate
from segnet.cli.export import add_export
from segnet.cli.fetch import add_fetch
from segnet.cli.models import add_models
from segnet.cli.pack import add_pack
from segnet.cli.predict import add_predict
from segnet.cli.prepare import add_prepare
from segnet.cli.recipes import add_recipes
from segnet.cli.render import add_render
from segnet.cli.runs import add_runs
from segnet.cli.train import add_train

EPILOG = """\
a first run, from nothing to a table of scores:
  segnet render Data --world 0001 --frames 96
  segnet prepare vkitti1 Data Store --scale 3
  segnet train Store/store.h5 --model slim --out runs/slim --epochs 20
  segnet evaluate runs/slim/best.keras Store/store.h5 --split val --out runs/slim/val
"""
BACKENDS = ("tensorflow", "jax", "torch")
ADD_VERBS = (
    add_fetch,
    add_render,
    add_classes,
    add_check,
    add_prepare,
    add_train,
    add_recipes,
    add_evaluate,
    add_compare,
    add_predict,
    add_export,
    add_demo,
    add_runs,
    add_pack,
    add_models,
    add_bench,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and returns the exit status.

    0 is done, 1 that `check` found or `predict` left out something, 2 bad input, 130
    stopped by the user.
    """
    print_any_character()
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments) or 0
    except ModuleNotFoundError as error:
        if error.name not in BACKENDS:
            raise
        say(f"segnet {arguments.verb}: {_missing_backend(error)}", error=True)
        return 2
    except (ValueError, OSError) as error:
        text = _wrong_layout() or _in_words(error)
        say(f"segnet {arguments.verb}: {text}", error=True)
        return 2
    except KeyboardInterrupt as error:
        text = "; ".join(["stopped", *_notes(error)])
        say(f"\nsegnet {arguments.verb}: {text}", error=True)
        return 130


def _missing_backend(error: ModuleNotFoundError) -> str:
    return (
        f"Keras is set to compute with {error.name}, which is not installed: install "
        f"it, or choose another with KERAS_BACKEND ({', '.join(BACKENDS)})"
    )


def _wrong_layout() -> str:
    """Returns that Keras is set to channels first, under which no network works."""
    keras = sys.modules.get("keras")
    if keras is None or keras.config.image_data_format() == "channels_last":
        return ""
    return (
        "Keras is set to channels_first, and the networks of segnet have their "
        'channels last: write "image_data_format": "channels_last" into the keras.json '
        "in your folder .keras"
    )


def _in_words(error: ValueError | OSError) -> str:
    """Returns the error in words; those of the system do not mention folders."""
    if isinstance(error, FileExistsError | NotADirectoryError) and error.filename:
        return f"{error.filename}: a file is where a folder should be; name another"
    return "; ".join([str(error), *_notes(error)])


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segnet",
        description="Train and evaluate slim networks for road-scene segmentation.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for add in ADD_VERBS:
        add(verbs)
    return parser
