"""The pictures of a run folder, which grow while it trains."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image, ImageDraw

from segnet import pictures
from segnet.predict.predicting import predict
from segnet.runs import folder as run_folder
from segnet.system.files import replacing
from segnet.system.text import shown
from segnet.train.pair import update_inference_model
from segnet.train.run import Run

FRAMES = 6
# Rows of predictions.jpg besides the image and the ground truth.
MOST_ROWS = 8
ROW_WIDTH = 240
# Drawing costs a second or two.
PAUSE = 30.0


class DrawRun(keras.callbacks.Callback):
    """Draws a run while it trains; a picture is replaced in one step.

    A picture that cannot be drawn is reported on stderr, and the run goes on.

    `train_batch.jpg` shows the first batch as the network gets it, `curves.png` the
    loss and the score of each epoch, and `predictions.jpg` six frames of val, a row
    for each time they were looked at.

    Args:
        run: What is trained.
        out: The run folder.
    """

    def __init__(self, run: Run, out: Path):
        super().__init__()
        self.run, self.out = run, out
        self.last = -math.inf
        self.rows: list[tuple[int, np.ndarray]] = []
        count = min(FRAMES, len(run.val))
        places = np.linspace(0, len(run.val) - 1, count).round().astype(int)
        self.images, self.labels = run.val.read(list(map(int, places)))

    def on_train_begin(self, logs: Any = None) -> None:
        with _reported(self.out / run_folder.BATCH) as path:
            # As the CPU augments it; on the device the same changes are drawn.
            images, labels = self.run.batches(0, 0)
            class_map = self.run.class_map
            laid_over = [
                pictures.overlay(image, label, class_map)
                for image, label in zip(images[:4], labels[:4], strict=True)
            ]
            _save(path, {"images": list(images[:4]), "labels": laid_over})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        is_last = epoch + 1 == self.run.recipe.epochs
        if not is_last and time.monotonic() - self.last < PAUSE:
            return
        with _reported(self.out / run_folder.CURVES) as path:
            history = self.out / run_folder.HISTORY
            pictures.curves({self.run.recipe.model: history}, path)
        with _reported(self.out / run_folder.PREDICTIONS) as path:
            self._draw_predictions(epoch + 1, path)
        # From the end of the drawing: it must not take a large share of the run.
        self.last = time.monotonic()

    def _draw_predictions(self, epoch: int, path: Path) -> None:
        # Val is not scored after each epoch, so these weights may be older.
        update_inference_model(self.run.model, self.run.inference)
        # (F, H, W) uint8 ids
        self.rows.append((epoch, predict(self.run.inference, self.images)))
        if len(self.rows) > MOST_ROWS:
            # Every second one, so that the strip always covers the whole run.
            self.rows = [*self.rows[:-1:2], self.rows[-1]]
        class_map = self.run.class_map
        strips = {
            "images": list(self.images),
            "ground truth": list(class_map.colourise(self.labels)),
        }
        for number, ids in self.rows:
            strips[f"epoch {number}"] = list(class_map.colourise(ids))
        _save(path, strips)


def draw_classes(report: dict, out: Path) -> None:
    """Draws the IoU of each class of a run's report; reports it if it cannot."""
    with _reported(out / run_folder.CLASSES) as path:
        pictures.per_class_bars({report["model"]: report}, path)


@contextmanager
def _reported(path: Path) -> Iterator[Path]:
    """Reports a picture that could not be drawn: a run is worth more than that."""
    try:
        yield path
    # On a full disk, without memory, or with fonts that Matplotlib cannot read.
    except Exception as error:
        text = f"warning: {path} was not drawn ({str(error) or type(error).__name__})"
        print(shown(text), file=sys.stderr, flush=True)


def _save(path: Path, rows: dict[str, list[np.ndarray]]) -> None:
    """Writes named rows of pictures (H, W, 3), `ROW_WIDTH` wide each, as one JPEG."""
    height, width = next(iter(rows.values()))[0].shape[:2]
    size = ROW_WIDTH, max(1, round(ROW_WIDTH * height / width))
    grid = np.concatenate(
        [
            np.concatenate(
                [np.asarray(Image.fromarray(p).resize(size)) for p in row], axis=1
            )
            for row in rows.values()
        ]
    )
    sheet = Image.fromarray(grid)
    for number, name in enumerate(rows):
        place = 4, number * size[1] + 3
        ImageDraw.Draw(sheet).text(
            place, name, "white", stroke_width=2, stroke_fill="black"
        )
    with replacing(path) as part:
        sheet.save(part, "JPEG", quality=88)
