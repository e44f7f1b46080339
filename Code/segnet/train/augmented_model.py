"""Training on frames that the accelerator augments itself, inside the step."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import keras
import numpy as np
from keras import ops

from segnet.data.batches import Batches
from segnet.data.batches.camera_noise import Noise
from segnet.data.batches.two_stores import TwoStoreBatches
from segnet.losses.base import Tensor
from segnet.train.device_warp import add_noise, cutmix, warp_images, warp_labels

SAME_COLOUR = np.eye(3, 4)
NO_NOISE = Noise(0.0, 0, 0)


def augments_on_device(place: str) -> bool:
    """Returns whether frames are augmented on the device.

    Args:
        place: "cpu", "device", or "auto": on the device if it is no CPU.
    """
    if place != "auto":
        return place == "device"
    # Each backend has its own words for a device, but all of them call a CPU so.
    return "cpu" not in device_name().lower()


def device_name() -> str:
    """Returns the device that computes, in the words of the backend."""
    return str(ops.zeros(1).device).rpartition("device:")[2]


class DeviceBatches:
    """`batches(epoch, index)` -> inputs and targets of an `AugmentedModel`.

    The inputs are a dictionary of `images` (B, H, W, 3) uint8 as stored, `matrix`
    (B, 2, 3), `colour` (B, 3, 4) and `noise` (B, 3) float32 and `patches` (B, 4)
    int32; the targets are labels (B, H, W) uint8 as stored.

    Args:
        batches: Decides which frames, and how they are augmented.
    """

    def __init__(self, batches: Batches | TwoStoreBatches):
        self._batches = batches
        self.batch_size = batches.batch_size

    def __len__(self) -> int:
        return len(self._batches)

    def __call__(
        self, epoch: int, index: int, rows: Sequence[int] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Returns inputs and targets; arguments and errors as for `Batches`."""
        samples = self._batches.samples(epoch, index, rows)
        transforms = [sample.transform for sample in samples]
        colours = [t.colour for t in transforms]
        colours = [SAME_COLOUR if colour is None else colour for colour in colours]
        noises = [astuple(t.noise or NO_NOISE) for t in transforms]
        inputs = {
            "images": np.stack([s.image for s in samples]),  # (B, H, W, 3)
            "matrix": np.array([t.matrix for t in transforms], np.float32),  # (B, 2, 3)
            "colour": np.array(colours, np.float32),  # (B, 3, 4)
            "noise": np.array(noises, np.float32),  # (B, 3)
            "patches": np.array([s.patch for s in samples], np.int32),  # (B, 4)
        }
        return inputs, np.stack([s.labels for s in samples])  # (B, H, W)


class AugmentedModel(keras.Model):
    """A network that augments its training frames first; it shares the weights.

    Args:
        network: Takes images (B, h, w, 3) uint8.
        batches: Gives the sizes, the range of scales and the id of void.
    """

    def __init__(self, network: keras.Model, batches: Batches | TwoStoreBatches):
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
        images = _Augment(batches.size, shrinks, noisy)(inputs)  # (B, h, w, 3)
        super().__init__(inputs, network(images), name=f"augmented_{network.name}")
        self.network = network
        self._size = batches.size
        self._void = batches.void

    def get_layer(
        self, name: str | None = None, index: int | None = None
    ) -> keras.layers.Layer:
        """Returns a layer of the network."""
        return self.network.get_layer(name, index)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        """Returns the loss against labels that are warped as the images are."""
        # PyTorch's `test_on_batch` hands NumPy arrays through.
        matrix, patches = (ops.convert_to_tensor(x[k]) for k in ("matrix", "patches"))

        def augmented(labels: Tensor) -> Tensor:
            labels = warp_labels(labels, matrix, self._size, self._void)  # (B, h, w)
            return cutmix(labels[..., None], patches)[..., 0]  # (B, h, w)

        y = keras.tree.map_structure(augmented, y)
        return super().compute_loss(x, y, y_pred, sample_weight, training)


class _Augment(keras.layers.Layer):
    """The inputs of an `AugmentedModel` -> images (B, h, w, 3) uint8."""

    def __init__(self, size: tuple[int, int], shrinks: bool, noisy: bool):
        super().__init__(name="augment", dtype="float32")
        self._size = size
        self._shrinks = shrinks
        self._noisy = noisy

    def call(self, inputs: dict[str, Tensor]) -> Tensor:
        images, matrix, colour = (inputs[k] for k in ("images", "matrix", "colour"))
        images = warp_images(images, matrix, colour, self._size, self._shrinks)
        if self._noisy:
            images = add_noise(images, inputs["noise"])  # (B, h, w, 3)
        return cutmix(images, inputs["patches"])  # (B, h, w, 3)

    def compute_output_spec(self, inputs: dict[str, Tensor]) -> keras.KerasTensor:
        return keras.KerasTensor((None, *self._size, 3), "uint8")
