"""Trained networks: a file or shipped weights, and what is known of their training."""

import zipfile
from pathlib import Path

import keras

from segnet import models
from segnet.models.shipped import read_card, read_index
from segnet.runs import folder as run_folder
from segnet.runs.last import load_last
from segnet.system.files import find_damage


def load(path: str | Path) -> keras.Model:
    """Returns the model in a file, or of shipped weights, for prediction.

    Args:
        path: A `.keras` file, or the `last.npz` of a run folder for its last weights;
            where there is no such file, a name that `segnet models` lists.

    Raises:
        FileNotFoundError: There is neither.
        ValueError: The file is no `.keras` file, only a part of one, or damaged.
    """
    if not Path(path).is_file():
        shipped = read_index()
        if str(path) in shipped:
            return models.load(str(path))
        raise FileNotFoundError(
            f"{path}: no such model; `segnet train` makes one, and shipped are: "
            f"{', '.join(shipped) or 'none'}"
        )
    if Path(path).name == run_folder.STATE:
        return load_last(Path(path).parent)
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: no model or only a part of one; give the best.keras of a run"
        )
    # Keras alone loads some damaged files in silence, with other weights.
    damage = find_damage(path)
    if damage:
        raise ValueError(
            f"{path}: damaged at {damage}; bring it back from a copy, or take the "
            f"{run_folder.STATE} of its run in its place"
        )
    try:
        return keras.saving.load_model(path, compile=False)
    except (zipfile.BadZipFile, KeyError, OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: damaged, or no model that Keras wrote ({_first_line(error)})"
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def trained_on_val(path: str | Path, source: str) -> bool:
    """Returns whether weights have seen val, as far as a run folder or a card tells.

    Args:
        path: What `load` takes.
        source: The `source` of a report; a card speaks of one dataset's val only.
    """
    if Path(path).is_file():
        try:
            return run_folder.read_recipe(Path(path).parent).include_val
        except (FileNotFoundError, ValueError):
            return False
    card = read_card(str(path))
    reports = card["scores_without_val"] if card else []
    return any(report["source"] == source for report in reports)


def classes_of(path: str | Path) -> list[str] | None:
    """The names of the classes of weights, where run folder or card tell them."""
    if Path(path).is_file():
        try:
            state = Path(path).parent / run_folder.STATE
            return run_folder.read_progress(state).data["classes"]
        except (FileNotFoundError, KeyError, ValueError):
            return None
    card = read_card(str(path))
    return card["class_names"] if card else None
