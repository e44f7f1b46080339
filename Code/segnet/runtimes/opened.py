"""What all runtimes share: checked images in, checked outputs out, one sentence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from segnet.runtimes.facts import LOGITS, FileFacts
from segnet.runtimes.images import ImageInput, check_facts

# The types of the outputs by name.
DTYPES = {"classes": np.uint8, "confidence": np.uint8, "logits": np.float32}


class OpenedFile:
    """The part of a runtime that is the same for all; see `segnet.runtimes.Runtime`.

    A sub-class runs the file in `_run`.

    Args:
        path: The file or folder.
        name: Runtime and version.
        facts: What the file says about itself, or None.
        image: Its input.

    Raises:
        ValueError: The facts contradict the input.
    """

    def __init__(
        self, path: Path, name: str, facts: FileFacts | None, image: ImageInput
    ):
        check_facts(path, facts, image)
        self.path, self.name, self.facts = path, name, facts
        self.shape = image.shape
        self._image = image

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the outputs for (B, H, W, 3) uint8 RGB images.

        Returns:
            `classes` (B, H, W) uint8 and `confidence` (B, H, W) uint8, 255 for
            certain; or `logits` (B, H, W, K) float32. Of a file that segnet did not
            write: its outputs as they are, by their names.

        Raises:
            ValueError: The images have another shape or type, the file cannot be run,
                or an output is none that its facts announce.
        """
        feed = self._image.feed(images, self.path)
        try:
            found = self._run(feed)
        # The runtimes raise a dozen types.
        except Exception as error:
            raise ValueError(f"{self.path} cannot be run: {first_line(error)}") from (
                error
            )
        if self.facts is not None:
            self._check(found, self.facts)
        return found

    def _run(self, feed: np.ndarray) -> dict[str, np.ndarray]:
        raise NotImplementedError

    def _check(self, found: dict[str, np.ndarray], facts: FileFacts) -> None:
        num_classes = facts.class_map.num_classes
        for name in facts.outputs.split(","):
            shape = (*self.shape, num_classes) if name == LOGITS else self.shape
            values, dtype = found.get(name), np.dtype(DTYPES[name])
            if values is None:
                raise ValueError(
                    f"{self.path}: damaged: it has no output {name!r}, only "
                    f"{', '.join(map(repr, found))}"
                )
            if values.shape != shape or values.dtype != dtype:
                raise ValueError(
                    f"{self.path}: damaged: its output {name!r} is {values.dtype} "
                    f"{values.shape}, expected {dtype} {shape}"
                )
        if facts.outputs == LOGITS:
            # Not a number anywhere makes the lowest one not a number.
            if np.isnan(found[LOGITS].min()):
                raise ValueError(
                    f"{self.path} answers with nan; its weights are damaged"
                )
            return
        highest = int(found["classes"].max())
        if highest >= num_classes:
            raise ValueError(
                f"{self.path} answers with class {highest}, and "
                f"{facts.class_map.name} has 0 to {num_classes - 1}; export it again"
            )


def only_image(path: Path, inputs: Sequence[tuple[str, str, bool]]) -> None:
    """Refuses a file that takes anything but one array of uint8 or float32.

    Args:
        path: The file, for the message.
        inputs: Name, type in words and whether that type will do, of each input.

    Raises:
        ValueError: Naming what the file takes.
    """
    if len(inputs) == 1 and inputs[0][2]:
        return
    found = ", ".join(f"{kind} {name!r}" for name, kind, _ in inputs) or "none"
    raise ValueError(
        f"{path}: its inputs are {found}, expected one of uint8 or float32"
    )


@contextmanager
def needing(path: Path, package: str) -> Iterator[None]:
    """Turns the ImportError of a runtime that is not installed into a sentence.

    Args:
        path: The file, for the message.
        package: Name by which pip installs the runtime.

    Raises:
        ValueError: The block raised ImportError.
    """
    try:
        yield
    except ImportError as error:
        raise ValueError(
            f"{path} needs {package}, which is not installed ({error}): pip install "
            f"{package}, or pip install -e '.[export]' in a clone of segnet"
        ) from error


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turns whatever a runtime raises for a damaged file into a sentence.

    Args:
        path: The file, for the message.
        kind: The format in words, such as "ONNX file".

    Raises:
        ValueError: The block raised an exception.
    """
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"{path}: damaged, or no {kind} ({first_line(error)})"
        ) from error


def first_line(error: Exception) -> str:
    """Returns the first line of an error's text, or its type where it has none."""
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__)[:300]
