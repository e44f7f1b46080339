"""Networks in ONNX Runtime on one thread: conversion, and a call that can be timed.

Needs the optional packages of `pip install -e '.[export]'`; nothing else here does.
"""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

PACKAGES = ("onnx", "tf2onnx", "onnxruntime")
# Old enough for every engine of the last years, new enough for a 3x3 convolution.
OPSET, IR_VERSION = 17, 8


def require_packages() -> None:
    """Nothing where ONNX Runtime and the converter are installed, else an error.

    Raises:
        ValueError: Naming what is missing and how to get it.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"{', '.join(missing)} not installed; the engine is optional: "
            f"pip install -e '.[export]' in a clone of segnet"
        )


def write_network(model: keras.Model, path: str | Path) -> None:
    """Writes a network as ONNX, for one image of its size at a time."""
    spec = keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype=model.input.dtype)
    with warnings.catch_warnings():
        # Keras asks NumPy for a name that NumPy 2 announces anew.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(str(path), format="onnx", verbose=False, input_signature=[spec])


def write_convolution(path: str | Path, height: int, width: int, channels: int) -> int:
    """Writes one dense 3x3 convolution as ONNX and returns its MACs.

    Made without Keras, in the engine's own axis order: converting it from channels
    last would put two transpositions around it.
    """
    from onnx import TensorProto, helper, numpy_helper, save

    shape = (channels, channels, 3, 3)
    kernel = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    image = (1, channels, height, width)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[1, 1, 1, 1])],
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, image)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, image)],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    opset = helper.make_opsetid("", OPSET)
    save(
        helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION),
        str(path),
    )
    return kernel.size * height * width


def open_call(path: str | Path) -> Callable[[], np.ndarray]:
    """Returns a call without arguments: one run on one thread, on fixed random input.

    Args:
        path: An ONNX file with one input of fixed shape, uint8 or float32.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    (entry,) = session.get_inputs()
    rng = np.random.default_rng(0)
    if entry.type == "tensor(uint8)":
        values = rng.integers(0, 256, entry.shape, dtype=np.uint8)
    else:
        values = rng.normal(size=entry.shape).astype(np.float32)
    return lambda: session.run(None, {entry.name: values})[0]


def engine_name() -> str:
    """The engine and its version."""
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}"
