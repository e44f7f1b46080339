"""A network of this package is rebuilt for frames of another size."""

import keras
import numpy as np
import pytest

from segnet.data.store import open_store
from segnet.evaluate.match import match
from segnet.models import MODELS


@pytest.mark.parametrize("name", ["reference_multibranch", "slim"])
def test_every_layer_keeps_its_weights_at_another_size(store_path, name):
    with open_store(store_path) as store:
        frames = store["val"]
        height, width = (int(side) for side in frames.size)
        num_classes = store.class_map.num_classes
        model = MODELS[name]((height + 11, width + 3, 3), num_classes)
        rng = np.random.default_rng(0)
        for layer in model.layers:
            layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
        matched = match(model, frames).model
    assert matched.input_shape == (None, height, width, 3)
    for layer in filter(lambda layer: layer.weights, model.layers):
        theirs = matched.get_layer(layer.name).get_weights()
        for ours, found in zip(layer.get_weights(), theirs, strict=True):
            np.testing.assert_array_equal(ours, found)


def test_a_changed_network_of_that_name_is_refused(store_path):
    with open_store(store_path) as store:
        num_classes = store.class_map.num_classes
        inputs = keras.Input((80, 99, 3), dtype="uint8", name="input_image")
        x = keras.layers.Rescaling(1 / 127.5, name="input_rescale")(inputs)
        x = keras.layers.Conv2D(num_classes, 1, name="head_logits_conv")(x)
        model = keras.Model(inputs, x, name="slim")
        with pytest.raises(ValueError, match="cannot be built again"):
            match(model, store["val"])
