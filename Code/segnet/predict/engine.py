"""Engines that predict a batch of images: a Keras network or another runtime."""

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from segnet.classes import CLASS_MAPS, ClassMap
from segnet.predict.enlarging import Answer
from segnet.runtimes.opening import format_of, open_runtime
from segnet.runtimes.runtime import Runtime

if TYPE_CHECKING:
    import keras

# A photograph of each side up, and some of another camera.
SIZES_KEPT = 4


class Engine(Protocol):
    """From uint8 images to an answer for each pixel, on whatever runtime.

    Attributes:
        name: For messages.
        num_classes: K.
        size: (H, W) of the training frames, None where it is not known.
        any_size: Whether images of other sizes are taken as well.
        batch_size: Images at a time where a file has fixed their number, else None.
    """

    name: str
    num_classes: int
    size: tuple[int, int] | None
    any_size: bool
    batch_size: int | None

    def prepare(self, size: tuple[int, int], batch_size: int) -> None:
        """Gets ready for a batch of (H, W) `size`, which takes seconds once."""

    def __call__(self, images: np.ndarray) -> Answer:
        """Returns the answer for (B, H, W, 3) uint8 RGB images.

        Raises:
            ValueError: The size is none that is taken, or the answer is no number.
        """


class FileEngine:
    """An exported file in its runtime.

    Args:
        runtime: The opened file.

    Attributes:
        class_map: Its classes.
        runtime: Name and version of the runtime.
        facts: What the file says about itself.

    Raises:
        ValueError: Another program wrote the file, so its outputs are not known.
    """

    any_size = False

    def __init__(self, runtime: Runtime):
        self.name, self._runtime = str(runtime.path), runtime
        if runtime.facts is None:
            raise ValueError(
                f"{self.name} does not say what its classes are; predict with a file "
                f"that `segnet export` wrote"
            )
        self.runtime, self.facts = runtime.name, runtime.facts
        self.class_map = runtime.facts.class_map
        self.num_classes = self.class_map.num_classes
        self.batch_size, *size = runtime.shape
        self.size = tuple(size)

    def prepare(self, size: tuple[int, int], batch_size: int) -> None:
        """Does nothing: the file was compiled when it was opened."""

    def __call__(self, images: np.ndarray) -> Answer:
        if images.shape[1:3] != self.size:
            raise ValueError(
                f"{self.name} takes {self.size[0]}x{self.size[1]} only, not "
                f"{images.shape[1]}x{images.shape[2]}"
            )
        parts = []
        for start in range(0, len(images), self.batch_size):
            batch = images[start : start + self.batch_size]
            missing = self.batch_size - len(batch)
            filled = np.concatenate([batch, batch[-1:].repeat(missing, 0)])
            outputs = self._runtime.run(filled).items()
            parts.append({name: found[: len(batch)] for name, found in outputs})
        whole = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        return Answer(
            whole.get("logits"), whole.get("classes"), whole.get("confidence")
        )


class KerasEngine:
    """A Keras network, built once for each size of image.

    Args:
        model: From (B, H, W, 3) uint8 to logits (B, h, w, K); networks of this package
            are built again for other sizes than their own, the last 4 are kept.
        name: For messages; the model's own by default.

    Raises:
        ValueError: The model takes or gives something else.
    """

    batch_size = None

    def __init__(self, model: "keras.Model", name: str | None = None):
        from segnet.models import MODELS

        self.name = name or model.name
        takes, gives = (
            getattr(model, f"{end}_shape", None) for end in ("input", "output")
        )
        if not (_is_image(takes) and takes[-1] == 3 and _is_image(gives)):
            raise ValueError(
                f"{self.name}: from {takes} to {gives}, expected from RGB images "
                f"(B, H, W, 3) to logits (B, H, W, K)"
            )
        self.num_classes = gives[-1]
        self.size = None if None in takes[1:3] else takes[1:3]
        self.any_size = self.size is None or model.name in MODELS
        self._model = model
        self._built = OrderedDict()
        self._ready = set()

    def prepare(self, size: tuple[int, int], batch_size: int) -> None:
        if (size, batch_size) in self._ready:
            return
        # The first call compiles.
        self._at(size).predict_on_batch(np.zeros((batch_size, *size, 3), np.uint8))
        self._ready.add((size, batch_size))

    def __call__(self, images: np.ndarray) -> Answer:
        logits = np.asarray(self._at(images.shape[1:3]).predict_on_batch(images))
        if np.isnan(logits.min()):
            raise ValueError(f"{self.name} answers with nan; its weights are damaged")
        return Answer(logits=logits)

    def _at(self, size: tuple[int, int]) -> "keras.Model":
        from segnet.models.build import at_size

        if size not in self._built:
            self._built[size] = at_size(self._model, size)
            while len(self._built) > SIZES_KEPT:
                old, _ = self._built.popitem(last=False)
                self._ready = {one for one in self._ready if one[0] != old}
        self._built.move_to_end(size)
        return self._built[size]


def _is_image(shape) -> bool:
    """Returns whether a shape is (B, H, W, C) with known C."""
    return isinstance(shape, tuple) and len(shape) == 4 and shape[-1] is not None


def open_engine(model: str | Path) -> Engine:
    """Returns the engine of an exported file, a run folder, a file or shipped weights.

    Args:
        model: What `segnet.runs.loading.find_weights` takes.

    Raises:
        FileNotFoundError: There is no such model.
        ValueError: The file is damaged, or no network from images to logits.
    """
    if format_of(model) is not None:
        return FileEngine(open_runtime(model))
    from segnet.runs.loading import load

    return KerasEngine(load(model), str(model))


def find_class_map(
    model: str | Path | FileEngine | None, classes: ClassMap | str | Path | None = None
) -> ClassMap:
    """Returns the class map by which a model's ids are named and drawn.

    Args:
        model: What `segnet.runs.loading.find_weights` takes, an opened file, or None
            for a network in memory.
        classes: A class map, its file, or the name of one of this package; None for
            what the model says itself.

    Raises:
        FileNotFoundError: There is no such model or file.
        ValueError: The model does not say it, or the file is damaged.
    """
    if isinstance(classes, ClassMap):
        return classes
    if classes is not None:
        return CLASS_MAPS.get(str(classes)) or ClassMap.load(classes)
    if model is None:
        raise ValueError("a network in memory needs `classes`, its class map")
    if isinstance(model, FileEngine):
        return model.class_map
    from segnet.runs.loading import class_map_of

    return class_map_of(model)
