"""Runs SavedModels in TensorFlow, the one runtime that needs the full install."""

import os
from pathlib import Path

import numpy as np

from segnet.runtimes.facts import KEY, FileFacts
from segnet.runtimes.images import image_input
from segnet.runtimes.opened import OpenedFile, needing, reading

PACKAGE = "tensorflow"
FACTS = Path("assets.extra") / f"{KEY}.json"
SIGNATURE = "serving_default"
MAX_FACTS_BYTES = 1_000_000


class SavedModel(OpenedFile):
    """The folder of a SavedModel in TensorFlow, on the processor.

    TensorFlow runs whatever operations the folder holds, those that read and write
    files as well: open only what you trust.

    Args:
        path: The folder.
        threads: Threads of one run; None for one a core. TensorFlow takes one number
            for the whole process, before its first operation.
        size: (H, W) for a folder of others that leaves it open.

    Raises:
        ValueError: The folder is damaged or takes no images, TensorFlow is missing or
            has started with other threads.
    """

    def __init__(
        self,
        path: Path,
        threads: int | None = None,
        size: tuple[int, int] | None = None,
    ):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with needing(path, PACKAGE):
            import tensorflow as tf
        if threads:
            _set_threads(tf, path, threads)
        facts = read_facts(path)
        with reading(path, "SavedModel"), tf.device("CPU"):
            loaded = tf.saved_model.load(str(path))
            function = loaded.signatures[SIGNATURE]
            (spec,) = function.structured_input_signature[1].values()
            axes = spec.shape.as_list()
            dtype = spec.dtype.as_numpy_dtype
        if dtype not in (np.uint8, np.float32):
            raise ValueError(
                f"{path}: its input is {np.dtype(dtype)}, expected uint8 or float32"
            )
        image = image_input(path, spec.name, axes, dtype, size)
        super().__init__(path, f"{PACKAGE} {tf.__version__}", facts, image)
        # Its variables live as long as it does.
        self._loaded, self._function, self._tf = loaded, function, tf

    def _run(self, feed: np.ndarray) -> dict[str, np.ndarray]:
        with self._tf.device("CPU"):
            found = self._function(**{self._image.name: self._tf.constant(feed)})
        return {name: values.numpy() for name, values in found.items()}


def _set_threads(tf, path: Path, threads: int) -> None:  # type: ignore[no-untyped-def]
    config = tf.config.threading
    try:
        config.set_intra_op_parallelism_threads(threads)
        config.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        if config.get_intra_op_parallelism_threads() != threads:
            raise ValueError(
                f"{path}: TensorFlow has started without {threads} threads; open the "
                f"file before anything else uses it, in a process of its own"
            ) from None


def read_facts(path: Path) -> FileFacts | None:
    """Returns the facts in the folder of a SavedModel, None where segnet wrote none.

    Raises:
        ValueError: They are damaged.
    """
    file = path / FACTS
    if not file.is_file():
        return None
    if file.stat().st_size > MAX_FACTS_BYTES:
        raise ValueError(f"{file}: {file.stat().st_size:,} bytes are no facts")
    return FileFacts.from_text(file.read_text(encoding="utf-8", errors="replace"), path)
