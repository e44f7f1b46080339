"""The state that a run resumes from: `last.npz`, everything that training changes.

Its arrays have names: `layer/variable` for the network (random states included),
`average/layer/variable` for the averaged weights and `optimizer/name` for the rest.
`progress` is JSON, the history and the facts about the data. The file replaces the one
before it in one step, so a killed run loses at most the epoch it was in, or those
since the last state with `save_every`.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segnet.runs.folder import COLUMNS, STATE, write_history
from segnet.system.files import BROKEN, find_damage, replacing

AVERAGE, OPTIMIZER = "average", "optimizer"
PROGRESS = "progress"
# The types of values in a row of the history.
NUMBERS = (int, float, type(None))
# What NumPy and the JSON within raise for a file that is not as it was written.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    AttributeError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
# These identify the frames of a store; see `segnet.train.checks`.
MARKS = {
    "seal": "the frame names or settings (the seal) of the store",
    "labels": "the labels of the store",
    "extra_seal": "the frame names or settings (the seal) of the second store",
    "extra_labels": "the labels of the second store",
}


@dataclass
class Progress:
    """The finished epochs of a run, and the data they were trained on.

    Args:
        data: Facts about the store, compared on resuming: the numbers of frames
            `train` and `val`, their `size` (H, W), the names of the `classes` and the
            `MARKS`.
        rows: One dictionary with the `COLUMNS` for each finished epoch.
    """

    data: dict
    rows: list[dict] = field(default_factory=list)

    @property
    def best(self) -> float | None:
        """The highest val_miou so far, None before the first validation."""
        return max(self._scored().values(), default=None)

    @property
    def best_epoch(self) -> int | None:
        """The first epoch, from 1, with that val_miou."""
        scored = self._scored()
        return max(scored, key=scored.__getitem__, default=None)

    def _scored(self) -> dict[int, float]:
        scored = [row for row in self.rows if row["val_miou"] is not None]
        return {row["epoch"]: row["val_miou"] for row in scored}


def save_state(out: Path, variables: Mapping, progress: Progress) -> None:
    """Writes last.npz, then history.csv.

    Args:
        out: The run folder.
        variables: Name -> Keras variable, as from `segnet.train.pair.name_state`.
        progress: With the row of the epoch just finished.
    """
    text = json.dumps({"data": progress.data, "rows": progress.rows})
    arrays: dict[str, Any] = {PROGRESS: np.array(text)}
    arrays |= {name: variable.numpy() for name, variable in variables.items()}
    with replacing(out / STATE) as part:
        np.savez(part, **arrays)
    write_history(out, progress.rows)


def load_state(out: Path, data: dict) -> tuple[Progress, dict[str, np.ndarray]]:
    """Returns the progress and the arrays of a run to resume.

    Args:
        out: The run folder.
        data: The facts about the store now, as in `Progress`.

    Raises:
        FileNotFoundError: The run has no state.
        ValueError: The store is not the one the run was begun with, or the state
            cannot be read.
    """
    progress, arrays = read_state(out / STATE)
    # Older runs have no marks: they are not compared, and the next state has them.
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
    return progress, arrays


def read_state(path: Path) -> tuple[Progress, dict[str, np.ndarray]]:
    """Returns the progress in a last.npz, and its arrays by name.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file is damaged, or of segnet 0.1.
    """
    with _opened(path) as state:
        names = [name for name in state.files if name != PROGRESS]
        if "v00000" not in names:
            return _progress(state), {name: state[name] for name in names}
    raise ValueError(
        f"{path}: written by segnet 0.1, whose arrays have no names; take the "
        f"best.keras of this run instead, with --init to train on in another folder"
    )


def read_progress(path: Path) -> Progress:
    """Returns the progress in a last.npz alone.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file is damaged.
    """
    with _opened(path) as state:
        return _progress(state)


def is_state(path: Path) -> bool:
    """Returns whether a file is the state of a run; a damaged one is by its name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return f"{PROGRESS}.npy" in archive.namelist()
    except BROKEN:
        return path.name == STATE


def _progress(state: Mapping[str, np.ndarray]) -> Progress:
    progress = Progress(**json.loads(str(state[PROGRESS])))
    height, width = progress.data["size"]
    names, rows = progress.data["classes"], progress.rows
    if (
        not all(type(side) is int for side in (height, width))
        or not all(type(name) is str for name in names)
        or not all(row.keys() >= {*COLUMNS} for row in rows)
        or not all(type(value) in NUMBERS for row in rows for value in row.values())
        or [row["epoch"] for row in rows] != [*range(1, len(rows) + 1)]
    ):
        raise ValueError("its progress is no history of a run")
    return progress


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
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
            f"{path}: damaged, so this run cannot be resumed ({error}); start again in "
            f"another folder, or from its best.keras with --init"
        ) from error
