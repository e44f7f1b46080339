"""Kernels: chosen by name for one training run, on the backends that have some."""

import dataclasses

import keras
import pytest

from segnet.models import MODELS
from segnet.train import train
from segnet.train.kernels import FAST, use_kernels
from test_train import TINY, tiny


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="kernels are 'quick', expected one of keras"):
        with use_kernels("quick"):
            pass


def test_a_backend_without_fast_kernels_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(ValueError, match="no fast kernels for Keras on torch"):
        with use_kernels("fast"):
            pass


@pytest.mark.skipif(keras.backend.backend() not in FAST, reason="no fast kernels")
def test_a_run_trains_with_them_and_leaves_none_behind(
    store_path, tmp_path, monkeypatch
):
    plain = keras.layers.BatchNormalization.call
    seen = []

    def watched(layer, *args, **kwargs):
        seen.append(keras.layers.BatchNormalization.call is not plain)
        return tiny(layer, *args, **kwargs)

    monkeypatch.setitem(MODELS, "tiny", watched)
    recipe = dataclasses.replace(TINY, epochs=1)
    train(store_path, recipe, tmp_path / "run", verbose=0, kernels="fast")
    assert seen[0]
    assert keras.layers.BatchNormalization.call is plain
