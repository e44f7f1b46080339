"""A bar over the steps of an epoch, for a terminal alone."""

from typing import Any, TextIO

import keras
from tqdm import tqdm


class StepBar(keras.callbacks.Callback):
    """Shows how far an epoch is, and is gone when it ends.

    Args:
        stream: Where to; None for stderr. What is no terminal gets nothing.
    """

    def __init__(self, stream: TextIO | None = None):
        super().__init__()
        self.stream = stream

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.bar = tqdm(
            total=self.params["steps"],
            desc=f"epoch {epoch + 1}/{self.params['epochs']}",
            unit="step",
            file=self.stream,
            leave=False,
            disable=None,
        )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.bar.close()
