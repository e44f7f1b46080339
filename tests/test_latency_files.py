"""Latency of trained networks and of files: what is measured, not how fast it is."""

import json

import keras
import numpy as np
import pytest

from segnet.bench import exported, files
from segnet.bench.exported import ENDS, candidate_of, without_resize
from segnet.bench.files import bench_files
from segnet.bench.opening import measure_opening
from segnet.classes import ClassMap
from segnet.cli import main
from segnet.export.function import Network
from segnet.export.onnx import PACKAGES, add_facts, write_onnx
from segnet.models import MODELS
from segnet.pictures.latency import latency_scatter
from segnet.runtimes.facts import FileFacts

KINDS = ClassMap("kinds", ("a", "b", "c"), ((1, 0, 0), (2, 0, 0), (3, 0, 0)))


@pytest.fixture(autouse=True)
def with_engine():
    for name in PACKAGES:
        pytest.importorskip(name, reason=f"{name} is optional: segnet[export]")


def small(input_shape=(65, 97, 3), num_classes=3, name="small"):
    inputs = keras.Input(input_shape, dtype="uint8")
    x = keras.layers.Rescaling(1 / 127.5, -1)(inputs)
    x = keras.layers.Conv2D(num_classes, 3, 2, padding="same", name="logits")(x)
    x = keras.layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = keras.layers.Cropping2D(((0, 1), (0, 1)))(x)
    return keras.Model(inputs, x, name=name)


@pytest.fixture
def tiny_networks(monkeypatch):
    monkeypatch.setattr(files, "load_candidate", lambda name, size: (small(), KINDS))
    from_memory = exported.facts_of
    monkeypatch.setattr(
        exported, "facts_of", lambda model, _, *rest: from_memory(model, None, *rest)
    )
    monkeypatch.setitem(MODELS, files.YARDSTICK, small)
    opened = {"load_seconds": 0.5, "peak_mb": 80.0}
    monkeypatch.setattr(files, "measure_opening", lambda path, threads: dict(opened))


@pytest.fixture
def onnx_file(tmp_path):
    path = tmp_path / "mine.onnx"
    write_onnx(Network(small()), path)
    scores = {"miou": 0.5, "split": "val", "source": "camvid"}
    add_facts(path, FileFacts(KINDS, (65, 97), scores=scores))
    return path


def test_the_network_ends_before_its_resize():
    model = small()
    cut = without_resize(model)
    assert cut.output_shape == (None, 33, 49, 3)
    assert cut.layers[-1].name == "logits"
    assert without_resize(cut) is cut


def test_each_end_is_measured_beside_the_yardstick(tiny_networks, tmp_path, capsys):
    out = tmp_path / "latency.json"
    result = bench_files(["mine"], turns=3, formats=["onnx", "litert"], out=out)
    assert json.loads(out.read_text()) == result
    for form in ("onnx", "litert"):
        _check_ends([row for row in result["files"] if row["format"] == form])
    printed = capsys.readouterr().out
    assert "batch 1, one thread" in printed
    assert "fast_scnn is untrained" in printed


def _check_ends(rows):
    assert [(row["name"], row["end"]) for row in rows] == [
        (name, end) for name in ("mine", "fast_scnn") for end in ENDS
    ]
    for mine, other in zip(rows[:3], rows[3:], strict=True):
        assert mine["ratio"] == mine["median_ms"] / other["median_ms"]
        assert other["ratio"] == 1
        assert 0 < mine["min_ms"] <= mine["median_ms"] <= mine["p95_ms"]
        assert (mine["load_seconds"], mine["miou"]) == (0.5, None)


def test_a_file_brings_its_own_score(tiny_networks, onnx_file, tmp_path):
    picture = tmp_path / "scatter.png"
    (row,) = bench_files([onnx_file], turns=1, picture=picture)["files"]
    assert (row["name"], row["end"], row["ratio"]) == ("mine.onnx", "classes", None)
    assert (row["miou"], row["scored_on"]) == (0.5, "val of camvid")
    assert row["bytes"] == onnx_file.stat().st_size
    assert picture.stat().st_size > 1000
    given = bench_files([onnx_file], turns=1, mious={"mine.onnx": 0.6})["files"]
    assert (given[0]["miou"], given[0]["scored_on"]) == (0.6, "as given")


def test_a_file_of_others_is_measured_as_it_is(tiny_networks, tmp_path):
    path = tmp_path / "other.onnx"
    write_onnx(Network(small()), path)
    assert candidate_of(path).end == ""
    (row,) = bench_files([path], turns=1)["files"]
    assert (row["miou"], row["end"]) == (None, "")
    with pytest.raises(ValueError, match="no mIoU is known.*--miou"):
        latency_scatter([row])


def test_a_process_of_its_own_reports_time_and_memory(onnx_file):
    found = measure_opening(onnx_file, threads=1)
    assert 0 < found["load_seconds"] < 60
    # Without what this process, with TensorFlow, has in memory.
    assert 20 < found["peak_mb"] < 300
    onnx_file.write_bytes(onnx_file.read_bytes()[:500])
    with pytest.raises(ValueError, match="cannot be opened in a process of its own"):
        measure_opening(onnx_file, threads=1)


def test_points_are_those_with_class_ids_and_a_score():
    row = {"name": "a", "format": "onnx", "runtime": "o", "scored_on": ""}
    rows = [
        row | {"end": "classes", "miou": 0.5, "median_ms": 4.0},
        row | {"end": "logits", "miou": 0.5, "median_ms": 3.0},
        row | {"end": "classes", "miou": None, "median_ms": 2.0},
    ]
    (axis,) = latency_scatter(rows).axes
    points = [line.get_xydata().tolist() for line in axis.lines]
    np.testing.assert_array_equal(points, [[[4.0, 50.0]]])


def test_wrong_arguments_are_named(onnx_file, capsys):
    with pytest.raises(ValueError, match="turns is 0 and threads 1, expected 1"):
        bench_files([onnx_file], turns=0)
    with pytest.raises(ValueError, match="no format 'caffe'; known are onnx"):
        bench_files(["slim_camvid11"], formats=["caffe"])
    with pytest.raises(ValueError, match="a mIoU is given for x, which is not"):
        bench_files([onnx_file], turns=1, mious={"x": 0.5})
    assert main(["bench", "latency", str(onnx_file), "--miou", "58.7"]) == 2
    assert "--miou 58.7: expected NAME=PERCENT" in capsys.readouterr().err
    assert main(["bench", "latency", "no_such_model"]) == 2
    assert "no_such_model" in capsys.readouterr().err
