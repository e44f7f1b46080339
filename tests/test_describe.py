"""Figures and pictures of networks, against hand arithmetic and measured reach."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from segnet.models import MODELS
from segnet.models.cost import layer_macs, macs, summary, summary_table
from segnet.models.graph import receptive_field, walk
from segnet.pictures.structure import draw_structure
from segnet.pictures.structure_stages import find_stages, place

NETWORKS = tuple(MODELS)


def single(layer, shape=(8, 10, 4)) -> keras.Model:
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


@pytest.fixture(scope="module")
def networks() -> dict[str, keras.Model]:
    return {name: build((64, 96, 3), 14) for name, build in MODELS.items()}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        # positions x kernel height x kernel width x channels in x channels out
        (layers.Conv2D(6, 3, padding="same"), 80 * 9 * 4 * 6),
        (layers.Conv2D(6, 3), 6 * 8 * 9 * 4 * 6),
        (layers.Conv2D(6, (3, 1), 2, "same"), 4 * 5 * 3 * 4 * 6),
        (layers.Conv2D(6, 3, padding="same", dilation_rate=2), 80 * 9 * 4 * 6),
        # two groups: each output reads half of the channels
        (layers.Conv2D(6, 3, padding="same", groups=2), 80 * 9 * 2 * 6),
        (layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), 80 * 9 * 4 * 2),
        (layers.SeparableConv2D(6, 3, padding="same"), 80 * 9 * 4 + 80 * 4 * 6),
        # once per input position
        (layers.Conv2DTranspose(6, 3, 2, "same"), 80 * 9 * 4 * 6),
        (layers.Dense(6), 80 * 4 * 6),
        (layers.BatchNormalization(), 0),
        (layers.UpSampling2D(2), 0),
    ],
)
def test_macs_by_hand(layer, expected):
    assert macs(single(layer)) == expected


def test_macs_of_a_layer_without_a_rule():
    with pytest.raises(ValueError, match="cannot count the MACs of odd, a Conv1D"):
        macs(single(layers.Conv1D(3, 3, name="odd"), (8, 4)))


def test_macs_need_a_fixed_size():
    with pytest.raises(ValueError, match="needs a fixed input size"):
        macs(single(layers.Conv2D(2, 3), (None, None, 3)))


def test_multibranch_macs_by_hand():
    """Kernel weights times positions, at 125x414 and its floored halves."""
    full, half, quarter, eighth = 125 * 414, 62 * 207, 31 * 103, 15 * 51
    deep = 7 * 25
    encoder = full * 9 * 3 * 12 + half * 9 * 12 * 24
    encoder += quarter * 9 * 24 * 48 + eighth * 9 * 48 * 96
    bottleneck = deep * (96 * 96 + 9 * 96 * 96 + 9 * 96 * 48 + 48 * 48)
    middle = quarter * (9 * 48 * 48 * 2 + 48 * 48)
    decoder = deep * 9 * 144 * 96 + eighth * 9 * 96 * 48
    decoder += quarter * 9 * 96 * 48 + half * 9 * 72 * 24
    head = full * 9 * (36 * 24 + 24 * 14)
    model = MODELS["reference_multibranch"]((125, 414, 3), 14)
    assert macs(model) == encoder + bottleneck + middle + decoder + head


def reach(model: keras.Model) -> tuple[int, int]:
    """Measures the receptive field: changes one row or column and compares outputs.

    All weights are positive, so nothing cancels; the change is large, so a maximum
    takes it.
    """
    shape = model.input.shape[1:]
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    base = np.ones((1, *shape), "float32")
    clean = model.predict(base, verbose=0)
    sizes = []
    for axis in (1, 2):
        moved = []
        for position in range(shape[axis - 1]):
            image = base.copy()
            image[(slice(None),) * axis + (position,)] = 1000.0
            changed = model.predict_on_batch(image) != clean
            moved.append(changed.any(axis=tuple({0, 1, 2, 3} - {axis})))
        seen = np.array(moved)  # (input position, output position)
        spans = [np.flatnonzero(column) for column in seen.T]
        sizes.append(max(span[-1] - span[0] + 1 for span in spans if len(span)))
    return tuple(sizes)


def chain(*steps) -> keras.Model:
    x = inputs = keras.Input((19, 22, 1))
    for step in steps:
        x = step(x)
    return keras.Model(inputs, x)


def conv(size, stride=1, padding="same", dilation=1):
    return layers.Conv2D(
        1, size, stride, padding, dilation_rate=dilation, use_bias=False
    )


CHAINS = {
    "one 3x3": ([conv(3)], (3, 3)),
    "two 3x3": ([conv(3), conv(3)], (5, 5)),
    "dilated": ([conv(3, dilation=2), conv(3)], (7, 7)),
    "one side": ([conv((5, 1)), conv((1, 3))], (5, 3)),
    "strided": ([conv(3, 2), conv(3)], (7, 7)),
    "pooled": ([layers.MaxPooling2D(2), conv(3)], (6, 6)),
    "pooled same": ([layers.MaxPooling2D(3, 2, "same"), conv(3)], (7, 7)),
    "depthwise": (
        [layers.DepthwiseConv2D(3, 2, "same", use_bias=False), conv(3)],
        (7, 7),
    ),
    "nearest": ([conv(3, 2), layers.UpSampling2D(2), conv(3)], None),
    "bilinear": (
        [conv(3, 2), layers.UpSampling2D(2, interpolation="bilinear"), conv(3)],
        None,
    ),
    "transposed": (
        [conv(3, 2), layers.Conv2DTranspose(1, 3, 2, "same", use_bias=False)],
        None,
    ),
    "transposed valid": (
        [conv(3, 2), layers.Conv2DTranspose(1, 4, 3, use_bias=False), conv(2)],
        None,
    ),
    "padded and cropped": (
        [
            layers.ZeroPadding2D(((1, 4), (0, 3))),
            conv(3, 3, "valid"),
            layers.Cropping2D(((1, 2), (0, 1))),
            conv(2),
        ],
        None,
    ),
    "resized": ([layers.Resizing(7, 9), conv(3)], None),
    "global": ([layers.GlobalAveragePooling2D(keepdims=True)], (19, 22)),
}


@pytest.mark.parametrize("name", CHAINS)
def test_receptive_field_is_what_moves(name):
    steps, by_hand = CHAINS[name]
    model = chain(*steps)
    predicted = receptive_field(model)
    assert predicted == reach(model)
    assert by_hand is None or predicted == by_hand


def test_receptive_field_where_paths_meet():
    """A 3x3 beside a 7x7: the longest path decides; a vector sees everything."""
    inputs = keras.Input((19, 22, 1))
    joined = layers.Add()([conv(3)(inputs), conv(7)(inputs)])
    assert receptive_field(keras.Model(inputs, joined)) == (7, 7)
    everything = layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    joined = layers.Multiply()([joined, everything])
    assert receptive_field(keras.Model(inputs, joined)) == (19, 22)


def test_receptive_fields_of_the_baselines():
    """In an image wider than they can see: multi-branch 142, EdgeSegNet 107."""
    shape = (160, 320, 3)
    assert receptive_field(MODELS["reference_multibranch"](shape, 2)) == (142, 142)
    assert receptive_field(MODELS["reference_edgesegnet"](shape, 2)) == (107, 107)


def test_receptive_field_needs_a_fixed_size():
    with pytest.raises(ValueError, match="needs a fixed input size"):
        receptive_field(single(layers.Conv2D(2, 3), (None, None, 3)))


def test_walk_refuses_what_it_cannot_follow():
    shared = layers.Conv2D(4, 3, padding="same", name="twice")
    inputs = keras.Input((8, 8, 4))
    x = shared(shared(inputs))
    with pytest.raises(ValueError, match="the model returns .* more than once"):
        walk(keras.Model(inputs, x))
    with pytest.raises(ValueError, match="after reads .* more than once"):
        walk(keras.Model(inputs, layers.ReLU(name="after")(x)))
    inner = single(layers.Conv2D(4, 3), (8, 8, 4))
    with pytest.raises(ValueError, match=f"{inner.name} is a model"):
        walk(keras.Model(inputs, inner(inputs)))
    with pytest.raises(ValueError, match="functional keras.Model, got Dense"):
        walk(layers.Dense(2))


@pytest.mark.parametrize("name", NETWORKS)
def test_walk_names_sources_first(networks, name):
    seen = set()
    for layer, sources in walk(networks[name]):
        assert seen.issuperset(source.name for source in sources)
        assert bool(sources) or layer.name == "input_image"
        seen.add(layer.name)
    assert seen == {layer.name for layer in networks[name].layers}


def test_summary_measures_what_it_predicts(networks):
    rows = summary(networks)
    assert [row["name"] for row in rows] == list(NETWORKS)
    for row, model in zip(rows, networks.values(), strict=True):
        assert row["input_shape"] == (64, 96, 3)
        assert row["parameters"] == model.count_params()
        assert row["weight_bytes"] == 4 * model.count_params()
        assert row["weight_bytes"] < row["file_bytes"]
        assert row["predicted_bytes"] == pytest.approx(row["file_bytes"], rel=0.05)
        assert row["macs"] == sum(map(layer_macs, model.layers))
    # 48 normalised channels in two places, mean and variance.
    assert rows[0]["parameters"] - rows[0]["trainable_parameters"] == 2 * 2 * 48


def test_summary_takes_a_list_and_leaves_the_optimizer_out():
    model = single(layers.Conv2D(2, 3, name="head_s1_conv"))
    (plain,) = summary([model])
    model.compile("adam", "mse")
    model.train_on_batch(np.zeros((1, 8, 10, 4)), np.zeros((1, 6, 8, 2)))
    assert summary([model]) == [plain]
    assert plain["name"] == model.name


def test_summary_table_row():
    row = {
        "name": "net",
        "input_shape": (64, 96, 3),
        "parameters": 469_430,
        "trainable_parameters": 469_238,
        "macs": 1_222_842_744,
        "receptive_field": (64, 96),
        "weight_bytes": 1_877_720,
        "predicted_bytes": 1_993_400,
        "file_bytes": 1_996_126,
    }
    head, rule, line = summary_table([row]).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert line == (
        "| net | 64x96x3 | 469,430 | 1.22 G | 64x96 (whole image) "
        "| 1.88 MB | 1.99 MB | 2.00 MB |"
    )


def test_stages_of_the_multibranch_network(networks):
    stages = {stage.title: stage for stage in find_stages(networks[NETWORKS[0]])}
    assert stages["decoder s4"].shape == (16, 24, 96)
    read = {source.title for source in stages["decoder s4"].sources}
    assert read == {"middle s4", "decoder s8"}
    assert stages["encoder s1"].lines == ["64×96×12", "336 parameters", "conv 3×3, 12"]
    assert stages["middle s4"].lines[2:] == ["2 × conv 3×3, 48", "conv 1×1, 48"]


def test_a_branch_that_comes_back_has_its_stage_twice():
    x = inputs = keras.Input((64, 64, 1), name="input_image")
    x = layers.Conv2D(2, 3, 2, "same", name="deep_s2_conv")(x)
    y = layers.Conv2D(2, 3, 2, "same", name="deep_s4_conv")(x)
    y = layers.UpSampling2D(2, name="deep_s2_upsample")(y)
    x = layers.Add(name="deep_s2_add")([x, y])
    titles = [stage.title for stage in find_stages(keras.Model(inputs, x))]
    assert titles == ["input", "deep s2", "deep s4", "deep s2"]


@pytest.mark.parametrize("name", NETWORKS)
def test_boxes_stand_apart_and_right_of_their_sources(networks, name):
    stages = find_stages(networks[name])
    width, height = place(stages)
    for number, stage in enumerate(stages):
        assert all(source.x < stage.x for source in stage.sources)
        assert 0 < stage.x < width and 0 < stage.y < height
        for other in stages[:number]:
            assert stage.level != other.level or abs(stage.x - other.x) > 1


@pytest.mark.parametrize("name", NETWORKS)
def test_structure_picture(networks, name, tmp_path):
    path = draw_structure(networks[name], tmp_path / "structure.png", dpi=40)
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert min(pixels.shape[:2]) > 300
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 100
    assert list(tmp_path.iterdir()) == [path]
