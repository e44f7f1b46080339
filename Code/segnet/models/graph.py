"""The graph of a functional model: its layers in order, and its receptive field.

Each layer is used once; models inside models are not followed.
"""

from math import ceil

import keras
import numpy as np
from keras import layers

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D)
GLOBAL_POOLINGS = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)


def walk(model: keras.Model) -> list[tuple[keras.layers.Layer, list]]:
    """Returns each layer with the layers it reads from, in an order of computation.

    Args:
        model: A functional model.

    Returns:
        `(layer, sources)` pairs; every source occurs earlier in the list.

    Raises:
        ValueError: The model is not functional, or a layer is used more than once
            or is itself a model.
    """
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        raise ValueError(f"needs a functional keras.Model, got {type(model).__name__}")
    made_by: dict[int, keras.layers.Layer] = {}
    steps: list[tuple[keras.layers.Layer, list]] = []
    for layer in model.operations:
        if isinstance(layer, keras.Model):
            raise ValueError(f"layer {layer.name} is a model: describe it by itself")
        is_input = isinstance(layer, layers.InputLayer)
        inputs = [] if is_input else keras.tree.flatten(layer.input)
        steps.append(
            (layer, [_maker(made_by, t, f"{layer.name} reads") for t in inputs])
        )
        made_by.update((id(t), layer) for t in keras.tree.flatten(layer.output))
    for tensor in model.outputs:
        _maker(made_by, tensor, "the model returns")
    return steps


def _maker(
    made_by: dict[int, keras.layers.Layer], tensor: keras.KerasTensor, who: str
) -> keras.layers.Layer:
    """Returns the layer that made a tensor; a layer knows only its first output."""
    if id(tensor) not in made_by:
        raise ValueError(f"{who} the output of a layer that is used more than once")
    return made_by[id(tensor)]


def receptive_field(model: keras.Model) -> tuple[int, int]:
    """Returns the size of the input window that an output pixel can depend on at most.

    Per axis, every position of every layer gets the first and the last input row
    (column) it can depend on, from the positions its layer reads: kernel, dilation,
    stride and padding of convolutions and poolings, enlargement (two neighbours when
    bilinear), padding and cropping. Where paths meet, the window reaches from the
    first of all to the last of all, so the longest path decides. Global pooling sees
    everything. The window is theoretical: gaps inside it (a stride wider than its
    kernel) count as seen, weights are not looked at, and it ends at the border of the
    image the model is built for.

    Args:
        model: A functional model with fixed H and W.

    Returns:
        (height, width) in input pixels.

    Raises:
        ValueError: H or W is not fixed, or `walk` refuses the model.
    """
    steps = walk(model)
    if None in model.input.shape[1:3]:
        raise ValueError(f"needs a fixed input size, got {model.input.shape}")
    height, width = (_largest_window(model, steps, axis) for axis in (1, 2))
    return height, width


def _largest_window(model: keras.Model, steps: list, axis: int) -> int:
    """Returns the receptive field along axis 1 (rows) or 2 (columns)."""
    seen = {}
    for layer, sources in steps:
        if not sources:
            positions = np.arange(layer.output.shape[axis], dtype=float)
            seen[layer] = (positions, positions)
            continue
        first = np.min(np.broadcast_arrays(*(seen[s][0] for s in sources)), axis=0)
        last = np.max(np.broadcast_arrays(*(seen[s][1] for s in sources)), axis=0)
        seen[layer] = _through(layer, first, last, axis)
    ends = {layer for layer, _ in steps if layer.name in model.output_names}
    return int(max((seen[layer][1] - seen[layer][0]).max() for layer in ends)) + 1


def _through(
    layer: keras.layers.Layer, first: np.ndarray, last: np.ndarray, axis: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the windows of a layer's output from those of its input, (n,) float.

    Padding depends on no input row: its window is empty, from +inf to -inf.
    """
    shape = layer.output.shape
    length = shape[axis] if len(shape) == 4 else 1
    reads = _reads(layer, len(first), length, axis - 1)  # (length, positions read)
    outside = (reads < 0) | (reads >= len(first))
    reads = np.where(outside, 0, reads)
    first = np.where(outside, np.inf, first[reads]).min(axis=1)
    return first, np.where(outside, -np.inf, last[reads]).max(axis=1)


def _reads(layer: keras.layers.Layer, n: int, length: int, side: int) -> np.ndarray:
    """Returns the input positions that each of `length` output positions reads.

    Args:
        layer: Any layer; one of no known kind reads its own position when it keeps
            the size and every position when it does not.
        n: Input length along the axis.
        length: Output length along it.
        side: 0 for rows, 1 for columns.

    Returns:
        (length, count) int; a position outside 0..n-1 stands for reading nothing.
    """
    out = np.arange(length)[:, None]
    if isinstance(layer, layers.Conv2DTranspose):
        size, stride = layer.kernel_size[side], layer.strides[side]
        before = max(size - stride, 0) // 2 if layer.padding == "same" else 0
        taps = out + before - np.arange(size)
        return np.where(taps % stride == 0, taps // stride, -1)
    if isinstance(layer, CONVOLUTIONS):
        size, dilation = layer.kernel_size[side], layer.dilation_rate[side]
        return _window(out, n, size, layer.strides[side], dilation, layer.padding)
    if isinstance(layer, POOLINGS):
        size, stride = layer.pool_size[side], layer.strides[side]
        return _window(out, n, size, stride, 1, layer.padding)
    if isinstance(layer, layers.UpSampling2D | layers.Resizing):
        if layer.interpolation == "nearest":
            return out * n // length
        centre = (out + 0.5) * n / length - 0.5
        near = np.concatenate([np.floor(centre), np.ceil(centre)], axis=1)
        return near.clip(0, n - 1).astype(int)
    if isinstance(layer, layers.ZeroPadding2D):
        return out - layer.padding[side][0]
    if isinstance(layer, layers.Cropping2D):
        return out + layer.cropping[side][0]
    if isinstance(layer, GLOBAL_POOLINGS) or length != n:
        return np.tile(np.arange(n), (length, 1))
    return out


def _window(
    out: np.ndarray, n: int, size: int, stride: int, dilation: int, padding: str
) -> np.ndarray:
    """Returns the positions under a sliding window; "same" pads the odd one after."""
    span = (size - 1) * dilation + 1
    missing = (ceil(n / stride) - 1) * stride + span - n
    before = max(missing, 0) // 2 if padding == "same" else 0
    return out * stride - before + np.arange(size) * dilation
