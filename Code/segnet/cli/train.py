"""The verb `train`: trains a network on a store."""

import argparse
import dataclasses
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segnet.cli.checks import check_training
from segnet.cli.common import Verbs, add_field, add_verb, say
from segnet.recipe import Recipe

if TYPE_CHECKING:
    import keras

# The fields of a recipe that --help shows first.
USUAL = (
    *("model", "epochs", "batch_size", "learning_rate", "loss", "class_weights"),
    *("crop", "init", "seed"),
)
NAMED = {"store": "store", "extra": "second store (--extra)"}
# A shorter run than its recipe's is scored on val about this often.
LOOKS = 5


def add_train(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "train",
        _train,
        "train a network on a store",
        "  segnet train Store/store.h5 --model slim --out runs/slim --epochs 20"
        " --batch-size 8\n"
        "  segnet train --out runs/slim --resume             # after Ctrl-C or a kill\n"
        "  segnet train --out runs/slim --resume --epochs 40 # longer\n"
        "  segnet train Store/store.h5 --recipe quick --out runs/quick\n"
        "  segnet train Store/store.h5 --init slim_city14 --out runs/taught"
        " --teacher runs/edgesegnet",
    )
    parser.add_argument(
        "store",
        metavar="STORE",
        type=Path,
        nargs="?",
        help="store.h5 or its folder; with --resume by default that of the run",
    )
    usual = parser.add_argument_group("usual options")
    usual.add_argument(
        "--out", required=True, type=Path, metavar="RUN", help="run folder to write"
    )
    usual.add_argument(
        "--recipe",
        metavar="NAME|FILE",
        help="a name that `segnet recipes` lists, or a recipe.json; the options here "
        "change single values of it; own: chosen for your own frames, from their "
        "number and size",
    )
    usual.add_argument(
        "--resume",
        action="store_true",
        help="go on where a stopped run was cut off, with its own recipe and store",
    )
    fields = {field.name: field for field in dataclasses.fields(Recipe)}
    for name in USUAL:
        add_field(usual, fields.pop(name))
    rest = parser.add_argument_group("other options")
    _add_others(rest)
    recipe = parser.add_argument_group("the rest of the recipe")
    for field in fields.values():
        if not field.metadata.get("hidden"):
            add_field(recipe, field)


def _add_others(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--extra",
        type=Path,
        metavar="STORE",
        help="a second store with the same classes, rendered frames beside real ones, "
        "say; its share of a batch is --extra-share",
    )
    group.add_argument(
        "--verbose",
        type=int,
        choices=(0, 1, 2),
        help="0 silent; 1 and 2 a line an epoch and, on a terminal, a bar of its steps "
        "(default)",
    )
    group.add_argument(
        "--pictures",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="draw curves.png, predictions.jpg, train_batch.jpg and classes.png into "
        "RUN (default: on)",
    )
    group.add_argument(
        "--tensorboard",
        action="store_true",
        help="also write the loss and the scores for TensorBoard, into RUN/tensorboard "
        "(needs: pip install tensorboard)",
    )
    group.add_argument(
        "--kernels",
        choices=("keras", "fast"),
        help="fast: normalisation (TensorFlow) or depthwise convolutions (JAX) by "
        "faster kernels; the same mathematics, other last bits (default keras)",
    )


def _train(arguments: argparse.Namespace) -> int:
    from segnet.recipes import with_parts

    out, begun = arguments.out, _begun(arguments)
    store = arguments.store or _place(begun, "store", out)
    if store is None:
        raise ValueError(
            f"which store? Name it before --out {out}; only a run that was begun, with "
            f"--resume, knows its own"
        )
    recipe = with_parts(_recipe(arguments, store))
    extra = arguments.extra or _place(begun, "extra", out)
    check_training(recipe, store, extra, out, arguments.resume)
    try:
        return _run(arguments, recipe, store, extra, begun.get("kernels") or "keras")
    except KeyboardInterrupt:
        say(f"\nsegnet train: {_stopped(out)}", error=True)
        return 130


def _run(
    arguments: argparse.Namespace,
    recipe: Recipe,
    store: Path,
    extra: Path | None,
    kernels: str,
) -> int:
    from segnet.evaluate.side_by_side import side_by_side
    from segnet.train import train

    verbose = "auto" if arguments.verbose is None else arguments.verbose
    run = train(
        store,
        recipe,
        arguments.out,
        resume=arguments.resume,
        verbose=verbose,
        extra=extra,
        kernels=arguments.kernels or kernels,
        pictures=arguments.pictures,
        callbacks=_tensorboard(arguments),
    )
    if verbose:
        report = run / "report.json"
        if report.is_file():
            reports = json.loads(report.read_text())
            names = (f"{name}, epoch {r['epoch']}" for name, r in reports.items())
            say(side_by_side(dict(zip(names, reports.values(), strict=True))))
        say(f"best weights: {run / 'best.keras'}")
    return 0


def _tensorboard(arguments: argparse.Namespace) -> list["keras.callbacks.Callback"]:
    """Returns the callback of Keras that writes for TensorBoard, if it is wanted."""
    if not arguments.tensorboard:
        return []
    if find_spec("tensorboard") is None:
        raise ValueError("TensorBoard is not installed: pip install tensorboard")
    import keras

    from segnet.runs.folder import TENSORBOARD

    folder = arguments.out / TENSORBOARD
    return [keras.callbacks.TensorBoard(folder, write_graph=False)]


def _begun(arguments: argparse.Namespace) -> dict[str, Any]:
    """Returns the record of the run to resume, empty for a new one."""
    from segnet.runs.record import read_record

    return read_record(arguments.out) if arguments.resume else {}


def _place(record: dict[str, Any], name: str, out: Path) -> Path | None:
    """Returns the path of a store of the run to resume, None where none is known."""
    from segnet.runs.command import path_of_place

    if not record.get(name):
        return None
    path = path_of_place(record[name], out)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: the {NAMED[name]} of {out} is not there any more; name it again"
        )
    return path


def _recipe(arguments: argparse.Namespace, store: Path) -> Recipe:
    """Returns the recipe that the options name and change."""
    from segnet.recipes import OWN, own_recipe
    from segnet.runs import folder as run_folder

    values = {
        field.name: getattr(arguments, field.name)
        for field in dataclasses.fields(Recipe)
        if getattr(arguments, field.name, None) is not None
    }
    if arguments.recipe == OWN:
        from segnet.data.store import open_store

        with open_store(store) as found:
            train = found["train"]
            return own_recipe(len(train), train.size, **values)
    if arguments.recipe:
        base = _named(arguments.recipe)
    elif arguments.resume and (arguments.out / run_folder.RECIPE).is_file():
        return dataclasses.replace(run_folder.read_recipe(arguments.out), **values)
    else:
        base = Recipe()
    epochs = values.get("epochs", base.epochs)
    if epochs < base.epochs and "validate_every" not in values:
        values["validate_every"] = min(base.validate_every, max(1, epochs // LOOKS))
    return dataclasses.replace(base, **values)


def _named(name: str) -> Recipe:
    from segnet.recipes import OWN, RECIPES
    from segnet.runs import folder as run_folder

    if name in RECIPES:
        return RECIPES[name]
    path = Path(name)
    if path.is_dir():
        return run_folder.read_recipe(path)
    try:
        return Recipe.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"no recipe {name!r}: neither a file nor one of "
            f"{', '.join(sorted([OWN, *RECIPES]))}"
        ) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _stopped(out: Path) -> str:
    """Returns how far a stopped run got, and the command that goes on with it."""
    from segnet.runs import folder as run_folder
    from segnet.runs.command import resume_command
    from segnet.runs.state import read_progress

    try:
        recipe = run_folder.read_recipe(out)
    except (OSError, ValueError):
        return "stopped before the run began; the same command begins it"
    try:
        done = len(read_progress(out / run_folder.STATE).rows)
    except (OSError, ValueError):
        done = 0
    return (
        f"stopped after epoch {done} of {recipe.epochs}; go on with: "
        f"{resume_command(out)}"
    )
