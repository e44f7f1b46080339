"""The end of each epoch: scores on val, best.keras, the state and the history."""

import math
import time
from pathlib import Path
from typing import Any

import keras

from segnet.runs import folder as run_folder
from segnet.runs import state as run_state
from segnet.runs.record import DivergedError
from segnet.train.pair import update_inference_model
from segnet.train.run import Run


class ValidateAndSave(keras.callbacks.Callback):
    """Scores the weights after each epoch, and keeps the best and the last ones.

    Args:
        run: The run in training.
        out: The run folder.
        progress: Gets a row for each epoch.

    Raises:
        DivergedError: The loss, in training or on val, is not finite.
    """

    def __init__(self, run: Run, out: Path, progress: run_state.Progress):
        super().__init__()
        self.run, self.out, self.progress = run, out, progress

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if not math.isfinite(logs["loss"]):
            raise self._diverged(f"the loss is {logs['loss']} in step {batch + 1}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self.began
        recipe = self.run.recipe
        logs["learning_rate"] = self.run.learning_rate
        logs["seconds"] = seconds
        images = len(self.run.batches) * recipe.batch_size
        logs["images_per_second"] = images / seconds
        saves = self._is_due(epoch, recipe.save_every)
        if recipe.include_val:
            # Nothing to score on: best.keras holds the last weights, as the state does.
            improves = saves
            if saves:
                update_inference_model(self.run.model, self.run.inference)
        else:
            validates = self._is_due(epoch, recipe.validate_every)
            improves = validates and self._validate(logs)
        # Before the state: a run that is killed in between repeats the epoch.
        if improves:
            self.run.save_best(self.out)
        row = {name: logs.get(name) for name in run_folder.COLUMNS}
        self.progress.rows.append(row | {"epoch": epoch + 1})
        if saves:
            run_state.save_state(self.out, self.run.variables, self.progress)
        else:
            run_folder.write_history(self.out, self.progress.rows)

    def _is_due(self, epoch: int, every: int) -> bool:
        """Returns whether an epoch, from 0, is one of each so many, or the last."""
        return (epoch + 1) % every == 0 or epoch + 1 == self.run.recipe.epochs

    def _validate(self, logs: dict) -> bool:
        """Adds the scores on val to the logs; returns whether they are the best."""
        best = self.progress.best
        logs.update(self.run.validate())
        if not math.isfinite(logs["val_loss"]):
            # Such logits have an argmax all the same, and so a score.
            raise self._diverged(f"the loss on val is {logs['val_loss']} at the end")
        return best is None or logs["val_miou"] > best

    def _diverged(self, what: str) -> DivergedError:
        """Returns the error for a loss that is not finite."""
        epoch = len(self.progress.rows) + 1
        every = self.run.recipe.save_every
        kept = (epoch - 1) // every * every
        holds = f"still holds epoch {kept}" if kept else "holds no epoch yet"
        return DivergedError(
            f"{what} of epoch {epoch}; lower the learning rate "
            f"({self.run.recipe.learning_rate}) or look for damaged frames. "
            f"{self.out} {holds}"
        )
