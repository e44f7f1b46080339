"""One line an epoch: the loss, the score, and how long the rest will take."""

import time
from typing import Any

import keras

from segnet.recipe import Recipe
from segnet.runs.state import Progress


class EpochLines(keras.callbacks.Callback):
    """Prints a line after each epoch, from the last row of the history.

    Args:
        recipe: Of the run.
        progress: Has the row of the finished epoch when an epoch ends.
    """

    def __init__(self, recipe: Recipe, progress: Progress):
        super().__init__()
        self.recipe, self.progress = recipe, progress
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        # With the time that scoring and saving took.
        self.seconds.append(time.perf_counter() - self.began)
        print(self.line(), flush=True)

    def line(self) -> str:
        """Returns the line of the last finished epoch."""
        row, total = self.progress.rows[-1], self.recipe.epochs
        parts = [f"epoch {row['epoch']}/{total}", f"loss {row['loss']:.3f}"]
        if row["val_miou"] is not None:
            best = self.progress.best or 0.0
            parts.append(f"mIoU {100 * row['val_miou']:.1f} (best {100 * best:.1f})")
        # The first epoch of a process compiles; it is no measure for the others.
        measured = self.seconds[1:] or self.seconds
        each = sum(measured) / len(measured)
        parts.append(f"{duration(self.seconds[-1])} an epoch")
        left = (total - row["epoch"]) * each
        if left:
            about = "about" if len(self.seconds) > 1 else "at most"
            parts.append(f"{about} {duration(left)} left")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Returns a time in words: "4 s", "1 min 52 s", "3 h 2 min"."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, seconds = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
