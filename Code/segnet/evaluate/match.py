"""Brings a network and a split together: one frame size, one set of classes."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from segnet.classes import ClassMap
from segnet.classes.mappings import find_mapping
from segnet.data.store import Split
from segnet.metrics import confusion
from segnet.models.build import at_size
from segnet.predict.engine import FileEngine


@dataclass(frozen=True)
class Match:
    """A network that takes the frames of a split, and the classes both are scored in.

    Args:
        model: From images of the split's size to logits (B, H, W, C), or an exported
            file.
        class_map: The K classes that are scored.
        label_ids: (256,) uint8, stored label -> scored class or void.
        prediction_ids: (C,) uint8, predicted class -> scored class, or K for a class
            that is not scored.
    """

    model: keras.Model | FileEngine
    class_map: ClassMap
    label_ids: np.ndarray
    prediction_ids: np.ndarray

    @property
    def name(self) -> str:
        """The name of the network, or that of the exported file."""
        if isinstance(self.model, FileEngine):
            return Path(self.model.name).name
        return self.model.name

    def confusion(self, labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        """Returns the (K, K) confusion matrix of stored labels and predicted classes;
        (K, K+1) where the network can predict what is not scored."""
        num_classes = self.class_map.num_classes
        return confusion(
            self.label_ids[labels],
            self.prediction_ids[predictions],
            num_classes,
            self.class_map.void,
            other=bool((self.prediction_ids == num_classes).any()),
        )

    def shown(self, predictions: np.ndarray) -> np.ndarray:
        """Returns scored class ids of predicted classes, void where not scored."""
        ids = self.prediction_ids[predictions]
        unscored = ids == self.class_map.num_classes
        return np.where(unscored, np.uint8(self.class_map.void), ids)


def match(
    model: keras.Model | FileEngine, frames: Split, mapping: str | None = None
) -> Match:
    """Returns the match of a network and a split.

    Networks of this package are built again, with the same weights, for frames of
    another size than their own.

    Args:
        model: From images to logits, or an exported file.
        frames: A split of a store.
        mapping: Key of `segnet.classes.mappings.MAPPINGS` for a network and a store
            whose classes differ; None when they are the same.

    Raises:
        ValueError: The number of classes or the size does not fit, or the mapping does
            not know the classes of the store or the network.
    """
    if isinstance(model, FileEngine):
        num_classes = model.num_classes
    else:
        num_classes = model.output_shape[-1]
    class_map = frames.store.class_map
    if mapping is not None:
        found = find_mapping(mapping)
        class_map = found.target
        label_ids = found.label_ids(frames.store.class_map)
        prediction_ids = found.prediction_ids(num_classes)
    elif num_classes != class_map.num_classes:
        raise ValueError(
            f"{model.name} has {num_classes} classes, {frames.store.path} has "
            f"{class_map.num_classes} ({class_map.name}); a class mapping such as "
            f"'vkitti-to-cityscapes' can bring them together"
        )
    else:
        label_ids = np.arange(256, dtype=np.uint8)
        prediction_ids = np.arange(num_classes, dtype=np.uint8)
    return Match(_sized(model, frames), class_map, label_ids, prediction_ids)


def _sized(model: keras.Model | FileEngine, frames: Split) -> keras.Model | FileEngine:
    height, width = frames.size
    if isinstance(model, FileEngine):
        if model.size != (height, width):
            raise ValueError(
                f"{model.name} takes {model.size[0]}x{model.size[1]} only, and "
                f"{frames.store.path} has {height}x{width}; export it with --size "
                f"{height} {width}"
            )
        return model
    try:
        return at_size(model, frames.size)
    except ValueError as error:
        raise ValueError(
            f"{error}; {frames.store.path} has {height}x{width}. Prepare a store of "
            f"the model's size or train one on this size"
        ) from None
