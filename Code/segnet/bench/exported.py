"""The files whose latency is measured: of networks in every format, and of others."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import keras

import segnet
from segnet.classes import ClassMap
from segnet.export.formats import WRITERS
from segnet.export.function import Network
from segnet.export.origin import facts_of
from segnet.models import MODELS
from segnet.predict.engine import find_class_map
from segnet.runtimes.facts import CLASSES, LOGITS
from segnet.runtimes.formats import format_of
from segnet.runtimes.seal import seal

# What the network computes up to, and what is left to do after it.
SMALL, FULL, ANSWERS = "small logits", "logits", "classes"
ENDS = (SMALL, FULL, ANSWERS)
RESIZES = (
    keras.layers.Cropping2D,
    keras.layers.UpSampling2D,
    keras.layers.Resizing,
)


@dataclass(frozen=True)
class Candidate:
    """One file to measure.

    Args:
        name: Of the network, or of the file.
        format: Key of `WRITERS`.
        end: One of `ENDS`; "" for a file of others.
        path: The file.
        miou: 0 to 1, as far as it is known.
        scored_on: Split and dataset of `miou`.
    """

    name: str
    format: str
    end: str
    path: Path
    miou: float | None = None
    scored_on: str = ""

    @property
    def key(self) -> str:
        """Distinguishes it from the others."""
        return f"{self.name} {self.format} {self.end}".rstrip()


def installed_formats() -> list[str]:
    """Returns the formats whose converter and runtime are installed."""
    return [
        name
        for name, form in WRITERS.items()
        if all(find_spec(package) for package in form.packages)
    ]


def write_candidates(
    name: str,
    model: keras.Model,
    class_map: ClassMap,
    formats: Iterable[str],
    folder: Path,
    weights: str | Path | None = None,
    progress: Callable[[str], object] = lambda _: None,
) -> Iterator[Candidate]:
    """Writes a network in each format, with each end, and yields the files.

    Args:
        name: For the table.
        model: From images of fixed size to logits.
        class_map: Its classes.
        formats: Keys of `WRITERS`.
        folder: For the files.
        weights: Where the network came from, for its scores.
        progress: Called with a few words before each file.
    """
    small = without_resize(model)
    cuts = {FULL: (model, LOGITS), ANSWERS: (model, CLASSES)}
    if small is not model:
        cuts = {SMALL: (small, LOGITS), **cuts}
    for number, form in enumerate(formats):
        for end, (cut, outputs) in cuts.items():
            progress(f"writing {name} as {form}, up to its {end}")
            facts = facts_of(model, weights, class_map, 1, outputs, "float32")
            writer = WRITERS[form]
            path = folder / f"{len(list(folder.iterdir()))}_{number}{writer.suffix}"
            writer.write(Network(cut, 1, outputs), path, facts, None)
            # Without a seal, a .tflite file runs once on trial before it is opened.
            seal(path)
            scores = facts.scores or {}
            yield Candidate(
                name, form, end, path, scores.get("miou"), _words_of(scores)
            )


def candidate_of(path: Path) -> Candidate:
    """Returns an exported file, or anybody's, as it is.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is none of a known format.
    """
    from segnet.runtimes.opening import open_runtime

    facts = open_runtime(path).facts
    form = format_of(path) or ""
    if facts is None:
        return Candidate(path.name, form, "", path)
    end = ANSWERS if facts.outputs == CLASSES else FULL
    scores = facts.scores or {}
    return Candidate(path.name, form, end, path, scores.get("miou"), _words_of(scores))


def _words_of(scores: dict) -> str:
    if not scores.get("split"):
        return ""
    source = scores.get("source")
    return f"{scores['split']} of {source}" if source else str(scores["split"])


def load_candidate(
    name: str, size: tuple[int, int] | None
) -> tuple[keras.Model, ClassMap]:
    """Returns a trained network and its classes, at a size.

    Args:
        name: What `segnet.load` takes.
        size: (H, W); None for the size of its training.
    """
    model = segnet.load(name, None if size is None else (*size, 3))
    return model, find_class_map(name)


def untrained(name: str, size: tuple[int, int], class_map: ClassMap) -> keras.Model:
    """Returns a network with random weights, for its time alone."""
    return MODELS[name](input_shape=(*size, 3), num_classes=class_map.num_classes)


def without_resize(model: keras.Model) -> keras.Model:
    """Returns a network up to the logits before its last resize, or itself."""
    tensor = model.output
    layer = model.layers[-1]
    while isinstance(layer, RESIZES):
        tensor = layer.input
        (node,) = layer._inbound_nodes  # Keras has no public way to the layer before.
        layer = node.parent_nodes[0].operation
    if tensor is model.output:
        return model
    return keras.Model(model.input, tensor, name=model.name)
