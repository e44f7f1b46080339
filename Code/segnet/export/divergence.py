"""Finds the layer at which a written file diverges from Keras."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from segnet.export.function import INPUT, LAYERS, Network
from segnet.runtimes.saved_model import SIGNATURE

# Relative error of a layer's output above which it diverges. Rounding to 8 bits adds
# up over dozens of layers, so its bound is wide.
BOUNDS = {"float32": 1e-3, "float16": 2e-2, "int8": 0.5}


@dataclass(frozen=True)
class LayerError:
    """The error of one layer's output.

    Args:
        name: Of the layer.
        kind: Its class, such as "Conv2D".
        error: Root mean square of the difference, divided by that of Keras' output;
            inf where the file returns no number.
    """

    name: str
    kind: str
    error: float


def with_all_layers(model: keras.Model) -> keras.Model:
    """Returns a model whose outputs are those of all layers, in order of computation.

    Of a layer that is used more than once it is the first output; layers that return
    several arrays are left out.
    """
    outputs = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        try:
            output = layer.output
        except (AttributeError, ValueError):
            continue
        if isinstance(output, keras.KerasTensor):
            outputs[layer.name] = output
    return keras.Model(model.input, outputs, name=model.name)


def layer_errors(
    model: keras.Model,
    batch_size: int,
    write: Callable[[Network, Path], None],
    path: Path,
    images: np.ndarray,
) -> list[LayerError]:
    """Returns the error of each layer of a network, in order of computation.

    The network is written once more, with an output for each layer.

    Args:
        model: As it was written.
        batch_size: B.
        write: Writes a network as the file in question was written.
        path: Where to, a temporary file or folder.
        images: (B, H, W, 3) uint8.
    """
    layered = with_all_layers(model)
    write(Network(layered, batch_size, LAYERS), path)
    found = read_outputs(path, images)
    expected = layered.predict_on_batch(images)
    errors = []
    for name, array in expected.items():
        kind = type(model.get_layer(name)).__name__
        errors.append(LayerError(name, kind, relative_error(found[name], array)))
    return errors


def first_divergence(errors: list[LayerError], precision: str) -> LayerError | None:
    """Returns the first layer whose error is above its bound, None without any."""
    return next((e for e in errors if not e.error <= BOUNDS[precision]), None)


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Returns the root mean square of the difference, divided by that of `expected`."""
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    expected = np.asarray(expected, np.float64)
    scale = max(float(np.sqrt((expected**2).mean())), 1e-12)
    return float(np.sqrt(((found - expected) ** 2).mean())) / scale


def read_outputs(path: Path, images: np.ndarray) -> dict[str, np.ndarray]:
    """Returns all outputs of a written file by their names.

    Args:
        path: A file or folder with the suffix of its format.
        images: (B, H, W, 3) uint8.
    """
    if path.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, {INPUT: images}), strict=True))
    if path.suffix == ".tflite":
        from ai_edge_litert.interpreter import Interpreter

        return dict(Interpreter(str(path)).get_signature_runner()(**{INPUT: images}))
    if path.suffix == ".xml":
        import openvino

        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        model = openvino.Core().compile_model(str(path), "CPU", exact)
        return {
            name: np.array(array)
            for port, array in model({INPUT: images}).items()
            for name in port.get_names()
        }
    layer = keras.layers.TFSMLayer(str(path), call_endpoint=SIGNATURE)
    return {name: np.asarray(array) for name, array in layer(images).items()}
