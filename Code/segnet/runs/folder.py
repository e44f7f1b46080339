"""The files of a run folder: what may be written into one, its recipe and history."""

import csv
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segnet.classes import ClassMap
from segnet.recipe import Recipe, differences
from segnet.system.checksums import sha256_of_bytes
from segnet.system.files import remove_parts, replacing
from segnet.system.locks import alone

RECIPE, CLASS_MAP, HISTORY = "recipe.json", "class_map.json", "history.csv"
BEST, STATE, REPORT = "best.keras", "last.npz", "report.json"
RECORD = "run.json"
CURVES, CLASSES = "curves.png", "classes.png"
PREDICTIONS, BATCH = "predictions.jpg", "train_batch.jpg"
FILES = (RECIPE, CLASS_MAP, HISTORY, BEST, STATE, REPORT, RECORD)
PICTURES = (CURVES, CLASSES, PREDICTIONS, BATCH)
TENSORBOARD = "tensorboard"
LOCK = "run.lock"
COLUMNS = (
    "epoch",
    "loss",
    "val_loss",
    "val_miou",
    "val_pixel_accuracy",
    "learning_rate",
    "seconds",
    "images_per_second",
)


def name_for(recipe: Recipe) -> str:
    """Returns a name for the folder of a run, another one for every other recipe."""
    digest = sha256_of_bytes(recipe.to_json().encode())
    return f"{recipe.model}_seed{recipe.seed}_{digest[:6]}"


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Keeps other processes out of a run folder; a new one left empty is removed.

    Raises:
        OSError: Another process trains into the folder, or it cannot be written.
    """
    is_new = not out.exists()
    try:
        with alone(out / LOCK, f"{out}: another process trains into it"):
            remove_parts(*(out / name for name in (*FILES, *PICTURES)))
            yield
    finally:
        if is_new:
            with suppress(OSError):
                out.rmdir()


def check(out: Path, recipe: Recipe, resume: bool) -> bool:
    """Returns whether a folder holds a state to resume; writes nothing.

    Raises:
        ValueError: The folder holds a run and `resume` is False, it was begun with
            another recipe (more epochs are none), or files are missing without which a
            run would be lost.
    """
    has_state = (out / STATE).is_file()
    if (out / RECIPE).is_file():
        if not resume:
            raise ValueError(
                f"{out} holds a run already; resume it (--resume), or name another "
                f"folder, or delete it"
            )
        try:
            begun = read_recipe(out)
        except ValueError as error:
            raise ValueError(f"{error}; start in another folder") from error
        _check_same(out, begun, recipe)
        if not has_state and _has_lost_state(out, recipe):
            raise ValueError(
                f"{out / STATE} is missing, so resuming would begin at epoch 0 and "
                f"replace the finished {BEST}; bring it back, or start in another "
                f"folder, from that {BEST} with --init"
            )
    elif has_state or (out / BEST).is_file():
        raise ValueError(
            f"{out} holds a run without its {RECIPE}, so nobody knows how it was "
            f"trained; bring that file back, or name another folder"
        )
    return has_state


def _check_same(out: Path, begun: Recipe, recipe: Recipe) -> None:
    """Refuses to go on with another recipe; only `epochs` may grow."""
    changed = differences(begun, recipe)
    if recipe.epochs > begun.epochs:
        changed = differences(dataclasses.replace(begun, epochs=recipe.epochs), recipe)
    if changed:
        raise ValueError(
            f"{out} was begun with another recipe; to resume it, leave "
            f"{'; '.join(changed)} as it was, or begin another run from its weights: "
            f"--out another folder, --init {out}"
        )


def _has_lost_state(out: Path, recipe: Recipe) -> bool:
    """Returns whether a folder without a state had one, and has a best.keras to lose.

    A kill before the first state may leave a best.keras, which the same epochs will
    make again, but fewer rows in the history than `save_every`.
    """
    history = out / HISTORY
    if not (out / BEST).is_file():
        return False
    if (out / REPORT).is_file() or not history.is_file():
        return True
    finished = len(history.read_text(errors="replace").splitlines()) - 1
    return finished >= recipe.save_every


def start(out: Path, recipe: Recipe, class_map: ClassMap) -> None:
    """Writes those of recipe.json, class_map.json and history.csv that are missing.

    A recipe with more epochs than the one in the folder replaces it.
    """
    if not (out / CLASS_MAP).is_file():
        class_map.save(out / CLASS_MAP)
    if not (out / HISTORY).is_file():
        write_history(out, [])
    # Last, since this file makes the folder one of a run.
    if not (out / RECIPE).is_file() or read_recipe(out) != recipe:
        with replacing(out / RECIPE) as part:
            part.write_text(recipe.to_json())


def read_recipe(out: Path) -> Recipe:
    """Returns the recipe of a run folder.

    Raises:
        FileNotFoundError: The folder has none.
        ValueError: The file is damaged.
    """
    path = out / RECIPE
    try:
        return Recipe.from_json(path.read_text())
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file; is {out} the folder of a run?"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error


def write_history(out: Path, rows: list[dict]) -> None:
    """Writes history.csv, a row an epoch, for people and charts."""
    with replacing(out / HISTORY) as part, open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
