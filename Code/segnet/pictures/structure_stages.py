"""The stages of a network, found from its layer names, and their places in a picture.

Layers are named `<branch>_<stage>_<unit>`; `s8`, `s8b1` and `s8refine` are all stage
`s8` of their branch. A branch that leaves a stage and returns to it has it twice.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from math import log2, prod

import keras
from keras import layers

from segnet.models.graph import CONVOLUTIONS, POOLINGS, walk

# Inches.
TALLEST, WIDEST = 1.5, 0.8
LINE, CELL, GAP, ROW_GAP = 0.15, 1.3, 0.4, 0.5

CONVOLUTION_WORDS = {
    layers.DepthwiseConv2D: "depthwise",
    layers.SeparableConv2D: "separable",
}
OTHER_WORDS = {
    layers.GlobalAveragePooling2D: "mean of the image",
    layers.GlobalMaxPooling2D: "maximum of the image",
    layers.Concatenate: "concatenate",
    layers.Add: "sum",
    layers.Multiply: "product",
}


@dataclass(eq=False)
class Stage:
    """The layers of one branch and stage, and the centre and size of its box (inches).

    `level` 3 is 1/8 of the full size.
    """

    branch: str
    title: str
    layers: list = field(default_factory=list)
    sources: list = field(default_factory=list)
    level: int = 0
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    width: float = 0.0

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the last layer that has the stage's most frequent size."""
        shapes = [(1, 1, *layer.output.shape[1:])[-3:] for layer in self.layers]
        counts = Counter(shape[:2] for shape in shapes)
        most = max(counts.values())
        return next(s for s in reversed(shapes) if counts[s[:2]] == most)

    @property
    def lines(self) -> list[str]:
        """The text of the box: size, parameters, then the layers with their counts."""
        parameters = sum(prod(w.shape) for layer in self.layers for w in layer.weights)
        joins = len(self.sources) > 1
        dilations: dict[str, list[int]] = {}
        for layer in self.layers:
            words = describe_layer(layer)
            if words and (joins or not isinstance(layer, layers.Add)):
                dilation = max(getattr(layer, "dilation_rate", (1,)))
                dilations.setdefault(words, []).append(dilation)
        units = [_counted(words, each) for words, each in dilations.items()]
        size = "×".join(map(str, self.shape))
        return [size, *[f"{parameters:,} parameters"] * bool(parameters), *units]


def _counted(words: str, dilations: list[int]) -> str:
    """Returns `3 × conv 3×3, 8, dil. 1-4` for three layers with one description."""
    text = f"{len(dilations)} × {words}" if len(dilations) > 1 else words
    low, high = min(dilations), max(dilations)
    span = f"{low}" if low == high else f"{low}-{high}"
    return text + (f", dil. {span}" if high > 1 else "")


def describe_layer(layer: keras.layers.Layer) -> str:
    """Returns a short description of a layer that shapes the network, "" for others."""
    if isinstance(layer, layers.InputLayer):
        return f"image, {layer.dtype}"
    if isinstance(layer, layers.Conv2DTranspose):
        return f"up-conv {_times(layer.kernel_size)}, {layer.filters}"
    if isinstance(layer, CONVOLUTIONS):
        kind = CONVOLUTION_WORDS.get(type(layer), "conv")
        filters = getattr(layer, "filters", None)
        stride = f" /{max(layer.strides)}" if max(layer.strides) > 1 else ""
        width = f", {filters}" if filters else ""
        return f"{kind} {_times(layer.kernel_size)}{stride}{width}"
    if isinstance(layer, POOLINGS):
        kind = "max" if isinstance(layer, layers.MaxPooling2D) else "mean"
        return f"{kind}-pool {_times(layer.pool_size)} /{max(layer.strides)}"
    if isinstance(layer, layers.UpSampling2D):
        return f"{layer.interpolation} ×{max(layer.size)}"
    return OTHER_WORDS.get(type(layer), "")


def _times(pair: tuple[int, int]) -> str:
    return "×".join(map(str, pair))


def find_stages(model: keras.Model) -> list[Stage]:
    """Returns the stages in order of computation, each with the stages it reads from.

    Layers of one branch and stage form one stage, unless another stage would then come
    both before and after it.
    """
    newest: dict[str, Stage] = {}
    home: dict[keras.layers.Layer, Stage] = {}
    before: dict[Stage, set[Stage]] = {}
    stages: list[Stage] = []
    for layer, sources in walk(model):
        parts = layer.name.split("_")
        branch, middle = parts[0], "_".join(parts[1:-1])
        scale = re.match("s[0-9]+", middle)
        title = f"{branch} {scale[0] if scale else middle}".strip()
        read = {home[source] for source in sources}
        stage = newest.get(title)
        if stage is None or any(stage in before[other] for other in read - {stage}):
            stage = newest[title] = Stage(branch, title)
            stages.append(stage)
            before[stage] = set()
        stage.layers.append(layer)
        home[layer] = stage
        for other in read - {stage}:
            before[stage] |= {other, *before[other]}
            if other not in stage.sources:
                stage.sources.append(other)
        for later in stages:
            if stage in before[later]:
                before[later] |= before[stage]
    return _in_order(stages)


def _in_order(stages: list[Stage]) -> list[Stage]:
    """Returns the stages in order of their longest path from the input."""
    depth: dict[Stage, int] = {}

    def depth_of(stage: Stage) -> int:
        if stage not in depth:
            depth[stage] = 1 + max(map(depth_of, stage.sources), default=0)
        return depth[stage]

    return sorted(stages, key=depth_of)


def place(stages: list[Stage]) -> tuple[float, float]:
    """Sets the row, size and centre of every stage; returns the total width and height.

    Each resolution has a row, the finest on top. A stage is placed to the right of
    those it reads and of its row so far; then each moves as close to its readers as
    possible.
    """
    tallest = stages[0].shape[0]
    for stage in stages:
        stage.level = round(log2(tallest / stage.shape[0]))
        stage.height = max(0.12, TALLEST * (stage.shape[0] / tallest) ** 0.5)
        stage.width = min(WIDEST, max(0.07, 0.055 * stage.shape[2] ** 0.5))
    rows: dict[int, list[Stage]] = {}
    for stage in stages:
        row = rows.setdefault(stage.level, [])
        near = [source.x + _clearance(source, stage) for source in stage.sources]
        stage.x = max([CELL / 2, *near, *(other.x + CELL + GAP for other in row)])
        row.append(stage)
    for stage in reversed(stages):
        row = rows[stage.level]
        readers = [other for other in stages if stage in other.sources]
        limits = [other.x - _clearance(stage, other) for other in readers]
        limits += [other.x - CELL - GAP for other in row[row.index(stage) + 1 :]]
        stage.x = max(stage.x, min(limits)) if readers else stage.x
    bottom = 0.0
    for _, row in sorted(rows.items(), reverse=True):
        text = max(len(stage.lines) + 1 for stage in row) * LINE
        box = max(stage.height for stage in row)
        for stage in row:
            stage.y = bottom + text + box / 2
        bottom += text + box + ROW_GAP
    return max(stage.x for stage in stages) + CELL / 2, bottom - ROW_GAP


def _clearance(source: Stage, target: Stage) -> float:
    """Returns the least distance of two centres; half a cell between different rows."""
    return CELL + GAP if source.level == target.level else (CELL + GAP) / 2
