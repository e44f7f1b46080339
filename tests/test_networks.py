"""Auxiliary heads, precision, and the weights of the inference model."""

import keras
import numpy as np
import pytest

from segnet.losses import WeightedCrossEntropy
from segnet.models import MODELS
from segnet.models.build import build_inference_model
from segnet.recipe import Recipe
from segnet.runs import folder as run_folder
from segnet.runs.loading import load
from segnet.train import train
from segnet.train.optimizer import AveragedAdamW
from segnet.train.pair import (
    build_training_model,
    compile_training_model,
    for_outputs,
    update_inference_model,
)

RECIPE = Recipe(
    model="forked", epochs=1, batch_size=4, learning_rate=0.02, ema=0.6, loss="dice"
)


def forked(input_shape, num_classes, auxiliary=False, name="forked"):
    """Builds a convolution, its statistics, a classifier; a head before the ReLU."""
    inputs = keras.Input(input_shape, dtype="uint8", name="input_image")
    x = keras.layers.Rescaling(1 / 127.5, -1, name="input_rescale")(inputs)
    stem = keras.layers.Conv2D(4, 8, 8, name="stem_conv")(x)
    x = keras.layers.BatchNormalization(momentum=0.8, name="stem_bn")(stem)
    x = keras.layers.Dropout(0.1, name="stem_dropout")(x)
    x = keras.layers.Conv2D(num_classes, 1, name="head_conv")(x)
    x = keras.layers.UpSampling2D(8, name="head_upsample")(x)
    if auxiliary:
        head = keras.layers.Conv2D(num_classes, 1, name="auxiliary_s8_conv")
        x = [x, head(stem)]
    return keras.Model(inputs, x, name=name)


def without_heads(input_shape, num_classes):
    return forked(input_shape, num_classes)


@pytest.fixture(autouse=True)
def with_networks(monkeypatch):
    monkeypatch.setitem(MODELS, "forked", forked)
    monkeypatch.setitem(MODELS, "without_heads", without_heads)


def built(size=(64, 64), **changes):
    recipe = Recipe(model="forked", **changes)
    model = build_training_model(recipe, size, 3)
    optimizer = AveragedAdamW(0.1, 0.9)
    optimizer.build(model.trainable_variables)
    compile_training_model(model, optimizer, WeightedCrossEntropy(), recipe)
    return model


def frames(count=2, size=(64, 64)):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, *size, 3), dtype=np.uint8)
    return images, rng.integers(0, 3, (count, *size)).astype(np.uint8)


def test_the_losses_of_all_heads_add_up():
    model = built(auxiliary=0.4)
    images, labels = frames()
    full, small = (
        keras.ops.convert_to_numpy(logits) for logits in model(images, training=False)
    )
    loss = WeightedCrossEntropy()
    expected = loss(labels, full) + 0.4 * loss(labels[:, 4::8, 4::8], small)
    found = model.test_on_batch(images, for_outputs(model, labels), return_dict=True)
    assert found["loss"] == pytest.approx(float(expected), rel=1e-5)


def test_a_network_without_heads_is_named():
    message = "auxiliary is 0.4, but without_heads has no auxiliary heads; .*, forked"
    with pytest.raises(ValueError, match=message):
        build_training_model(Recipe(model="without_heads", auxiliary=0.4), (64, 64), 3)
    assert (
        len(build_training_model(Recipe(model="without_heads"), (64, 64), 3).outputs)
        == 1
    )


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_the_inference_model_gets_the_averages_of_equally_named_layers(precision):
    model = built(auxiliary=0.4, precision=precision)
    images, labels = frames()
    for _ in range(3):
        model.train_on_batch(images, for_outputs(model, labels))
    inference = build_inference_model(Recipe(model="forked"), (72, 80), 3)
    update_inference_model(model, inference)
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    paths = [variable.path for variable in model.trainable_variables]
    averages = dict(zip(paths, optimizer.averages, strict=True))
    for variable in inference.trainable_variables:
        average = averages[variable.path].numpy()
        np.testing.assert_array_equal(variable.numpy(), average)
    plain, kept = (m.get_layer("stem_conv").kernel.numpy() for m in (model, inference))
    assert not np.array_equal(plain, kept)
    means = (m.get_layer("stem_bn").moving_mean.numpy() for m in (model, inference))
    np.testing.assert_array_equal(*means)


def test_the_precision_is_that_of_the_layers_made_inside():
    recipe = Recipe(model="forked", precision="mixed_float16")
    assert built(precision="mixed_float16").compute_dtype == "float16"
    assert build_inference_model(recipe, (64, 64), 3).compute_dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"
    with pytest.raises(ValueError, match="num_classes|units|filters"):
        build_training_model(recipe, (64, 64), 0)
    assert keras.config.dtype_policy().name == "float32"


def test_a_run_with_heads_in_half_precision(store_path, tmp_path):
    changes = {"auxiliary": 0.4, "precision": "mixed_float16"}
    recipe = Recipe(**{**RECIPE.__dict__, **changes})
    out = train(store_path, recipe, tmp_path / "run", verbose=0)
    best = load(out / "best.keras")
    assert best.output_shape == (None, 64, 96, 14)
    assert {layer.dtype_policy.name for layer in best.layers} == {"float32"}
    assert not [la.name for la in best.layers if la.name.startswith("auxiliary")]
    with np.load(out / run_folder.STATE) as state:
        shapes = [state[name].shape for name in state.files]
    # The head's bias: the variable, two moments, the average; so for the classifier's.
    assert shapes.count((14,)) == 2 * 4
    train(store_path, recipe, out, resume=True, verbose=0)


def test_an_inference_model_that_pads_where_the_trained_one_does_not():
    recipe = Recipe(model="slim", ema=0.0)
    trained = build_training_model(recipe, (64, 96), 4)
    compile_training_model(
        trained, keras.optimizers.SGD(), WeightedCrossEntropy(), recipe
    )
    inference = build_inference_model(recipe, (75, 90), 4)
    update_inference_model(trained, inference)
    for ours, theirs in zip(
        inference.get_weights(), trained.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
