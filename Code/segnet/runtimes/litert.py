"""Runs TensorFlow Lite files in LiteRT, without TensorFlow."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from segnet.runtimes.facts import FileFacts
from segnet.runtimes.images import image_input
from segnet.runtimes.opened import OpenedFile, needing, only_image, reading
from segnet.system.files import BROKEN
from segnet.system.quiet import quiet

PACKAGE = "ai-edge-litert"
DTYPES = (np.uint8, np.float32)
# The parts of the zip archive behind the network.
METADATA, LABELS = "metadata.json", "labels.txt"
# A class map has at most 255 classes.
MAX_METADATA_BYTES = 1_000_000


class LiteRTFile(OpenedFile):
    """A `.tflite` file in LiteRT, on the processor.

    Args:
        path: The file.
        threads: Threads of one run; None for one a core.
        size: (H, W) for a file of others that leaves it open.

    Raises:
        ValueError: The file is damaged or takes no images, or the runtime is missing.
    """

    def __init__(
        self,
        path: Path,
        threads: int | None = None,
        size: tuple[int, int] | None = None,
    ):
        with needing(path, PACKAGE):
            from ai_edge_litert import interpreter as litert
        from importlib.metadata import version

        facts = read_facts(path)
        with reading(path, "TensorFlow Lite file"), quiet():
            interpreter = litert.Interpreter(
                str(path), num_threads=threads or os.cpu_count() or 1
            )
            inputs = interpreter.get_input_details()
            signatures = interpreter.get_signature_list()
        only_image(
            path,
            [
                (one["name"], str(np.dtype(one["dtype"])), one["dtype"] in DTYPES)
                for one in inputs
            ],
        )
        (entry,) = inputs
        name, axes = entry["name"], [int(n) for n in entry["shape_signature"]]
        self._runner = None
        with reading(path, "TensorFlow Lite file"):
            if len(signatures) == 1:
                # Tensors have the names of TensorFlow's graph, signatures ours.
                ((key, signature),) = signatures.items()
                (name,) = signature["inputs"]
        image = image_input(path, name, axes, entry["dtype"], size)
        with reading(path, "TensorFlow Lite file"), quiet():
            if any(n < 1 for n in axes):
                interpreter.resize_tensor_input(entry["index"], image.axes)
            interpreter.allocate_tensors()
            if len(signatures) == 1:
                self._runner = interpreter.get_signature_runner(key)
        super().__init__(path, f"{PACKAGE} {version(PACKAGE)}", facts, image)
        self._interpreter, self._index = interpreter, entry["index"]

    def _run(self, feed: np.ndarray) -> dict[str, np.ndarray]:
        if self._runner is not None:
            return self._runner(**{self._image.name: feed})
        self._interpreter.set_tensor(self._index, feed)
        self._interpreter.invoke()
        return {
            one["name"]: self._interpreter.get_tensor(one["index"])
            for one in self._interpreter.get_output_details()
        }


def read_facts(path: Path) -> FileFacts | None:
    """Returns the facts in the archive behind a network, None where segnet wrote none.

    Raises:
        ValueError: The archive is damaged.
    """
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            if METADATA not in archive.namelist():
                return None
            part = archive.getinfo(METADATA)
            if part.file_size > MAX_METADATA_BYTES:
                raise ValueError(f"its {METADATA} has {part.file_size:,} bytes")
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # The others may ask for gigabytes before the first byte comes.
                raise ValueError(f"its {METADATA} is compressed in an unusual way")
            text = archive.read(METADATA).decode()
            content = json.loads(text)
    except (*BROKEN, KeyError, RecursionError) as error:
        raise ValueError(f"{path}: its facts are damaged: {error}") from error
    # Other exporters write a part of this name as well.
    if not isinstance(content, dict) or "class_map" not in content:
        return None
    return FileFacts.from_text(text, path)
