"""The measurement in ONNX Runtime: its arithmetic and its conversion, not its speed."""

import json

import keras
import numpy as np
import pytest

from segnet.bench import latency, machine
from segnet.bench import onnx_runtime as engine
from segnet.bench.latency import bench_latency
from segnet.export import onnx
from segnet.export.function import Network
from segnet.models import MODELS
from segnet.runtimes.facts import LOGITS


@pytest.fixture
def with_engine():
    for name in onnx.PACKAGES:
        pytest.importorskip(name, reason=f"{name} is optional: segnet[export]")


def small(filters):
    def build(input_shape, num_classes, name=f"small{filters}"):
        inputs = keras.Input(input_shape, dtype="uint8")
        x = keras.layers.Rescaling(1 / 127.5, -1)(inputs)
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.Conv2D(num_classes, 1)(x)
        return keras.Model(inputs, x, name=name)

    return build


def test_the_figures_are_those_of_the_networks(
    with_engine, tmp_path, monkeypatch, capsys, bars
):
    monkeypatch.setattr("segnet.bench.machine.tqdm", bars)
    monkeypatch.setitem(MODELS, "small", small(4))
    monkeypatch.setitem(MODELS, "reference_multibranch", small(8))
    out = tmp_path / "latency.json"
    result = bench_latency(
        ["small"], size=(20, 30), num_classes=3, turns=4, out=out, progress=True
    )
    assert json.loads(out.read_text()) == result
    assert bars.seen == [("bench", 6 * 3, "call")]
    assert list(result["networks"]) == ["small", "reference_multibranch"]
    row, yardstick = result["networks"].values()
    assert (row["parameters"], row["macs"]) == (108 + 15, 600 * (108 + 12))
    convolution = result["convolution"]
    assert convolution["macs"] == 45 * 60 * 9 * 64 * 64
    rate = convolution["macs"] / convolution["min_ms"]
    assert convolution["gmacs_per_second"] == pytest.approx(rate * 1e3 / 1e9)
    assert row["limit_ms"] == pytest.approx(row["macs"] / rate)
    assert row["times_limit"] == pytest.approx(row["min_ms"] / row["limit_ms"])
    assert row["ratio"] == pytest.approx(yardstick["min_ms"] / row["min_ms"])
    assert 0 < row["min_ms"] <= row["median_ms"]
    printed = capsys.readouterr().out
    assert "20x30, 3 classes, batch 1, one thread, onnxruntime" in printed
    assert f"{convolution['gmacs_per_second']:.1f} GMAC/s" in printed


def test_the_networks_take_turns_and_warming_up_is_not_counted(monkeypatch):
    ticks = iter(range(1000))
    order = []
    monkeypatch.setattr(machine.time, "perf_counter", lambda: float(next(ticks)))
    calls = {name: lambda name=name: order.append(name) for name in "ab"}
    seconds = machine.in_turns(
        calls, 3, latency.WARM_UP, lambda iterable, **_: iterable
    )
    assert order == ["a", "b"] * 5
    assert seconds == {"a": [1.0] * 3, "b": [1.0] * 3}


def test_the_converted_network_computes_the_same(with_engine, tmp_path):
    model, path = small(4)((9, 11, 3), 3), tmp_path / "network.onnx"
    onnx.write_onnx(Network(model, outputs=LOGITS), path)
    images = np.random.default_rng(0).integers(0, 256, (1, 9, 11, 3), dtype=np.uint8)
    found = engine.open_call(path)()
    np.testing.assert_allclose(found, model(images), rtol=1e-4, atol=1e-4)


def test_the_convolution_is_one(with_engine, tmp_path):
    path = tmp_path / "convolution.onnx"
    assert engine.write_convolution(path, 5, 7, 2) == 5 * 7 * 9 * 2 * 2
    found = engine.open_call(path)()
    x = np.random.default_rng(0).normal(size=(1, 2, 5, 7)).astype(np.float32)
    kernel = np.random.default_rng(0).normal(size=(2, 2, 3, 3)).astype(np.float32)
    middle = np.einsum("cij,kcij->k", x[0, :, 1:4, 2:5], kernel)
    np.testing.assert_allclose(found[0, :, 2, 3], middle, rtol=1e-4)


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: name == "onnx" or None)
    message = r"tf2onnx, onnxruntime not installed.*pip install -e '.\[export\]'"
    with pytest.raises(ValueError, match=message):
        bench_latency(["slim"])


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="no network 'slimmer'"):
        bench_latency(["slimmer"])
    with pytest.raises(ValueError, match="turns is 0, expected 1 or more"):
        bench_latency(["slim"], turns=0)
