"""Networks whose logits are the colours of a pixel, so predictions are known."""

import numpy as np

from segnet.classes import ClassMap
from segnet.predict.enlarging import Answer
from segnet.predict.predicting import predict_files
from segnet.predict.writing import Wanted

# A pixel's class is its strongest colour.
RED, GREEN, BLUE = 0, 1, 2
COLOURS = np.array([(200, 40, 10), (30, 220, 60), (0, 90, 180)], np.uint8)
CLASSES = ClassMap(
    "rgb3", ("red", "green", "blue"), [(255, 0, 1), (0, 255, 2), (3, 0, 255)]
)
# Logits are colours divided by this.
SCALE = 16
ALL = Wanted(overlay=True, confidence=True, shares=True)


class ColourEngine:
    """An engine without Keras that records its calls.

    Args:
        size: (H, W) of its training frames, or None.
        any_size: Whether it takes other sizes.
        give_ids: Answer with ids and confidence 100 in place of logits.
    """

    name = "colours"
    num_classes = 3
    batch_size = None

    def __init__(self, size=None, any_size=True, give_ids=False):
        self.size, self.any_size, self.give_ids = size, any_size, give_ids
        self.prepared, self.asked = [], []

    def prepare(self, size, batch_size):
        self.prepared.append((size, batch_size))

    def __call__(self, images):
        assert images.dtype == np.uint8
        self.asked.append(images.shape)
        logits = images.astype(np.float32) / SCALE
        if not self.give_ids:
            return Answer(logits=logits)
        ids = logits.argmax(-1).astype(np.uint8)
        return Answer(ids=ids, confidence=np.full(ids.shape, 100, np.uint8))


def colour_model(size=(None, None), kernel=1):
    """Returns a Keras model with `ColourEngine`'s logits, averaged over a window."""
    import keras

    inputs = keras.Input((*size, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / SCALE)(inputs)
    convolution = keras.layers.Conv2D(
        3, kernel, padding="same", use_bias=False, name="one"
    )
    model = keras.Model(inputs, convolution(x), name="colours")
    weights = np.eye(3, dtype=np.float32)[None, None] / kernel**2
    convolution.set_weights([np.tile(weights, (kernel, kernel, 1, 1))])
    return model


def picture(ids) -> np.ndarray:
    """Returns (H, W, 3) uint8: a picture of pixels with the classes `ids`."""
    return COLOURS[np.asarray(ids)]


def random_picture(height, width, seed=0) -> np.ndarray:
    """Returns (H, W, 3) uint8 noise."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), np.uint8)


def predict_all(sources, out, wanted=ALL, engine=None, **options):
    """Returns the summary of `predict_files` with every output, and what it said."""
    said = []
    summary = predict_files(
        engine or ColourEngine(),
        sources,
        out,
        wanted,
        classes=CLASSES,
        say=said.append,
        **options,
    )
    return summary, said
