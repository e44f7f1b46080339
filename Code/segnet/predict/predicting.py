"""Predicting: from images to the most likely class of each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def predict(model: keras.Model, images: np.ndarray, batch_size: int = 4) -> np.ndarray:
    """Returns the most likely class of each pixel, (N, H, W) uint8.

    Args:
        model: From images to logits.
        images: (N, H, W, 3) uint8 RGB.
        batch_size: Frames at a time.

    Raises:
        ValueError: The model answers with nan, of which argmax would make class 0.
    """
    # Full batches only: each further size would be compiled once more.
    padding = -len(images) % batch_size
    padded = np.concatenate([images, np.zeros_like(images[:1]).repeat(padding, 0)])
    starts = range(0, len(padded), batch_size)
    found = []
    for start in starts:
        logits = model.predict_on_batch(padded[start : start + batch_size])
        if np.isnan(logits.min()):
            raise ValueError(f"{model.name} answers with nan; its weights are damaged")
        found.append(logits.argmax(-1))
    return np.concatenate(found)[: len(images)].astype(np.uint8)
