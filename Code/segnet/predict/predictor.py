"""A network that takes any photograph: from Python, and behind `segnet predict`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from segnet.classes import ClassMap
from segnet.predict import sizes
from segnet.predict.engine import (
    Engine,
    FileEngine,
    KerasEngine,
    find_class_map,
    open_engine,
)
from segnet.predict.enlarging import Answer, enlarge, whole_axis
from segnet.predict.photographs import read_photograph, to_rgb
from segnet.predict.prediction import Prediction, small_copy
from segnet.predict.tiling import answer_in_tiles, seen_size, too_large
from segnet.runtimes.formats import format_of

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Photograph:
    """An image on its way through the network.

    Args:
        size: Its own (H, W).
        pixels: (h, w, 3) uint8, as the network sees it.
        picture: (., ., 3) uint8, for overlays.
        answer: What the network says; None before.
    """

    size: tuple[int, int]
    pixels: np.ndarray
    picture: np.ndarray
    answer: Answer | None = None

    @property
    def network_size(self) -> tuple[int, int]:
        """The (h, w) at which the network sees it."""
        return self.pixels.shape[:2]


class Predictor:
    """A trained network that takes photographs of any size and kind.

    Args:
        model: A run folder, a `.keras` file, a `last.npz`, the name of shipped weights,
            an exported file, an `Engine`, or a Keras model from uint8 images to logits.
        size: (H, W) at which the network sees each photograph; by default as many
            pixels as in its training, with the aspect of the photograph.
        classes: A class map, its file or its name, where the model does not say it.
        batch_size: Photographs that the network sees at once; an exported file has its
            own number.
        confidence: Whether that is computed as well.

    Raises:
        FileNotFoundError: There is no such model.
        ValueError: The model is damaged or none from images to logits, its classes are
            not known or not as many, or an argument is out of range.
    """

    def __init__(
        self,
        model: "str | Path | Engine | keras.Model",
        size: tuple[int, int] | None = None,
        classes: ClassMap | str | Path | None = None,
        batch_size: int = 4,
        confidence: bool = True,
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected 1 or more")
        self.size = None if size is None else sizes.check_network_size(size)
        self.batch_size = batch_size
        self.confidence = confidence
        self._filled = set()
        if isinstance(model, str | Path) and format_of(model) is not None:
            model = open_engine(model)
        known = model if isinstance(model, str | Path | FileEngine) else None
        # Before a network is built, which takes seconds.
        self.class_map = find_class_map(known, classes)
        if isinstance(model, str | Path):
            self.engine = open_engine(model)
        else:
            self.engine = model if hasattr(model, "any_size") else KerasEngine(model)
        if self.engine.batch_size is not None:
            self.batch_size = self.engine.batch_size
        if self.engine.num_classes != self.class_map.num_classes:
            raise ValueError(
                f"{self.engine.name} knows {self.engine.num_classes} classes, and "
                f"{self.class_map.name} has {self.class_map.num_classes}"
            )
        own = self.engine.size
        if not self.engine.any_size and self.size not in (None, own):
            raise ValueError(
                f"{self.engine.name} takes {own[0]}x{own[1]} only, not "
                f"{self.size[0]}x{self.size[1]}"
            )

    def __call__(self, image: "str | Path | Image.Image | np.ndarray") -> Prediction:
        """Returns the classes of a photograph.

        Args:
            image: A file, a Pillow image in any mode, or (H, W, 3) uint8 RGB.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: The image is damaged, too large, or no image.
        """
        (seen,) = self.answer([self.load(image)])
        return self.finish(seen)

    def load(self, image: "str | Path | Image.Image | np.ndarray") -> Photograph:
        """Returns a photograph ready for the network; errors as in a call."""
        if isinstance(image, str | Path):
            photograph = read_photograph(image)
        elif isinstance(image, Image.Image):
            photograph = to_rgb(image)
        else:
            photograph = _from_array(image)
        size = photograph.height, photograph.width
        return Photograph(size, self.resized(photograph), small_copy(photograph))

    def resized(self, image: Image.Image) -> np.ndarray:
        """Returns an RGB image as the network sees it, (h, w, 3) uint8."""
        height, width = self.size_for((image.height, image.width))
        if image.height % height == 0 and image.width % width == 0:
            # The area average, as frames are made smaller for training.
            return np.asarray(
                image.reduce((image.width // width, image.height // height))
            )
        way = Image.Resampling.BILINEAR
        return np.asarray(image.resize((width, height), way, reducing_gap=2))

    def size_for(self, size: tuple[int, int]) -> tuple[int, int]:
        """Returns the (h, w) at which the network sees a photograph of (H, W)."""
        if self.size is not None:
            return self.size
        if not self.engine.any_size:
            return self.engine.size
        return sizes.network_size(size, self.engine.size)

    def batch_for(self, size: tuple[int, int]) -> int:
        """Returns how many images of (h, w) the network sees at once."""
        return max(1, min(self.batch_size, sizes.MOST_PIXELS // (size[0] * size[1])))

    def answer(self, photographs: Sequence[Photograph]) -> list[Photograph]:
        """Returns the photographs with the network's answers.

        Args:
            photographs: Of one `network_size`. Each further size of a batch would be
                compiled, so there are two: fewer than a full batch are seen one by one,
                or filled up once a full one was seen.
        """
        size = photographs[0].network_size
        if self._tiled(size):
            answers = [
                answer_in_tiles(self.engine, one.pixels, one.size, self.confidence)
                for one in photographs
            ]
        else:
            together = self._together(size, len(photographs))
            answers = []
            for start in range(0, len(photographs), together):
                batch = [one.pixels for one in photographs[start : start + together]]
                filled = batch + batch[-1:] * (together - len(batch))
                answer = self.engine(np.stack(filled))
                answers += [answer.frame(number) for number in range(len(batch))]
        return [
            replace(one, answer=answer)
            for one, answer in zip(photographs, answers, strict=True)
        ]

    def prepare(self, size: tuple[int, int], count: int) -> None:
        """Builds the network for `count` photographs at once, seen at (h, w) `size`."""
        seen = seen_size(size) if self._tiled(size) else size
        self.engine.prepare(seen, self._together(size, count))

    def _tiled(self, size: tuple[int, int]) -> bool:
        return self.engine.any_size and too_large(size)

    def _together(self, size: tuple[int, int], count: int) -> int:
        batch = self.batch_for(size)
        if self._tiled(size):
            return 1
        if self.engine.batch_size is not None:
            return batch
        if count < batch and size not in self._filled:
            return 1
        self._filled.add(size)
        return batch

    def finish(self, seen: Photograph) -> Prediction:
        """Returns the prediction of an answered photograph, at its own size."""
        rows, columns = (
            whole_axis(count, new)
            for count, new in zip(seen.answer.size, seen.size, strict=True)
        )
        ids, confidence = enlarge(seen.answer, rows, columns, self.confidence)
        return Prediction(ids, confidence, self.class_map, seen.picture)


def _from_array(image: np.ndarray) -> Image.Image:
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f"the image is {image.dtype} {image.shape}, expected uint8 (H, W, 3)"
        )
    if not image.size:
        raise ValueError(f"the image {image.shape} has no pixels")
    sizes.check_size(image.shape[:2])
    return Image.fromarray(np.ascontiguousarray(image))
