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
        ValueError: The model returned NaN, which argmax would turn into class 0.
    """
    return predict_with_confidence(model, images, batch_size)[0]


def predict_with_confidence(
    model: keras.Model, images: np.ndarray, batch_size: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the most likely class of each pixel and its softmax probability.

    Args:
        model: From images to logits.
        images: (N, H, W, 3) uint8 RGB.
        batch_size: Frames at a time.

    Returns:
        (N, H, W) uint8 class ids and (N, H, W) float32 probabilities, 0 to 1.

    Raises:
        ValueError: The model returned NaN, which argmax would turn into class 0.
    """
    # Full batches only: each further size would be compiled once more.
    padding = -len(images) % batch_size
    padded = np.concatenate([images, np.zeros_like(images[:1]).repeat(padding, 0)])
    ids, confidence = [], []
    for start in range(0, len(padded), batch_size):
        logits = model.predict_on_batch(padded[start : start + batch_size])
        highest = logits.max(-1)  # (B, H, W)
        if np.isnan(highest).any():
            raise ValueError(f"{model.name} returned NaN; its weights are damaged")
        ids.append(logits.argmax(-1).astype(np.uint8))
        others = np.exp(logits - highest[..., None]).sum(-1)
        confidence.append((1 / others).astype(np.float32))
    count = len(images)
    return np.concatenate(ids)[:count], np.concatenate(confidence)[:count]
