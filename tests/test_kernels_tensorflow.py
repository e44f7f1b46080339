"""The fused normalisation equals that of Keras."""

from unittest.mock import Mock

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("the kernel is TensorFlow's", allow_module_level=True)

import tensorflow as tf

from segnet.train import kernels_tensorflow

SHAPE = (3, 5, 6, 4)


def trained(x, weights) -> list[np.ndarray]:
    """Returns outputs, gradients and moving statistics after one training step."""
    layer = keras.layers.BatchNormalization(momentum=0.9)
    layer.build(SHAPE)
    layer.gamma.assign([1.0, 2.0, -1.0, 0.5])
    layer.beta.assign([0.0, 1.0, 0.0, -3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
        loss = tf.reduce_sum(weights * outputs**2)
    gradients = tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])
    values = [outputs, *gradients, layer.moving_mean, layer.moving_variance]
    return [np.array(value) for value in values]


def test_outputs_gradients_and_statistics_agree(monkeypatch):
    rng = np.random.default_rng(0)
    x, weights = (tf.constant(rng.normal(2, 3, SHAPE), tf.float32) for _ in range(2))
    expected = trained(x, weights)
    kernel = Mock(wraps=tf.compat.v1.nn.fused_batch_norm)
    monkeypatch.setattr(tf.compat.v1.nn, "fused_batch_norm", kernel)
    with kernels_tensorflow.replaced():
        found = trained(x, weights)
    assert kernel.called
    for value, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-4)


def test_inference_is_left_to_keras():
    x = np.random.default_rng(0).normal(size=SHAPE).astype("float32")
    layer = keras.layers.BatchNormalization()
    expected = np.array(layer(x, training=False))
    with kernels_tensorflow.replaced():
        np.testing.assert_array_equal(np.array(layer(x, training=False)), expected)
    assert keras.layers.BatchNormalization.call is kernels_tensorflow.plain
