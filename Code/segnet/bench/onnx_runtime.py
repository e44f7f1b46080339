"""ONNX Runtime on one thread: conversion of networks, and calls for timing them.

Needs the optional packages of `pip install -e '.[export]'`; nothing else here does.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from segnet.export.onnx import IR_VERSION, OPSET


def write_convolution(path: str | Path, height: int, width: int, channels: int) -> int:
    """Writes one dense 3x3 convolution as ONNX and returns its MACs.

    Built without Keras in the engine's own axis order, since conversion from channels
    last would add two transpositions.
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
    """Returns the name and version of the engine."""
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}"
