"""The provenance of a score: weights, store, versions, the command to repeat it."""

import platform
import shlex
from pathlib import Path

import keras
import numpy as np

from segnet import __version__
from segnet.data.store import Split
from segnet.data.store.integrity import SEAL
from segnet.runs.loading import sha256_of_weights
from segnet.scores.intervals import RESAMPLES
from segnet.system.text import brief_path


def provenance_of(
    model: str | Path | None,
    frames: Split,
    options: dict[str, object],
    runtime: str | None = None,
) -> dict:
    """Returns `model`, `command`, which repeats the score, and `facts` by their names.

    Absolute paths are cut to their last two parts: where a file lies on one machine
    says nothing elsewhere. Relative ones stay, so that the command runs as it is.

    Args:
        model: What was given to `evaluate`; None for a model in memory.
        frames: The split that was scored.
        options: Of the command, those that are not the default.
        runtime: In which an exported file was run; None for Keras.
    """
    store = brief_path(frames.store.path)
    words = ["segnet", "evaluate", brief_path(model) if model else "MODEL", store]
    words += ["--split", frames.name]
    for name, value in options.items():
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            values = value if isinstance(value, list | tuple) else [value]
            words += [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
    if runtime is None:
        ran = {"Keras": f"{keras.__version__} on {keras.backend.backend()}"}
        file = "sha256 of the weights"
    else:
        ran, file = {"runtime": runtime}, "sha256 of the file"
    return {
        "model": brief_path(model) if model else None,
        "command": shlex.join(words),
        "facts": {
            "segnet": __version__,
            **ran,
            "NumPy": np.__version__,
            "Python": platform.python_version(),
            file: sha256_of_weights(model) if model else None,
            "seal of the store": frames.store.attributes.get(SEAL),
            "bootstrap": f"{RESAMPLES} resamples of blocks, seed 0",
        },
    }
