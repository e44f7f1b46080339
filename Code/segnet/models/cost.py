"""The size of a network in numbers: parameters, MACs, receptive field, file size."""

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
from keras import layers

from segnet.models.graph import receptive_field, walk
from segnet.report.tables import markdown_table

__all__ = ["layer_macs", "macs", "receptive_field", "summary", "summary_table"]

BYTES_PER_WEIGHT = 4
# Of a .keras file, measured on networks of 30 to 120 layers: HDF5 groups and headers
# per weight array, configuration text per layer.
BYTES_PER_ARRAY = 2000
BYTES_PER_LAYER = 960
# Layers with weights that work on one channel at a time and are not counted.
FREE = (layers.BatchNormalization, layers.GroupNormalization, layers.PReLU)


def macs(model: keras.Model) -> int:
    """Returns the multiply-accumulates of one forward pass over one image.

    Counted from layer shapes: convolutions (plain, grouped, depthwise, separable,
    transposed) and dense layers. Biases, normalisation, activations, poolings,
    resizes and sums are left out, as is usual.

    Args:
        model: A functional model with fixed H and W.

    Returns:
        The count; twice as many are floating-point operations.

    Raises:
        ValueError: H or W is not fixed, or `graph.walk` refuses the model.
    """
    return sum(layer_macs(layer) for layer, _ in walk(model))


def layer_macs(layer: keras.layers.Layer) -> int:
    """Returns the multiply-accumulates of one layer of a built model.

    A kernel is applied once at each output position, that of a transposed
    convolution once at each input position. With groups, and in a depthwise
    convolution, the kernel holds only the weights that one position multiplies.
    Layers without weights and normalisations count 0.

    Raises:
        ValueError: The layer has weights that no rule here counts.
    """
    if isinstance(layer, layers.Conv2DTranspose):
        return _positions(layer.input) * prod(layer.kernel.shape)
    if isinstance(layer, layers.SeparableConv2D):
        kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
        return _positions(layer.output) * sum(prod(k.shape) for k in kernels)
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
        return _positions(layer.output) * prod(layer.kernel.shape)
    if layer.weights and not isinstance(layer, FREE):
        kind = type(layer).__name__
        raise ValueError(f"cannot count the MACs of {layer.name}, a {kind} layer")
    return 0


def _positions(tensor: keras.KerasTensor) -> int:
    """Returns the number of positions of a (B, ..., C) tensor in one image."""
    if None in tensor.shape[1:]:
        raise ValueError(f"needs a fixed input size, got a tensor {tensor.shape}")
    return prod(tensor.shape[1:-1])


def summary(models: Mapping[str, keras.Model] | Sequence[keras.Model]) -> list[dict]:
    """Returns one dict of numbers per network.

    Args:
        models: Models by name, or models whose own names are used. Functional, with
            fixed H and W.

    Returns:
        Dicts with `name`, `input_shape` (H, W, C), `parameters` and
        `trainable_parameters`, `macs` per image, `receptive_field` (height, width) in
        pixels, `weight_bytes` (4 per parameter), `predicted_bytes` of the .keras file
        (weights, plus a typical share per weight array and per layer) and `file_bytes`,
        measured on a file saved without optimizer state.
    """
    if isinstance(models, Mapping):
        named = list(models.items())
    else:
        named = [(model.name, model) for model in models]
    return [_describe(name, model) for name, model in named]


def _describe(name: str, model: keras.Model) -> dict:
    parameters = model.count_params()
    weight_bytes = BYTES_PER_WEIGHT * parameters
    overhead = BYTES_PER_ARRAY * len(model.weights)
    overhead += BYTES_PER_LAYER * len(model.layers)
    return {
        "name": name,
        "input_shape": tuple(model.input.shape[1:]),
        "parameters": parameters,
        "trainable_parameters": sum(prod(w.shape) for w in model.trainable_weights),
        "macs": macs(model),
        "receptive_field": receptive_field(model),
        "weight_bytes": weight_bytes,
        "predicted_bytes": weight_bytes + overhead,
        "file_bytes": _saved_bytes(model),
    }


def _saved_bytes(model: keras.Model) -> int:
    """Returns the bytes of a .keras file, without an optimizer that the model has."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        # A new model around the layers has no optimizer.
        keras.Model(model.inputs, model.outputs, name=model.name).save(path)
        return path.stat().st_size


def summary_table(rows: list[dict]) -> str:
    """Returns the summary as a Markdown table.

    Args:
        rows: What `summary` returned.

    Returns:
        A table with a row per network. "Weights" is 4 bytes a parameter; "file,
        predicted" adds what a .keras file usually needs besides; "file" is measured.
        1 MB is 10^6 bytes, 1 G is 10^9 multiply-accumulates.
    """
    header = ["network", "input", "parameters", "MACs", "receptive field", "weights"]
    header += ["file, predicted", "file"]
    return markdown_table(header, map(_table_row, rows), left=2) + "\n"


def _table_row(row: dict) -> list[str]:
    height, width = row["receptive_field"]
    whole = (height, width) == tuple(row["input_shape"][:2])
    return [
        row["name"],
        "x".join(map(str, row["input_shape"])),
        f"{row['parameters']:,}",
        f"{row['macs'] / 1e9:.2f} G",
        f"{height}x{width}" + (" (whole image)" if whole else ""),
        *(
            f"{row[key] / 1e6:.2f} MB"
            for key in ("weight_bytes", "predicted_bytes", "file_bytes")
        ),
    ]
