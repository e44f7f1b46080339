"""Predicting: from arrays to class ids, and from files to files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segnet.classes import ClassMap
from segnet.predict.engine import FileEngine
from segnet.predict.images import ImageRun
from segnet.predict.pipeline import Clock
from segnet.predict.predictor import Predictor
from segnet.predict.sources import IMAGE_KIND, find_items
from segnet.predict.video_file import import_av
from segnet.predict.videos import VideoRun
from segnet.predict.writing import Summary, Wanted

if TYPE_CHECKING:
    import keras


def predict(
    model: keras.Model | FileEngine, images: np.ndarray, batch_size: int = 4
) -> np.ndarray:
    """Returns the most likely class of each pixel, (N, H, W) uint8.

    Args:
        model: From images to logits, or an exported file.
        images: (N, H, W, 3) uint8 RGB.
        batch_size: Frames at a time.

    Raises:
        ValueError: The model returned NaN, which argmax would turn into class 0.
    """
    return predict_with_confidence(model, images, batch_size)[0]


def predict_with_confidence(
    model: keras.Model | FileEngine, images: np.ndarray, batch_size: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the most likely class of each pixel and its softmax probability.

    Args:
        model: From images to logits, or an exported file.
        images: (N, H, W, 3) uint8 RGB.
        batch_size: Frames at a time.

    Returns:
        (N, H, W) uint8 class ids and (N, H, W) float32 probabilities, 0 to 1, in steps
        of 1/255 from a file without logits.

    Raises:
        ValueError: The model returned NaN, which argmax would turn into class 0.
    """
    if isinstance(model, FileEngine):
        return _from_file(model, images)
    # Full batches only: each further size would be compiled once more.
    padding = -len(images) % batch_size
    padded = np.concatenate([images, np.zeros_like(images[:1]).repeat(padding, 0)])
    ids, confidence = [], []
    for start in range(0, len(padded), batch_size):
        logits = model.predict_on_batch(padded[start : start + batch_size])
        found, sure = _winners(logits, model.name)
        ids.append(found)
        confidence.append(sure)
    count = len(images)
    return np.concatenate(ids)[:count], np.concatenate(confidence)[:count]


def _from_file(engine: FileEngine, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `predict_with_confidence`, from logits or from what the file has of them."""
    parts = []
    for start in range(0, len(images), engine.batch_size):
        answer = engine(images[start : start + engine.batch_size])
        if answer.logits is not None:
            parts.append(_winners(answer.logits, engine.name))
        else:
            parts.append((answer.ids, answer.confidence / np.float32(255)))
    ids, confidence = zip(*parts, strict=True)
    return np.concatenate(ids), np.concatenate(confidence)


def _winners(logits: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns (B, H, W) uint8 ids and float32 softmax probabilities of logits."""
    highest = logits.max(-1)  # (B, H, W)
    if np.isnan(highest).any():
        raise ValueError(f"{name} returned NaN; its weights are damaged")
    others = np.exp(logits - highest[..., None]).sum(-1)
    return logits.argmax(-1).astype(np.uint8), (1 / others).astype(np.float32)


def predict_files(
    model,
    sources: Sequence[str | Path],
    out: str | Path,
    wanted: Wanted | None = None,
    *,
    size: tuple[int, int] | None = None,
    classes: ClassMap | str | Path | None = None,
    batch_size: int = 4,
    progress: bool = False,
    say: Callable[[str], None] = print,
) -> Summary:
    """Writes the predictions of a network for images and videos.

    Each image gets `NAME.png`, the ids with the colours of the class map at its own
    size, and the other `wanted` outputs; each video gets `NAME.mp4`. Damaged images
    and frames are named, left out and counted, and the rest is written.

    Args:
        model, size, classes, batch_size: As for `Predictor`.
        sources, out: As for `find_items`.
        wanted: The files to write; overlays by default.
        progress: Show bars.
        say: Called with a line for each thing left out.

    Raises:
        FileNotFoundError: There is no such model or source.
        ValueError: The model, a source as a whole or an argument is wrong.
        OSError: An output cannot be written.
    """
    wanted = wanted or Wanted()
    items = find_items(sources, out)
    images = [item for item in items if item.kind == IMAGE_KIND]
    videos = [item for item in items if item.kind != IMAGE_KIND]
    if videos:
        import_av()
    predictor = Predictor(model, size, classes, batch_size, wanted.confidence)
    summary, clock = Summary(), Clock()
    counted = predictor, wanted, summary, clock, say
    with clock("all"):
        if images:
            ImageRun(*counted).see(images, progress)
        for item in videos:
            VideoRun(item, *counted).see(progress)
    summary.seconds = clock.seconds
    return summary
