"""Training on frames that the accelerator changes itself, inside the step."""

from dataclasses import astuple

import keras
import numpy as np
from keras import ops

from segnet.data.batches import Batches
from segnet.data.batches.camera_noise import Noise
from segnet.train.device_warp import add_noise, mix, move_images, move_labels

IDENTITY = np.eye(3, 4)
SILENCE = Noise(0.0, 0, 0)


def augments_on_device(place: str) -> bool:
    """Returns whether frames are changed on the device; "auto": if it is no CPU."""
    if place != "auto":
        return place == "device"
    # Each backend has its own words for a device, but all of them call a CPU so.
    return "cpu" not in str(ops.zeros(1).device).lower()


class DeviceBatches:
    """`batches(epoch, index)` -> what an `AugmentedModel` takes for that batch.

    The inputs are a dictionary of `images` (B, H, W, 3) uint8 as stored, `matrix`
    (B, 2, 3), `colour` (B, 3, 4) and `noise` (B, 3) float32 and `patches` (B, 4)
    int32; the targets are labels (B, H, W) uint8 as stored.

    Args:
        batches: Decides which frames, and what happens to them.
    """

    def __init__(self, batches: Batches):
        self._batches = batches

    def __call__(self, epoch: int, index: int) -> tuple[dict, np.ndarray]:
        draft = self._batches.draft(epoch, index)
        colours = [change.colour for change in draft.changes]
        colours = [IDENTITY if colour is None else colour for colour in colours]
        noises = [change.noise or SILENCE for change in draft.changes]
        inputs = {
            "images": np.stack([image for image, _ in draft.frames]),
            "matrix": np.float32([change.matrix for change in draft.changes]),
            "colour": np.float32(colours),
            "noise": np.float32([astuple(noise) for noise in noises]),
            "patches": draft.patches,
        }
        return inputs, np.stack([labels for _, labels in draft.frames])


class AugmentedModel(keras.Model):
    """A network that trains on frames which it changes first; shares its weights.

    Args:
        network: Takes images (B, h, w, 3) uint8.
        batches: Tells the sizes, the range of scales and the id of void.
    """

    def __init__(self, network: keras.Model, batches: Batches):
        shapes = {
            "images": (*batches.split.size, 3),
            "matrix": (2, 3),
            "colour": (3, 4),
            "noise": (3,),
            "patches": (4,),
        }
        dtypes = {"images": "uint8", "patches": "int32"}
        inputs = {
            name: keras.Input(shape, dtype=dtypes.get(name, "float32"), name=name)
            for name, shape in shapes.items()
        }
        shrinks = batches.augmentation.scale[0] < 1
        noisy = batches.augmentation.noise > 0
        images = _Moved(batches.size, shrinks, noisy)(inputs)
        super().__init__(inputs, network(images), name=f"augmented_{network.name}")
        self._network = network
        self._size = batches.size
        self._void = batches.void

    def get_layer(self, name=None, index=None):
        """Returns a layer of the network."""
        return self._network.get_layer(name, index)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Returns the loss against labels that are moved as the images are."""
        # PyTorch's `test_on_batch` hands NumPy arrays through.
        matrix, patches = (ops.convert_to_tensor(x[k]) for k in ("matrix", "patches"))

        def moved(labels):
            labels = move_labels(labels, matrix, self._size, self._void)
            return mix(labels[..., None], patches)[..., 0]

        y = keras.tree.map_structure(moved, y)
        return super().compute_loss(x, y, y_pred, sample_weight, training)


class _Moved(keras.layers.Layer):
    """The inputs of an `AugmentedModel` -> images (B, h, w, 3) uint8."""

    def __init__(self, size: tuple[int, int], shrinks: bool, noisy: bool):
        super().__init__(name="augment", dtype="float32")
        self._size = size
        self._shrinks = shrinks
        self._noisy = noisy

    def call(self, inputs):
        images = inputs["images"], inputs["matrix"], inputs["colour"]
        images = move_images(*images, self._size, self._shrinks)
        if self._noisy:
            images = add_noise(images, inputs["noise"])
        return mix(images, inputs["patches"])

    def compute_output_spec(self, inputs):
        return keras.KerasTensor((None, *self._size, 3), "uint8")
