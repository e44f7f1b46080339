"""Runs ONNX files in ONNX Runtime."""

from pathlib import Path

import numpy as np

from segnet.runtimes.facts import KEY, FileFacts
from segnet.runtimes.images import image_input
from segnet.runtimes.opened import OpenedFile, needing, only_image, reading

PACKAGE = "onnxruntime"
DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
FATAL = 4


class OnnxFile(OpenedFile):
    """An ONNX file in ONNX Runtime, on the processor.

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
            import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        # What is an error here is raised as well.
        options.log_severity_level = FATAL
        with reading(path, "ONNX file"):
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            text = session.get_modelmeta().custom_metadata_map.get(KEY)
        inputs = session.get_inputs()
        only_image(path, [(one.name, one.type, one.type in DTYPES) for one in inputs])
        (entry,) = inputs
        image = image_input(path, entry.name, entry.shape, DTYPES[entry.type], size)
        facts = None if text is None else FileFacts.from_text(text, path)
        name = f"{PACKAGE} {onnxruntime.__version__}"
        super().__init__(path, name, facts, image)
        self._session = session
        self._outputs = [output.name for output in session.get_outputs()]

    def _run(self, feed: np.ndarray) -> dict[str, np.ndarray]:
        found = self._session.run(None, {self._image.name: feed})
        return dict(zip(self._outputs, found, strict=True))
