"""The verb `evaluate`: scores networks on a split of a store."""

import argparse
from pathlib import Path

from segnet.cli.checks import check_models, check_store
from segnet.cli.common import Verbs, add_verb, on_terminal, say


def add_evaluate(verbs: Verbs) -> None:
    parser = add_verb(
        verbs,
        "evaluate",
        _evaluate,
        "score trained networks on a split of a store",
        "  segnet evaluate runs/slim Store --split val --out runs/slim/val\n"
        "  segnet evaluate runs/slim runs/edgesegnet Store --out reports   # one table",
    )
    parser.add_argument(
        "models",
        metavar="MODEL",
        nargs="+",
        help="a run folder, a .keras file, the last.npz of a run for its last weights, "
        "a .npz of `segnet pack`, an exported .onnx, .tflite or .xml file or "
        "SavedModel, or a name that `segnet models` lists",
    )
    parser.add_argument(
        "store", metavar="STORE", type=Path, help="store.h5 or its folder"
    )
    usual = parser.add_argument_group("usual options")
    usual.add_argument("--split", default="val", help="train, val (default) or test")
    usual.add_argument(
        "--out",
        type=Path,
        metavar="REPORT",
        help="folder for the report and its pictures (default: only print); of several "
        "models each gets a folder below it",
    )
    usual.add_argument(
        "--classes",
        metavar="MAPPING",
        help="score in the classes of a mapping, such as vkitti-to-cityscapes",
    )
    others = parser.add_argument_group("other options")
    others.add_argument("--batch-size", type=int, default=4, help="default 4")
    others.add_argument(
        "--flip", action="store_true", help="average over the frame and its mirror"
    )
    others.add_argument(
        "--scales",
        type=float,
        nargs="+",
        default=[1.0],
        help="average over these scales, such as 0.75 1 1.25 (default 1)",
    )


def _evaluate(arguments: argparse.Namespace) -> None:
    if arguments.classes:
        from segnet.classes.mappings import find_mapping

        find_mapping(arguments.classes)
    check_models(arguments.models)
    check_store(arguments.store, arguments.split)

    from segnet.evaluate import table
    from segnet.evaluate.side_by_side import side_by_side

    if len(arguments.models) == 1:
        (model,) = arguments.models
        say(table(_report(arguments, model, arguments.out)))
    else:
        reports = {}
        for name, model in _names(arguments.models).items():
            out = arguments.out / name if arguments.out else None
            reports[name] = _report(arguments, model, out)
        say(side_by_side(reports))
    _warn(arguments)
    if arguments.out:
        say(f"report and pictures in {arguments.out}")


def _report(arguments: argparse.Namespace, model: str, out: Path | None) -> dict:
    """Scores one model; a report that cannot be written is printed all the same."""
    from segnet.evaluate import UnwrittenReport, evaluate, table

    try:
        return evaluate(
            model,
            arguments.store,
            split=arguments.split,
            out=out,
            mapping=arguments.classes,
            batch_size=arguments.batch_size,
            progress=on_terminal(),
            flip=arguments.flip,
            scales=arguments.scales,
        )
    except UnwrittenReport as error:
        say(table(error.report))
        raise


def _warn(arguments: argparse.Namespace) -> None:
    """Says which of the models were trained on the frames that scored them."""
    from segnet.data.store import open_store
    from segnet.runs.loading import trained_on_val

    if arguments.split != "val":
        return
    with open_store(arguments.store) as store:
        source = store.attributes.get("source", "unknown")
    for model in arguments.models:
        if trained_on_val(model, source):
            say(
                f"{model} was trained on val as well: "
                f"these scores say nothing about other frames"
            )


def _names(models: list[str]) -> dict[str, str]:
    """Returns a name for each model, which is also one of a folder -> the model.

    Raises:
        ValueError: A model is given twice.
    """
    if len(set(models)) < len(models):
        raise ValueError(f"a model is given twice: {', '.join(models)}")
    names = [_name(Path(model)) for model in models]
    return {
        name if names.count(name) == 1 else f"{number}_{name}": model
        for number, (name, model) in enumerate(zip(names, models, strict=True), 1)
    }


def _name(path: Path) -> str:
    """Returns the name of a run for its files, else that of the file."""
    from segnet.runs import folder as run_folder

    if path.name == run_folder.BEST and path.parent.name:
        return path.parent.name
    if path.name == run_folder.STATE and path.parent.name:
        return f"{path.parent.name}_last"
    return path.stem if path.is_file() else path.name or path.resolve().name
