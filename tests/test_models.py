"""The networks of `segnet.models`: sizes, types, names, saving, learning."""

import functools
import re

import keras
import numpy as np
import pytest

from helpers.layers import layer_names
from segnet.models import MODELS

OURS = ("slim", "edgesegnet", "fast_scnn")
PARAMETER_CAPS = {"slim": 470_000, "edgesegnet": 4_400_000, "fast_scnn": 1_160_000}


def images(count, height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


@functools.cache
def built(name):
    """One model of odd size, shared by the tests that leave it as it is."""
    return MODELS[name](input_shape=(65, 97, 3), num_classes=5)


@pytest.mark.parametrize("name", OURS)
def test_parameters_stay_under_the_cap(name):
    model = MODELS[name](input_shape=(125, 414, 3), num_classes=14)
    assert model.count_params() <= PARAMETER_CAPS[name]
    assert model.name == name


def test_parameters_do_not_depend_on_the_input_size():
    large = MODELS["slim"](input_shape=(360, 480, 3), num_classes=5)
    assert built("slim").count_params() == large.count_params()


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("size", [(64, 64), (65, 97), (125, 414)])
def test_logits_are_float32_at_input_size(name, size):
    model = built(name) if size == (65, 97) else MODELS[name]((*size, 3), 5)
    logits = model(images(1, *size), training=False)
    assert tuple(logits.shape) == (1, *size, 5)
    assert model.output_shape == (None, *size, 5)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert model.input.dtype == "uint8"
    assert np.isfinite(keras.ops.convert_to_numpy(logits)).all()


@pytest.mark.parametrize("name", OURS)
def test_float_images_give_the_logits_of_uint8_images(name):
    model, frames = built(name), images(1, 65, 97)
    whole = keras.ops.convert_to_numpy(model(frames, training=False))
    floats = keras.ops.convert_to_numpy(model(frames.astype("float32"), training=False))
    np.testing.assert_array_equal(whole, floats)


@pytest.mark.parametrize("name", OURS)
def test_mixed_precision_keeps_float32_logits(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = MODELS[name](input_shape=(64, 64, 3), num_classes=3)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.output.dtype == "float32"
    assert model.get_layer("stem_s2_conv").compute_dtype == "bfloat16"


@pytest.mark.parametrize("name", OURS)
def test_layer_names_are_the_kept_list(name):
    assert [layer.name for layer in built(name).layers] == layer_names(name)


@pytest.mark.parametrize("name", OURS)
def test_layer_names_do_not_depend_on_what_was_built_before(name):
    again = MODELS[name](input_shape=(65, 97, 3), num_classes=5)
    assert [layer.name for layer in again.layers] == layer_names(name)
    for layer in again.layers:
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+){1,2}", layer.name), layer.name


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_layer_is_a_stock_keras_layer(name):
    for layer in built(name).layers:
        assert getattr(keras.layers, type(layer).__name__) is type(layer), layer.name


# Keras asks a TensorFlow variable for an array the way NumPy 1 did.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", OURS)
def test_saved_model_loads_without_custom_objects(name, tmp_path):
    model, frames = built(name), images(1, 65, 97)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(
        tmp_path / "model.keras", compile=False, safe_mode=True
    )
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(loaded(frames, training=False)),
        keras.ops.convert_to_numpy(model(frames, training=False)),
        atol=1e-5,
    )


@pytest.mark.parametrize("name", OURS)
def test_loss_falls_on_two_frames(name):
    keras.utils.set_random_seed(0)
    model = MODELS[name](input_shape=(64, 96, 3), num_classes=2)
    frames = images(2, 64, 96)
    frames[:, :, 48:] //= 4
    labels = np.zeros((2, 64, 96), np.uint8)
    labels[:, :, 48:] = 1
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss)
    losses = [float(model.train_on_batch(frames, labels)) for _ in range(6)]
    assert losses[-1] < 0.4 * losses[0]


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize(
    ("input_shape", "num_classes", "message"),
    [
        ((64, 64, 1), 3, r"\(H, W, 3\) for RGB images, got \(64, 64, 1\)"),
        ((64, 64), 3, r"\(H, W, 3\) for RGB images, got \(64, 64\)"),
        ((63, 64, 3), 3, r"at least 64, got \(63, 64, 3\)"),
        ((None, 64, 3), 3, r"fixed H and W .* got \(None, 64, 3\)"),
        ((64, 64, 3), 1, "num_classes must be at least 2, got 1"),
    ],
)
def test_bad_arguments_are_named(name, input_shape, num_classes, message):
    with pytest.raises(ValueError, match=message):
        MODELS[name](input_shape=input_shape, num_classes=num_classes)


@pytest.mark.parametrize(
    "name, last, count",
    [("slim", r"_s\d+b\d_bn", 24), ("edgesegnet", r"(b\dexpand|refine2)_bn", 15)],
)
def test_residual_blocks_begin_as_the_identity(name, last, count):
    # What lets weights of a network with fewer blocks start this one.
    frames, model = images(1, 65, 97), built(name)
    blocks = [layer for layer in model.layers if re.search(last, layer.name)]
    assert len(blocks) == count
    for layer in blocks:
        assert not keras.ops.convert_to_numpy(layer.gamma).any()
        block = re.sub("(expand|(?<=refine)2)?_bn", "", layer.name)
        before, after = model.get_layer(f"{block}_add").input[0], f"{block}_relu"
        part = keras.Model(model.input, [before, model.get_layer(after).output])
        before, after = map(keras.ops.convert_to_numpy, part(frames, training=False))
        # One of edgesegnet's follows a linear projection; all end in a ReLU.
        np.testing.assert_array_equal(np.maximum(before, 0), after)


def test_width_scales_the_slim_network():
    half = MODELS["slim"](input_shape=(65, 97, 3), num_classes=5, width=0.5)
    assert half.count_params() < 0.35 * built("slim").count_params()
    with pytest.raises(ValueError, match="width must be above 0, got 0"):
        MODELS["slim"](input_shape=(64, 64, 3), num_classes=3, width=0)
