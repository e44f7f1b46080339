"""Makes an ONNX file smaller: 8-bit integers, or weights in float16."""

from pathlib import Path
from typing import Any

import numpy as np

from segnet.export.calibration import Calibration
from segnet.export.function import INPUT

# With the operators between the convolutions a file stays in 8 bits all the way. Each
# input has a scale of its own, so branches of an Add or a Concat do not share one.
QUANTISED = ["Conv", "Gemm", "MatMul", "Add", "Concat", "Relu"]
QUANTISED += ["MaxPool", "AveragePool", "Resize"]


def quantise(path: Path, calibration: Calibration) -> None:
    """Rewrites an ONNX file with 8-bit integers, calibrated on frames.

    Static, signed, with quantisation and dequantisation as nodes of their own (QDQ);
    weights have a scale for each channel. The last convolution and what follows it,
    logits and the last resize, stay in float32.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._images = calibration.images()

        def get_next(self) -> dict[str, np.ndarray] | None:
            images = next(self._images, None)
            return None if images is None else {INPUT: images}

    prepared = path.with_name(f"{path.stem}.prepared.onnx")
    try:
        # Shapes are fixed: nothing symbolic to infer.
        quant_pre_process(path, prepared, skip_symbolic_shape=True)
        kept = kept_in_float(onnx.load(str(prepared)).graph)
        quantize_static(
            prepared,
            path,
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED,
            nodes_to_exclude=kept,
            per_channel=True,
            reduce_range=calibration.reduce_range,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        prepared.unlink(missing_ok=True)


def kept_in_float(graph: Any) -> list[str]:
    """Returns the names of the last convolution and of all nodes behind it."""
    last = max(
        (n for n, node in enumerate(graph.node) if node.op_type == "Conv"),
        default=len(graph.node),
    )
    return [node.name for node in graph.node[last:]]


def halve(path: Path) -> None:
    """Rewrites an ONNX file with weights in float16; the arithmetic stays float32."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    proto = onnx.load(str(path))
    graph = proto.graph
    for tensor in [t for t in graph.initializer if t.data_type == TensorProto.FLOAT]:
        array = numpy_helper.to_array(tensor)
        if array.ndim < 2:
            continue
        name = f"{tensor.name}/float16"
        graph.initializer.remove(tensor)
        graph.initializer.append(
            numpy_helper.from_array(array.astype(np.float16), name)
        )
        cast = helper.make_node(
            "Cast", [name], [tensor.name], f"{name}/cast", to=TensorProto.FLOAT
        )
        graph.node.insert(0, cast)
    onnx.save(proto, str(path))
