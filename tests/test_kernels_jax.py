"""Shifted sums equal the depthwise convolution of Keras."""

import keras
import numpy as np
import pytest

from segnet.train import kernels_jax


@pytest.mark.parametrize("size", [(9, 12), (10, 7)])
@pytest.mark.parametrize("taps", [(3, 3), (3, 1), (1, 3), (5, 2)])
@pytest.mark.parametrize(
    ("strides", "dilation"), [(1, 1), (2, 1), ((1, 1), (2, 4)), (1, 8)]
)
def test_it_is_the_depthwise_convolution(size, taps, strides, dilation):
    rng = np.random.default_rng(0)
    images = rng.normal(size=(2, *size, 4)).astype("float32")
    kernel = rng.normal(size=(*taps, 4, 1)).astype("float32")
    how = {"strides": strides, "padding": "same", "dilation_rate": dilation}
    expected = keras.ops.depthwise_conv(images, kernel, **how)
    found = kernels_jax.shifted(keras.ops.convert_to_tensor(images), kernel, **how)
    np.testing.assert_allclose(np.array(found), np.array(expected), atol=1e-5)


def test_what_it_does_not_know_is_left_to_keras():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(1, 6, 7, 2)).astype("float32")
    kernel = rng.normal(size=(3, 3, 2, 3)).astype("float32")
    expected = keras.ops.depthwise_conv(images, kernel)
    np.testing.assert_array_equal(
        np.array(kernels_jax.shifted(images, kernel)), np.array(expected)
    )


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="it is for JAX")
def test_another_backend_is_refused():
    with pytest.raises(ValueError, match="KERAS_BACKEND=jax"):
        with kernels_jax.replaced():
            pass


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="it is for JAX")
def test_layers_take_it_only_inside():
    nn = keras.src.backend.nn
    images = np.random.default_rng(0).normal(size=(2, 9, 7, 4)).astype("float32")
    same, valid = (
        keras.layers.DepthwiseConv2D(3, padding=p) for p in ("same", "valid")
    )
    expected = [np.array(layer(images)) for layer in (same, valid)]
    with kernels_jax.replaced(), kernels_jax.replaced():
        assert nn.depthwise_conv is kernels_jax.shifted
        for layer, wanted in zip((same, valid), expected, strict=True):
            np.testing.assert_allclose(np.array(layer(images)), wanted, atol=1e-5)
    assert nn.depthwise_conv is kernels_jax.plain
