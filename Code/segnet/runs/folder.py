"""The files of a run: recipe, class map, history and the state to resume from.

`last.npz` holds everything a training needs to go on after any epoch: every variable
of the model and the optimizer (the averaged weights among them), the history and what
the data looked like. It replaces its forerunner in one step, so a killed training
loses at most the epoch it was in, or those since the last state with `save_every`.
"""

import csv
import json
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segnet.classes import ClassMap
from segnet.recipe import Recipe, differences
from segnet.system.files import BROKEN, find_damage, remove_parts, replacing

# What NumPy and the JSON within raise for a file that is not as it was written.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    AttributeError,
    EOFError,
    KeyError,
    NotImplementedError,
    TypeError,
    ValueError,
)
RECIPE, HISTORY, STATE = "recipe.json", "history.csv", "last.npz"
BEST, REPORT, CLASS_MAP = "best.keras", "report.json", "class_map.json"
# By what the frames of a store are known again; see `segnet.train_checks`.
MARKS = {
    "seal": "the frame names or settings (the seal) of the store",
    "labels": "the labels of the store",
    "extra_seal": "the frame names or settings (the seal) of the second store",
    "extra_labels": "the labels of the second store",
}
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


@dataclass
class Progress:
    """How far a run is.

    Args:
        data: What the store looked like, compared on resuming.
        rows: One dictionary with the `COLUMNS` for each finished epoch.
    """

    data: dict
    rows: list[dict] = field(default_factory=list)

    @property
    def best(self) -> float | None:
        """The highest val_miou so far, None before the first validation."""
        found = [row["val_miou"] for row in self.rows if row["val_miou"] is not None]
        return max(found, default=None)


def check(out: Path, recipe: Recipe, resume: bool) -> bool:
    """Returns True where there is a state to resume; writes nothing.

    Raises:
        ValueError: The folder holds a run and `resume` is False, or it was begun
            with another recipe, or with one that is lost.
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
        changed = differences(begun, recipe)
        if changed:
            raise ValueError(
                f"{out} was begun with another recipe; to resume it, leave "
                f"{'; '.join(changed)} as it was"
            )
    elif has_state:
        raise ValueError(
            f"{out} holds a run without its {RECIPE}, so nobody knows how it was "
            f"trained; bring that file back, or name another folder"
        )
    return has_state


def start(out: Path, recipe: Recipe, resume: bool, class_map: ClassMap) -> bool:
    """Returns what `check` does; writes recipe.json and class_map.json if missing.

    The caller holds the lock of the folder.

    Args:
        out: The run folder.
        recipe: How the run trains.
        resume: Whether the folder may hold a run already.
        class_map: The classes of the store.

    Raises:
        ValueError: As `check`.
    """
    has_state = check(out, recipe, resume)
    names = (RECIPE, CLASS_MAP, HISTORY, STATE, BEST, REPORT)
    remove_parts(*(out / name for name in names))
    if not (out / CLASS_MAP).is_file():
        class_map.save(out / CLASS_MAP)
    if not (out / RECIPE).is_file():
        with replacing(out / RECIPE) as part:
            part.write_text(recipe.to_json())
    return has_state


def read_recipe(out: Path) -> Recipe:
    """Returns the recipe of a run folder.

    Raises:
        FileNotFoundError: There is none.
        ValueError: The file is damaged.
    """
    path = out / RECIPE
    try:
        return Recipe.from_json(path.read_text())
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file; is {out} the folder of a run?"
        ) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def write_history(out: Path, progress: Progress) -> None:
    """Writes history.csv, a row an epoch, for people and charts."""
    with replacing(out / HISTORY) as part, open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(progress.rows)


def save_state(out: Path, variables: list, progress: Progress) -> None:
    """Writes last.npz, then history.csv.

    Args:
        out: The run folder.
        variables: Keras variables, always in the same order.
        progress: With the row of the epoch just finished.
    """
    arrays = {f"v{i:05d}": v.numpy() for i, v in enumerate(variables)}
    text = json.dumps({"data": progress.data, "rows": progress.rows})
    with replacing(out / STATE) as part:
        np.savez(part, progress=np.array(text), **arrays)
    write_history(out, progress)


def load_state(out: Path, variables: list, data: dict) -> Progress:
    """Returns the progress of a run and sets the variables as they were.

    Args:
        out: The run folder.
        variables: As in `save_state`.
        data: What the store looks like now.

    Raises:
        ValueError: The store or the network is not the one the run was begun with, or
            the state cannot be read.
    """
    path = out / STATE
    progress, arrays = read_state(path)
    # A run from before the marks were kept goes on without their being compared, and
    # has them from its next state on.
    begun = {name: data[name] for name in MARKS if name in data} | progress.data
    if begun != data:
        changed = [
            f"{MARKS[name]} are others"
            if name in MARKS
            else f"{name} {begun.get(name)} then, {data.get(name)} now"
            for name in data | begun
            if begun.get(name) != data.get(name)
        ]
        raise ValueError(
            f"{out} was begun on other data: {'; '.join(changed)}; resume it with the "
            f"data it was begun on, or start in another folder"
        )
    progress.data = data
    if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
        raise ValueError(
            f"{path}: not the state of this network; it has changed since the run was "
            f"begun, so start again in another folder"
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    # The history of a killed run may be ahead of its state, by the epochs since it was
    # written, or one behind it, by a kill between the two files.
    write_history(out, progress)
    return progress


def is_state(path: Path) -> bool:
    """Returns whether a file is the state of a run; a damaged one is by its name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "progress.npy" in archive.namelist()
    except BROKEN:
        return path.name == STATE


def read_state(path: Path) -> tuple[Progress, list[np.ndarray]]:
    """Returns the progress in a last.npz and its variables, in the order of saving.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged.
    """
    with _opened(path) as state:
        names = sorted(name for name in state.files if name != "progress")
        return _progress(state), [state[name] for name in names]


def read_progress(path: Path) -> Progress:
    """Returns the progress in a last.npz alone; errors as `read_state`."""
    with _opened(path) as state:
        return _progress(state)


def _progress(state) -> Progress:
    return Progress(**json.loads(str(state["progress"])))


@contextmanager
def _opened(path: Path):
    try:
        damage = find_damage(path)
        if damage:
            raise ValueError(damage)
        with open(path, "rb") as file, np.load(file) as state:
            yield state
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    except DAMAGED as error:
        raise ValueError(
            f"{path}: damaged, so this run cannot go on ({error}); start again in "
            f"another folder, or from its best.keras with --init"
        ) from error
