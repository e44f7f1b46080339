"""Runs OpenVINO files in OpenVINO."""

from pathlib import Path

import numpy as np

from segnet.runtimes.facts import KEY, FileFacts
from segnet.runtimes.images import image_input
from segnet.runtimes.opened import OpenedFile, needing, only_image, reading

PACKAGE = "openvino"


class OpenVINOFile(OpenedFile):
    """An `.xml` file, its `.bin` beside it, in OpenVINO, on the processor.

    Args:
        path: The `.xml` file.
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
            import openvino
        core = openvino.Core()
        with reading(path, "OpenVINO file"):
            model = core.read_model(str(path))
            known = model.has_rt_info([KEY])
            text = model.get_rt_info([KEY]).astype(str) if known else None
            inputs = [
                (one.get_any_name(), one.get_partial_shape(), one.get_element_type())
                for one in model.inputs
            ]
        only_image(
            path,
            [
                (name, str(kind), kind.get_type_name() in ("u8", "f32"))
                for name, _, kind in inputs
            ],
        )
        name, shape, kind = inputs[0]
        axes = [n.get_length() if n.is_static else None for n in shape]
        image = image_input(path, name, axes, kind.to_dtype(), size)
        facts = None if text is None else FileFacts.from_text(text, path)
        # By default newer processors compute in bfloat16, with other classes.
        properties = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        if threads:
            properties["INFERENCE_NUM_THREADS"] = str(threads)
        with reading(path, "OpenVINO file"):
            if None in axes:
                model.reshape(image.axes)
            compiled = core.compile_model(model, "CPU", properties)
        version = openvino.__version__.partition("-")[0]
        super().__init__(path, f"{PACKAGE} {version}", facts, image)
        self._compiled = compiled

    def _run(self, feed: np.ndarray) -> dict[str, np.ndarray]:
        found = self._compiled([feed])
        return {
            output.get_any_name(): np.array(found[output])
            for output in self._compiled.outputs
        }
