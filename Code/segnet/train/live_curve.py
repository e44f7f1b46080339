"""Curves of a run that a notebook shows and redraws after each epoch."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from segnet import pictures
from segnet.train.epoch_lines import duration


class LiveCurve(keras.callbacks.Callback):
    """Shows loss and mIoU after each epoch in place of the picture before.

    Args:
        history: The history.csv of the run, which has a row more after each epoch.
        show: Takes a Figure; in a notebook `display("", display_id=True).update`.
    """

    def __init__(self, history: str | Path, show: Callable[[Any], object]):
        super().__init__()
        self.history, self.show = Path(history), show
        self.ends: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends.append(time.perf_counter())
        figure = pictures.curves({self.history.parent.name: self.history})
        figure.suptitle(self.title(epoch + 1), fontsize=9)
        self.show(figure)

    def title(self, done: int) -> str:
        """Returns how far the run is, and after two epochs how long it still takes."""
        epochs = self.params["epochs"]
        text = f"epoch {done} of {epochs}"
        # From end to end: the first epoch of a process compiles.
        if len(self.ends) < 2 or done == epochs:
            return text
        each = (self.ends[-1] - self.ends[0]) / (len(self.ends) - 1)
        return f"{text}, about {duration((epochs - done) * each)} left"
