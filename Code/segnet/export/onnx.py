"""Writes a network as ONNX, the file format of ONNX Runtime and others.

Needs the optional packages of `pip install -e '.[export]'`.
"""

import warnings
from importlib.util import find_spec
from pathlib import Path

import keras

PACKAGES = ("onnx", "tf2onnx", "onnxruntime")
# Old enough for every engine of recent years; a 3x3 convolution needs nothing newer.
OPSET, IR_VERSION = 17, 8


def require_packages() -> None:
    """Checks that ONNX Runtime and the converter are installed.

    Raises:
        ValueError: A package is missing; the message names it and its installation.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"{', '.join(missing)} not installed; the engine is optional: "
            f"pip install -e '.[export]' in a clone of segnet"
        )


def write_network(model: keras.Model, path: str | Path) -> None:
    """Writes a network as ONNX for one image of its input size at a time."""
    spec = keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype=model.input.dtype)
    with warnings.catch_warnings():
        # Keras asks NumPy 2 for a name that raises a FutureWarning.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(str(path), format="onnx", verbose=False, input_signature=[spec])
