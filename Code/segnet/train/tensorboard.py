"""The history of a run for TensorBoard."""

from importlib.util import find_spec
from pathlib import Path

import keras

from segnet.runs.folder import TENSORBOARD


def tensorboard_callback(out: Path) -> keras.callbacks.Callback:
    """Returns a callback for `train` that writes the history into `out`/tensorboard.

    Args:
        out: The run folder.

    Raises:
        ValueError: TensorBoard is not installed.
    """
    if find_spec("tensorboard") is None:
        raise ValueError("TensorBoard is not installed: pip install tensorboard")
    return keras.callbacks.TensorBoard(out / TENSORBOARD, write_graph=False)
