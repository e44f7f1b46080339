"""Logits of the shipped weights on one rendered frame, kept to detect any change.

`PYTHONPATH=Code:tests python -m helpers.reference` rewrites `tests/reference` after
weights were packed. After any other change the files must stay the same.
"""

import hashlib
import json
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from segnet.models.shipped import build_shipped, read_index
from segnet.scenes.drive import Drive

FOLDER = Path(__file__).parents[1] / "reference"
FRAME, LOGITS = FOLDER / "frame.png", FOLDER / "logits.json"
SIZE = (96, 128)
# Twelve pixels: each depends on most of the frame.
PIXELS = (slice(8, None, 32), slice(8, None, 32))


def rendered_frame() -> np.ndarray:
    """Returns a street with houses, cars and trees, (96, 128, 3) uint8."""
    ((_, picture, _),) = Drive("city1", 0, SIZE).draw(5, ("clone",))
    return np.asarray(picture)


def stored_frame() -> np.ndarray:
    with Image.open(FRAME) as image:
        return np.asarray(image)


def weights_digest(model: keras.Model) -> str:
    """Returns the sha256 of all weights with their layers' names, sorted by name."""
    arrays = {
        f"{layer.name}/{variable.name}": keras.ops.convert_to_numpy(variable)
        for layer in model.layers
        for variable in layer.weights
    }
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].astype("<f4").tobytes())
    return digest.hexdigest()


def logits_of(model: keras.Model, frame: np.ndarray) -> np.ndarray:
    """(96, 128, K) float32."""
    return keras.ops.convert_to_numpy(model(frame[None], training=False))[0]


def describe(name: str, frame: np.ndarray) -> dict:
    """Returns the digest of shipped weights and their logits at `PIXELS`, (3, 4, K)."""
    model = build_shipped(name, SIZE)
    logits = logits_of(model, frame)[PIXELS].astype(float).round(5)
    return {"weights_sha256": weights_digest(model), "logits": logits.tolist()}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    Image.fromarray(rendered_frame()).save(FRAME, optimize=True)
    frame = stored_frame()
    text = json.dumps({name: describe(name, frame) for name in read_index()}, indent=1)
    # One row of numbers for each pixel.
    text = text.replace(",\n     ", ", ").replace("[\n     ", "[")
    LOGITS.write_text(text.replace("\n    ]", "]") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
