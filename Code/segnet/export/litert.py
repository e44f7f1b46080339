"""Writes a network as LiteRT (`.tflite`), the runtime of phones and small boards."""

import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras

from segnet.export.calibration import Calibration
from segnet.export.function import ANSWER, Network, to_int8_litert, to_litert
from segnet.export.saved_model import write_saved_model
from segnet.models.graph import CONVOLUTIONS
from segnet.runtimes.facts import FileFacts
from segnet.runtimes.litert import LABELS, METADATA


def add_facts(path: str | Path, facts: FileFacts) -> None:
    """Appends `metadata.json` and `labels.txt` to a LiteRT file as a zip archive.

    A runtime reads the file from its start and stops before them.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(METADATA, facts.to_text() + "\n")
        archive.writestr(LABELS, "\n".join(facts.class_map.names) + "\n")


def write_litert(
    network: Network,
    path: str | Path,
    half: bool = False,
    calibration: Calibration | None = None,
) -> None:
    """Writes a network as LiteRT.

    With calibration in 8-bit integers, a scale for each channel of the weights. The
    last convolution and what follows it, logits, the last resize and the answer, stay
    in float32: in 8 bits the sum behind the confidence loses all small numbers.

    Args:
        network: What to write.
        path: The file.
        half: Whether weights are kept in float16.
        calibration: The frames for 8-bit integers; None for float.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_saved_model(network, folder)
        if calibration is None:
            content = to_litert(folder, half)
        else:
            kept = names_in_float(network.model)
            content = to_int8_litert(folder, calibration.images, kept)
    Path(path).write_bytes(content)


def names_in_float(model: keras.Model) -> Callable[[list[str]], list[str]]:
    """Returns a function that chooses the tensors of the last convolution and behind.

    A tensor's name holds those of its layers, each perhaps with a number at its end.
    """
    names = [layer.name for layer in model.layers]
    last = max(
        (n for n, one in enumerate(model.layers) if isinstance(one, CONVOLUTIONS)),
        default=len(names),
    )
    kept = "|".join(map(re.escape, [*names[last:], ANSWER]))
    wanted = re.compile(rf"({kept})(_\d+)?")
    return lambda tensors: [
        name for name in tensors if any(map(wanted.fullmatch, re.split("[/;]", name)))
    ]
