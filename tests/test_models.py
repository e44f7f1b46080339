"""The networks of `segnet.models`: sizes, types, names, saving, learning."""

import functools
import re

import keras
import numpy as np
import pytest

from segnet.models import MODELS

OURS = ("slim", "edgesegnet", "fast_scnn")
PARAMETER_CAPS = {"slim": 470_000, "edgesegnet": 4_400_000, "fast_scnn": 1_160_000}
# Parts of file formats and of saved weights: a rename here is a decision.
LAYER_NAMES = {
    "slim": """
        input_image input_rescale input_pad stem_s2_conv stem_s2_bn stem_s2_relu
        stem_s4_conv stem_s4_bn stem_s4_relu detail_s4b1_depthwise
        detail_s4b1_conv detail_s4b1_bn detail_s4b1_add detail_s4b1_relu
        detail_s8_conv detail_s8_pool detail_s8_concat detail_s8_bn
        detail_s8_relu detail_s8b1_depthwise detail_s8b1_conv detail_s8b1_bn
        detail_s8b1_add detail_s8b1_relu detail_s8b2_depthwise detail_s8b2_conv
        detail_s8b2_bn detail_s8b2_add detail_s8b2_relu detail_s8b3_depthwise
        detail_s8b3_conv detail_s8b3_bn detail_s8b3_add detail_s8b3_relu
        detail_s8b4_depthwise detail_s8b4_conv detail_s8b4_bn detail_s8b4_add
        detail_s8b4_relu detail_s8b5_depthwise detail_s8b5_conv detail_s8b5_bn
        detail_s8b5_add detail_s8b5_relu detail_s8b6_depthwise detail_s8b6_conv
        detail_s8b6_bn detail_s8b6_add detail_s8b6_relu detail_s8b7_depthwise
        detail_s8b7_conv detail_s8b7_bn detail_s8b7_add detail_s8b7_relu
        detail_s8b8_depthwise detail_s8b8_conv detail_s8b8_bn detail_s8b8_add
        detail_s8b8_relu context_s16_conv context_s16_pool context_s16_concat
        context_s16_bn context_s16_relu context_s16b1_depthwise
        context_s16b1_conv context_s16b1_bn context_s16b1_add context_s16b1_relu
        context_s16b2_depthwise context_s16b2_conv context_s16b2_bn
        context_s16b2_add context_s16b2_relu context_s16b3_depthwise
        context_s16b3_conv context_s16b3_bn context_s16b3_add context_s16b3_relu
        context_s16b4_depthwise context_s16b4_conv context_s16b4_bn
        context_s16b4_add context_s16b4_relu context_s16b5_depthwise
        context_s16b5_conv context_s16b5_bn context_s16b5_add context_s16b5_relu
        context_s16b6_depthwise context_s16b6_conv context_s16b6_bn
        context_s16b6_add context_s16b6_relu context_s16b7_depthwise
        context_s16b7_conv context_s16b7_bn context_s16b7_add context_s16b7_relu
        context_s16b8_depthwise context_s16b8_conv context_s16b8_bn
        context_s16b8_add context_s16b8_relu context_s16b9_depthwise
        context_s16b9_conv context_s16b9_bn context_s16b9_add context_s16b9_relu
        context_s32_pool context_s32b1_vertical context_s32b1_inner
        context_s32b1_horizontal context_s32b1_bn context_s32b1_add
        context_s32b1_relu context_s32b2_vertical context_s32b2_inner
        context_s32b2_horizontal context_s32b2_bn context_s32b2_add
        context_s32b2_relu context_s32b3_vertical context_s32b3_inner
        context_s32b3_horizontal context_s32b3_bn context_s32b3_add
        context_s32b3_relu context_global_pool context_global_conv
        context_global_relu context_global_add context_s32project_conv
        context_s32project_bn context_s32_upsample context_s32_crop
        context_fuse_add context_fuse_relu fuse_s8_conv fuse_s8_bn
        detail_s8project_conv fuse_s8_upsample detail_s8project_bn fuse_s8_add
        fuse_s8_relu fuse_s8b1_depthwise fuse_s8b1_conv fuse_s8b1_bn
        fuse_s8b1_add fuse_s8b1_relu fuse_s8b2_depthwise fuse_s8b2_conv
        fuse_s8b2_bn fuse_s8b2_add fuse_s8b2_relu fuse_s4_conv fuse_s4_bn
        skip_s4_conv fuse_s4_upsample skip_s4_bn fuse_s4_add fuse_s4_relu
        fuse_s4b1_depthwise fuse_s4b1_conv fuse_s4b1_bn fuse_s4b1_add
        fuse_s4b1_relu head_s4_crop head_logits_conv head_logits_upsample
        head_logits_crop
    """,
    "edgesegnet": """
        input_image input_rescale input_pad stem_s2_conv stem_s2_bn stem_s2_relu
        context_s4_conv context_s4_bn context_s4_relu context_s8_conv
        context_s8_bn context_s8_relu context_s16_conv context_s16_bn
        context_s16_relu context_s16b1reduce_conv context_s16b1reduce_bn
        context_s16b1reduce_relu context_s16b1middle_conv context_s16b1middle_bn
        context_s16b1middle_relu context_s16b1expand_conv context_s16b1expand_bn
        context_s16b1_add context_s16b1_relu context_s16b2reduce_conv
        context_s16b2reduce_bn context_s16b2reduce_relu context_s16b2middle_conv
        context_s16b2middle_bn context_s16b2middle_relu context_s16b2expand_conv
        context_s16b2expand_bn context_s16b2_add context_s16b2_relu
        context_s16b3reduce_conv context_s16b3reduce_bn context_s16b3reduce_relu
        context_s16b3middle_conv context_s16b3middle_bn context_s16b3middle_relu
        context_s16b3expand_conv context_s16b3expand_bn context_s16b3_add
        context_s16b3_relu context_s16b4reduce_conv context_s16b4reduce_bn
        context_s16b4reduce_relu context_s16b4middle_conv context_s16b4middle_bn
        context_s16b4middle_relu context_s16b4expand_conv context_s16b4expand_bn
        context_s16b4_add context_s16b4_relu context_s16b5reduce_conv
        context_s16b5reduce_bn context_s16b5reduce_relu context_s16b5middle_conv
        context_s16b5middle_bn context_s16b5middle_relu context_s16b5expand_conv
        context_s16b5expand_bn context_s16b5_add context_s16b5_relu
        context_s16b6reduce_conv context_s16b6reduce_bn context_s16b6reduce_relu
        context_s16b6middle_conv context_s16b6middle_bn context_s16b6middle_relu
        context_s16b6expand_conv context_s16b6expand_bn context_s16b6_add
        stem_s4_pool context_s16b6_relu residual_s8reduce_conv
        context_s16b7reduce_conv residual_s8reduce_bn context_s16b7reduce_bn
        residual_s8reduce_relu context_s16b7reduce_relu residual_s8middle_conv
        context_s16b7middle_conv residual_s8middle_bn context_s16b7middle_bn
        residual_s8middle_relu context_s16b7middle_relu residual_s8shortcut_conv
        residual_s8expand_conv context_s16b7expand_conv residual_s8shortcut_bn
        residual_s8expand_bn context_s16b7expand_bn residual_s8_add
        context_s16b7_add residual_s8_relu context_s16b7_relu
        residual_s8refine1_depthwise context_s16b8reduce_conv
        residual_s8refine1_conv context_s16b8reduce_bn residual_s8refine1_bn
        context_s16b8reduce_relu residual_s8refine1_relu
        context_s16b8middle_conv residual_s8refine2_depthwise
        context_s16b8middle_bn residual_s8refine2_conv context_s16b8middle_relu
        residual_s8refine2_bn context_s16b8expand_conv residual_s8refine_add
        context_s16b8expand_bn residual_s8refine_relu context_s16b8_add
        residual_s8b2refine1_depthwise context_s16b8_relu
        residual_s8b2refine1_conv context_global_pool residual_s8b2refine1_bn
        context_global_conv residual_s8b2refine1_relu context_global_relu
        residual_s8b2refine2_depthwise context_global_add
        residual_s8b2refine2_conv context_s16project_conv
        residual_s8b2refine2_bn context_s16project_bn residual_s8b2refine_add
        context_s8_upsample residual_s8b2refine_relu fuse_s8_add fuse_s8_relu
        fuse_s8refine1_depthwise fuse_s8refine1_conv fuse_s8refine1_bn
        fuse_s8refine1_relu fuse_s8refine2_depthwise fuse_s8refine2_conv
        fuse_s8refine2_bn fuse_s8refine_add fuse_s8refine_relu
        fuse_s8b2refine1_depthwise fuse_s8b2refine1_conv skip_s4_conv
        fuse_s8b2refine1_bn skip_s4_bn fuse_s8b2refine1_relu
        skip_s4refine1_depthwise fuse_s8b2refine2_depthwise skip_s4refine1_conv
        fuse_s8b2refine2_conv skip_s4refine1_bn fuse_s8b2refine2_bn
        skip_s4refine1_relu fuse_s8b2refine_add skip_s4refine2_depthwise
        fuse_s8b2refine_relu skip_s4refine2_conv fuse_s4reduce_conv
        skip_s4refine2_bn fuse_s4reduce_bn skip_s4refine_add fuse_s4_upsample
        skip_s4refine_relu fuse_s4_add fuse_s4_relu fuse_s4refine1_depthwise
        fuse_s4refine1_conv fuse_s4refine1_bn fuse_s4refine1_relu
        fuse_s4refine2_depthwise fuse_s4refine2_conv fuse_s4refine2_bn
        fuse_s4refine_add fuse_s4refine_relu fuse_s4b2refine1_depthwise
        fuse_s4b2refine1_conv fuse_s4b2refine1_bn fuse_s4b2refine1_relu
        fuse_s4b2refine2_depthwise fuse_s4b2refine2_conv fuse_s4b2refine2_bn
        fuse_s4b2refine_add fuse_s4b2refine_relu head_s4_crop head_logits_conv
        head_logits_upsample head_logits_crop
    """,
    "fast_scnn": """
        input_image input_rescale input_pad stem_s2_conv stem_s2_bn stem_s2_relu
        stem_s4_depthwise stem_s4_conv stem_s4_bn stem_s4_relu stem_s8_depthwise
        stem_s8_conv stem_s8_bn stem_s8_relu context_s16b1expand_conv
        context_s16b1expand_bn context_s16b1expand_relu
        context_s16b1middle_depthwise context_s16b1middle_bn
        context_s16b1middle_relu context_s16b1project_conv context_s16b1project_bn
        context_s16b2expand_conv context_s16b2expand_bn context_s16b2expand_relu
        context_s16b2middle_depthwise context_s16b2middle_bn
        context_s16b2middle_relu context_s16b2project_conv context_s16b2project_bn
        context_s16b2_add context_s16b3expand_conv context_s16b3expand_bn
        context_s16b3expand_relu context_s16b3middle_depthwise
        context_s16b3middle_bn context_s16b3middle_relu context_s16b3project_conv
        context_s16b3project_bn context_s16b3_add context_s32b1expand_conv
        context_s32b1expand_bn context_s32b1expand_relu
        context_s32b1middle_depthwise context_s32b1middle_bn
        context_s32b1middle_relu context_s32b1project_conv context_s32b1project_bn
        context_s32b2expand_conv context_s32b2expand_bn context_s32b2expand_relu
        context_s32b2middle_depthwise context_s32b2middle_bn
        context_s32b2middle_relu context_s32b2project_conv context_s32b2project_bn
        context_s32b2_add context_s32b3expand_conv context_s32b3expand_bn
        context_s32b3expand_relu context_s32b3middle_depthwise
        context_s32b3middle_bn context_s32b3middle_relu context_s32b3project_conv
        context_s32b3project_bn context_s32b3_add context_s32b4expand_conv
        context_s32b4expand_bn context_s32b4expand_relu
        context_s32b4middle_depthwise context_s32b4middle_bn
        context_s32b4middle_relu context_s32b4project_conv context_s32b4project_bn
        context_s32b5expand_conv context_s32b5expand_bn context_s32b5expand_relu
        context_s32b5middle_depthwise context_s32b5middle_bn
        context_s32b5middle_relu context_s32b5project_conv context_s32b5project_bn
        context_s32b5_add context_s32b6expand_conv context_s32b6expand_bn
        context_s32b6expand_relu context_s32b6middle_depthwise
        context_s32b6middle_bn context_s32b6middle_relu context_s32b6project_conv
        context_s32b6project_bn context_s32b6_add pyramid_s32bin1_pad
        pyramid_s32bin2_pad pyramid_s32bin3_pad pyramid_s32bin6_pad
        pyramid_s32bin1_pool pyramid_s32bin2_pool pyramid_s32bin3_pool
        pyramid_s32bin6_pool pyramid_s32bin1_conv pyramid_s32bin2_conv
        pyramid_s32bin3_conv pyramid_s32bin6_conv pyramid_s32bin1_bn
        pyramid_s32bin2_bn pyramid_s32bin3_bn pyramid_s32bin6_bn
        pyramid_s32bin1_relu pyramid_s32bin2_relu pyramid_s32bin3_relu
        pyramid_s32bin6_relu pyramid_s32bin1_upsample pyramid_s32bin2_upsample
        pyramid_s32bin3_upsample pyramid_s32bin6_upsample pyramid_s32bin1_crop
        pyramid_s32bin2_crop pyramid_s32bin3_crop pyramid_s32bin6_crop
        pyramid_s32_concat pyramid_s32project_conv pyramid_s32project_bn
        pyramid_s32project_relu fuse_s8_upsample fuse_s8low_depthwise fuse_s8low_bn
        fuse_s8low_relu fuse_s8project_conv skip_s8_conv fuse_s8project_bn
        skip_s8_bn fuse_s8_add fuse_s8_relu head_s8b1_depthwise head_s8b1_conv
        head_s8b1_bn head_s8b1_relu head_s8b2_depthwise head_s8b2_conv head_s8b2_bn
        head_s8b2_relu head_s8_dropout head_s8_crop head_logits_conv
        head_logits_upsample head_logits_crop
    """,
}


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
    assert [layer.name for layer in built(name).layers] == LAYER_NAMES[name].split()


@pytest.mark.parametrize("name", OURS)
def test_layer_names_do_not_depend_on_what_was_built_before(name):
    again = MODELS[name](input_shape=(65, 97, 3), num_classes=5)
    assert [layer.name for layer in again.layers] == LAYER_NAMES[name].split()
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
