"""Fast-SCNN: its parameters by arithmetic, its pyramid, and the auxiliary heads."""

import keras
import numpy as np
import pytest

from segnet.models import MODELS
from segnet.models.fast_scnn import _pyramid

WITH_HEADS = {"slim": (8, 16), "edgesegnet": (8, 16), "fast_scnn": (8, 32)}


def separable(i: int, o: int) -> int:
    return 9 * i + i * o


def bottleneck(i: int, o: int) -> int:
    return i * 6 * i + 9 * 6 * i + 6 * i * o


def convolutions(num_classes: int) -> int:
    """Returns table 1 of the paper, without BatchNormalization."""
    stem = 9 * 3 * 32 + separable(32, 48) + separable(48, 64)
    context = 3 * bottleneck(64, 64)
    context += bottleneck(64, 96) + 2 * bottleneck(96, 96)
    context += bottleneck(96, 128) + 2 * bottleneck(128, 128)
    pyramid = 4 * 128 * 32 + 256 * 128
    fusion = separable(128, 128) + 64 * 128
    classifier = 2 * separable(128, 128) + 129 * num_classes
    return stem + context + pyramid + fusion + classifier


def test_parameters_of_the_paper():
    model = MODELS["fast_scnn"]((64, 64, 3), 19)
    norms = sum(
        layer.count_params()
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    )
    assert model.count_params() - norms == convolutions(19) == 1_114_115
    assert norms == 4 * 11_504
    assert MODELS["fast_scnn"]((64, 96, 3), 11).count_params() == 1_159_099


def test_order_of_weights_does_not_depend_on_the_size():
    sizes = ((64, 64), (65, 97))
    orders = {
        tuple(weight.path for weight in MODELS["fast_scnn"]((*size, 3), 5).weights)
        for size in sizes
    }
    assert len(orders) == 1


@pytest.mark.parametrize("bins", [1, 2, 3, 6])
def test_the_pyramid_means_over_its_cells_from_the_top_left(bins):
    inputs = keras.Input((15, 2, 4))
    model = keras.Model(inputs, _pyramid(inputs))
    name = f"pyramid_s32bin{bins}"
    pad, pool, crop = (
        model.get_layer(f"{name}_{unit}") for unit in ("pad", "pool", "crop")
    )
    image = np.random.default_rng(0).normal(size=(15, 2, 4)).astype(np.float32)
    found = keras.ops.convert_to_numpy(pool(pad(image[None])))[0]
    size = {1: 15, 2: 8, 3: 5, 6: 3}[bins]
    columns = [slice(0, 2)] if bins == 1 else [slice(0, 1), slice(1, 2)]
    expected = [
        # The last of two cells of 8 has 7 positions and a zero.
        [image[top : top + size, column].sum(0).mean(0) / size for column in columns]
        for top in range(0, 15, size)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert crop.output.shape == (None, 15, 2, 1)


def test_no_layer_changes_the_mode_of_those_behind_it():
    """`predict` says that it is no training; a plain call and an export do not."""
    model = MODELS["fast_scnn"]((64, 64, 3), 2)
    images = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    plain = keras.ops.convert_to_numpy(model(images))
    np.testing.assert_allclose(plain, model.predict(images, verbose=0), atol=1e-6)


@pytest.mark.parametrize("name", WITH_HEADS)
def test_auxiliary_heads_are_small_and_change_nothing_else(name):
    keras.utils.set_random_seed(0)
    plain = MODELS[name]((65, 97, 3), 5)
    keras.utils.set_random_seed(0)
    model = MODELS[name]((65, 97, 3), 5, auxiliary=True)
    sides = [(-(-65 // factor), -(-97 // factor)) for factor in WITH_HEADS[name]]
    assert model.output_shape == [(None, *s, 5) for s in ((65, 97), *sides)]
    for layer in plain.layers:
        pairs = zip(
            layer.get_weights(), model.get_layer(layer.name).get_weights(), strict=True
        )
        assert all(np.array_equal(*pair) for pair in pairs)
    extra = {layer.name for layer in model.layers} - {la.name for la in plain.layers}
    assert all(layer.startswith("auxiliary_s") for layer in extra)


def test_heads_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = MODELS["slim"]((64, 64, 3), 3, auxiliary=True)
    finally:
        keras.config.set_dtype_policy("float32")
    assert [output.dtype for output in model.outputs] == ["float32"] * 3
