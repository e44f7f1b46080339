"""The two baselines: exact counts, sizes, saving, learning."""

import keras
import numpy as np
import pytest

from helpers.layers import layer_names
from segnet.models.reference_edgesegnet import reference_edgesegnet
from segnet.models.reference_multibranch import reference_multibranch

BUILDERS = (reference_multibranch, reference_edgesegnet)
ODD_SIZES = ((64, 64), (65, 97), (125, 414))


def conv(kernel: int, *channels: int) -> int:
    """Returns the parameters of consecutive convolutions with biases."""
    pairs = zip(channels, channels[1:], strict=False)
    return sum(kernel * kernel * i * o + o for i, o in pairs)


def bn(channels: int) -> int:
    return 4 * channels


def refine(i: int, o: int) -> int:
    return conv(1, i, o, o) + conv(3, o, o, o)


def photographs(count: int, height: int, width: int, seed: int = 0):
    """Returns noise images whose halves differ in brightness and label."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (count, height, width, 3), dtype=np.uint8)
    images[:, :, width // 2 :] += 180
    labels = np.zeros((count, height, width), np.uint8)
    labels[:, :, width // 2 :] = 1
    return images, labels


def test_multibranch_parameters_by_arithmetic():
    encoder = conv(3, 3, 12, 24, 48, 96)  # 54,936
    bottleneck = conv(1, 96, 96) + conv(3, 96, 96, 48) + conv(1, 48, 48) + bn(48)
    middle = conv(3, 48, 48) + conv(1, 48, 48) + conv(3, 48, 48) + bn(48)
    # 48 + 96 into 96; 96; 48 + 48; 48 + 24 channels, transposed 3x3.
    decoder = conv(3, 144, 96, 48) + conv(3, 96, 48) + conv(3, 72, 24)
    head = conv(3, 12 + 24, 24, 14)
    assert encoder + bottleneck + middle + decoder + head == 469_430
    assert reference_multibranch((125, 414, 3), 14).count_params() == 469_430


def test_edgesegnet_parameters_by_arithmetic():
    stem = conv(7, 3, 13)  # 1,924
    reduction = conv(3, 13, 21) + conv(1, 21, 64) + conv(3, 64, 193)  # 115,247
    residual = conv(1, 13, 21) + conv(3, 21, 64) + conv(1, 64, 193)
    residual += bn(13) + bn(21) + bn(64)  # 25,391
    shortcut = conv(3, 13, 193)  # 22,774
    refines = refine(193, 193) + refine(193, 217) + refine(13, 217) + refine(217, 217)
    head = conv(1, 217, 14)
    total = stem + reduction + residual + shortcut + refines + head
    assert total == 3_692_608
    assert reference_edgesegnet((125, 414, 3), 14).count_params() == 3_692_608


def test_sizes_of_the_inspiring_picture():
    model = reference_multibranch((125, 414, 3), 14)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["encoder_s16_pool"] == (7, 25, 96)
    assert shapes["bottleneck_s16_concat"] == (7, 25, 144)
    assert shapes["decoder_s8_up"] == (14, 50, 96)
    assert shapes["decoder_s8_pad"] == (15, 51, 96)
    assert shapes["decoder_s4_concat"] == (31, 103, 96)
    assert shapes["decoder_s2_concat"] == (62, 207, 72)
    assert shapes["decoder_s1_concat"] == (125, 414, 36)


def test_sizes_of_the_paper_figure():
    model = reference_edgesegnet((256, 256, 3), 14)
    assert model.get_layer("fuse_s8_add").output.shape[1:] == (32, 32, 193)
    assert model.get_layer("fuse_s4_add").output.shape[1:] == (64, 64, 217)
    assert model.get_layer("context_s16_conv3").output.shape[1:] == (16, 16, 193)


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_logits_at_any_size(builder, size):
    model = builder((*size, 3), 5)
    images, _ = photographs(1, *size)
    logits = model(images)
    assert model.input.dtype == "uint8"
    assert tuple(logits.shape) == (1, *size, 5)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert np.isfinite(keras.ops.convert_to_numpy(logits)).all()


@pytest.mark.parametrize("builder", BUILDERS)
def test_logits_stay_float32_under_mixed_precision(builder):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        model = builder((65, 97, 3), 3)
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    assert model.output.dtype == "float32"
    assert model.get_layer("input_rescale").compute_dtype == "bfloat16"
    images, _ = photographs(1, 65, 97)
    assert keras.backend.standardize_dtype(model(images).dtype) == "float32"


@pytest.mark.parametrize("builder", BUILDERS)
def test_layer_names_are_the_kept_list(builder):
    model = builder((125, 414, 3), 14)
    assert [layer.name for layer in model.layers] == layer_names(builder.__name__)


@pytest.mark.parametrize("builder", BUILDERS)
def test_bad_arguments_are_named(builder):
    with pytest.raises(ValueError, match=r"\(32, 64, 3\)"):
        builder((32, 64, 3), 14)
    with pytest.raises(ValueError, match="num_classes must be at least 2, got 1"):
        builder((64, 64, 3), 1)


@pytest.mark.parametrize("builder", BUILDERS)
def test_saved_model_loads_with_stock_keras(builder, tmp_path):
    keras.utils.set_random_seed(0)
    model = builder((65, 97, 3), 4)
    images, _ = photographs(2, 65, 97)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    expected = model.predict(images, verbose=0)
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), expected)


@pytest.mark.parametrize("builder", BUILDERS)
def test_training_steps_lower_the_loss(builder):
    keras.utils.set_random_seed(0)
    model = builder((64, 64, 3), 2)
    images, labels = photographs(2, 64, 64)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-4), loss, run_eagerly=True)
    losses = [model.train_on_batch(images, labels) for _ in range(8)]
    assert min(losses[-2:]) < losses[0]
