"""Packing a run: its weights, their card and an entry in the index."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from segnet import __version__
from segnet.classes import ClassMap
from segnet.models.build import build_inference_model
from segnet.models.cost import macs
from segnet.models.shipped import INDEX, check_name, read_index
from segnet.models.weight_file import read_weights, write_weights
from segnet.recipe import Recipe
from segnet.runs import folder as run_folder
from segnet.runs.cards import card_text, class_map_fields
from segnet.runs.loading import class_map_of, load
from segnet.runs.record import read_record
from segnet.runs.state import Progress, read_progress
from segnet.system.checksums import sha256_of_bytes
from segnet.system.files import remove_parts, replacing_all
from segnet.system.locks import alone

WEIGHTS = ("best", "last")
# Where `segnet pack` writes by default.
FOLDER = Path("weights")
# What only a person can say about a run; all of it may be missing.
NOTES = {"data": str, "licence": str, "hardware": str, "commands": list, "limits": list}
INDEXED = ("network", "num_classes", "size", "file", "sha256")
REPORTED = {
    "model": str,
    "parameters": int,
    "per_class": dict,
    "class_mapping": str | None,
    "class_map": str,
    "split": str,
    "split_rule": str,
    "source": str,
    "frames": int,
    "size": list,
    "miou": float | None,
    "pixel_accuracy": float | None,
}
# Parts of a report that the card gives elsewhere or has no room for.
LEFT_OUT = (
    *("model", "parameters", "confusion", "worst", "epoch"),
    *("details", "training", "alerts", "provenance", "exported"),
)


def pack(
    run: str | Path,
    name: str,
    reports: Sequence[str | Path] = (),
    notes: str | Path | None = None,
    weights: str = "best",
    without_val: Sequence[str | Path] = (),
    folder: str | Path = FOLDER,
) -> Path:
    """Writes the weights of a run, their card and their entry in the index.

    Args:
        run: A run folder.
        name: For example "slim_camvid11"; `segnet.load` and all verbs take the file
            of this name, and for weights of the package the name alone.
        reports: JSON files that `segnet evaluate --out` wrote about these weights, at
            least one in the network's own classes; by default that of the run, if any.
        notes: A JSON file with any of the texts `data` (the training data), `licence`
            (of the data) and `hardware`, and the lists `commands` and `limits`.
        weights: "best" for best.keras, the weights with the highest mIoU on val, or
            the last ones of a run that trained on val; "last" for those of last.npz.
        without_val: For a run that trained on val: reports of runs that did not, one
            for each seed, which measure the recipe on val.
        folder: Where the index is; by default "weights" in the current folder.

    Returns:
        The path of the card.

    Raises:
        FileNotFoundError: A file is missing.
        OSError: Another process packs into the folder.
        ValueError: A file cannot be read, or they do not fit together.
    """
    _check_names(name, weights)
    run, folder = Path(run), Path(folder)
    recipe = run_folder.read_recipe(run)
    said = _said(run, notes)
    progress = read_progress(run / run_folder.STATE)
    size, names = progress.data["size"], progress.data["classes"]
    network = build_inference_model(recipe, size, len(names))
    scores, elsewhere = (
        [_read_report(Path(path), weights, network, names) for path in paths]
        for paths in (reports or _own_report(run), without_val)
    )
    _check_reports(run, recipe, scores, without_val)
    card = {
        "name": name,
        "network": recipe.model,
        "num_classes": len(names),
        **class_map_fields(_class_map(run, [*scores, *elsewhere])),
        **{"size": size, "parameters": network.count_params(), "macs": macs(network)},
        **said,
        "training": _training(recipe, progress, weights),
        **{"scores": scores, "scores_without_val": elsewhere},
        "segnet_version": __version__,
    }
    origin = run / (run_folder.BEST if weights == "best" else run_folder.STATE)
    model = _load(origin)
    with alone(folder / "index.lock", f"{folder}: another process packs into it"):
        return _write(folder, card, model, network, origin)


def _write(
    folder: Path,
    card: dict,
    model: keras.Model,
    network: keras.Model,
    origin: Path,
) -> Path:
    """Writes index, weights and card; returns the path of the card.

    Args:
        model: Has the weights.
        network: Gets them from the file, as it will from `load`.
        origin: Where the weights are from, for errors.
    """
    name = card["name"]
    paths = [folder / f"{name}{suffix}" for suffix in (".npz", ".json", ".md")]
    remove_parts(folder / INDEX, *paths)
    with replacing_all(folder / INDEX, *paths) as (index, arrays, data, text):
        kept = write_weights(model, arrays)
        content = arrays.read_bytes()
        read_weights(network, content, origin)
        card |= {
            "file": paths[0].name,
            "bytes": len(content),
            "sha256": sha256_of_bytes(content),
            "float32": kept,
        }
        entries = read_index(folder) | {name: {key: card[key] for key in INDEXED}}
        for path, value in ((index, dict(sorted(entries.items()))), (data, card)):
            path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
        text.write_text(card_text(card), encoding="utf-8")
    return paths[1]


def _check_names(name: str, weights: str) -> None:
    if weights not in WEIGHTS:
        raise ValueError(f"weights is {weights!r}, expected one of {WEIGHTS}")
    check_name(name)


def _load(path: Path) -> keras.Model:
    if path.name == run_folder.BEST and not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; pack the last weights of the run instead "
            f"(--weights last)"
        )
    return load(path)


def _training(recipe: Recipe, progress: Progress, weights: str) -> dict:
    """Returns the facts about the run from its folder."""
    rows = progress.rows
    scored = [row for row in rows if row["val_miou"] is not None]
    # A run that trained on val has nothing to choose on: its best.keras is the last.
    if weights == "best" and scored:
        chosen = max(scored, key=lambda row: row["val_miou"])
    else:
        weights, chosen = "last", rows[-1]
    values = dataclasses.asdict(recipe)
    # Whole paths mean nothing on another machine.
    values["init"] = _brief(recipe.init)
    values["teacher"] = [_brief(path) for path in recipe.teacher]
    return {
        "weights": weights,
        "epoch": chosen["epoch"],
        "epochs": len(rows),
        "hours": round(sum(row["seconds"] for row in rows) / 3600, 2),
        "train_frames": progress.data["train"],
        "val_frames": 0 if recipe.include_val else progress.data["val"],
        "seeds": [recipe.seed],
        "recipe": values,
    }


def _brief(path: str) -> str:
    """Returns the last two parts of a path, or the name of shipped weights."""
    return "/".join(Path(path).parts[-2:])


def _own_report(run: Path) -> list[Path]:
    path = run / run_folder.REPORT
    return [path] if path.is_file() else []


def _said(run: Path, notes: str | Path | None) -> dict:
    """Returns all of `NOTES`: given ones, the commands that the run kept, or empty."""
    empty = {key: kind() for key, kind in NOTES.items()}
    kept = {"commands": read_record(run).get("commands", [])}
    return empty | kept | (_read_notes(Path(notes)) if notes else {})


def _read_notes(path: Path) -> dict:
    notes = _read_object(path)
    for key in notes.keys() & NOTES.keys():
        kind, value = NOTES[key], notes[key]
        texts = value if kind is list else [value]
        if not isinstance(value, kind) or not all(isinstance(t, str) for t in texts):
            expected = "a list of texts" if kind is list else "a text"
            raise ValueError(f"{path}: {key} is {value!r}, expected {expected}")
    unknown = sorted(set(notes) - set(NOTES))
    if unknown:
        raise ValueError(
            f"{path}: unknown {', '.join(unknown)}; known are {', '.join(NOTES)}"
        )
    return notes


def _check_reports(
    run: Path, recipe: Recipe, scores: list[dict], without_val: Sequence[str | Path]
) -> None:
    """Refuses scores on frames that were trained on, and a seed given twice."""
    if recipe.include_val and any(report["split"] == "val" for report in scores):
        raise ValueError(f"{run} was trained on val, and a report scores val")
    if len({Path(path).resolve() for path in without_val}) < len(without_val):
        raise ValueError(
            f"a report of a run without val is given twice: "
            f"{', '.join(map(str, without_val))}; each must be of another seed"
        )


def _read_report(
    path: Path, weights: str, network: keras.Model, names: list[str]
) -> dict:
    """Returns the parts of a report that the card keeps; checks it fits the network."""
    report = _read_object(path)
    # That of a run folder is of both weights.
    if report.keys() == {*WEIGHTS} and isinstance(report[weights], dict):
        report = report[weights]
    if report.get("exported"):
        raise ValueError(
            f"{path}: scores an exported file; a card holds what the weights score"
        )
    if not report.keys() >= REPORTED.keys():
        raise ValueError(f"{path}: no report of `segnet evaluate --out`")
    for key, kind in REPORTED.items():
        if kind == float | None:
            _check_score(path, key, report[key])
        elif not isinstance(report[key], kind):
            raise ValueError(
                f"{path}: {key} is {report[key]!r}, not as `segnet evaluate` wrote it"
            )
    if [type(side) for side in report["size"]] != [int, int]:
        raise ValueError(f"{path}: size is {report['size']}, expected [height, width]")
    for name, score in report["per_class"].items():
        _check_score(path, name, score)
    if report.get("test_time"):
        raise ValueError(
            f"{path}: averaged at test time; a card holds what the network scores alone"
        )
    model = (report["model"], report["parameters"])
    if model != (network.name, network.count_params()):
        raise ValueError(
            f"{path}: scores a {model[0]} of {model[1]:,} parameters, the run has a "
            f"{network.name} of {network.count_params():,}"
        )
    if report["class_mapping"] is None and list(report["per_class"]) != names:
        raise ValueError(
            f"{path}: its classes are {', '.join(report['per_class'])}, those of the "
            f"run {', '.join(names)}"
        )
    return {key: value for key, value in report.items() if key not in LEFT_OUT}


def _check_score(path: Path, name: str, score: Any) -> None:
    """Refuses anything but a score; None stands for a class without a pixel."""
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    if score is not None and not (is_number and 0 <= score <= 1):
        raise ValueError(f"{path}: {name} is {score!r}, expected 0 to 1")


def _class_map(run: Path, scores: list[dict]) -> ClassMap:
    """Returns the class map of the run, once a report scores its classes."""
    if scores and all(report["class_mapping"] for report in scores):
        raise ValueError("none of the reports is in the network's own classes; add one")
    return class_map_of(run)


def _read_object(path: Path) -> dict:
    try:
        value = json.loads(_existing(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path}: expected a JSON object")
    return value


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    return path
