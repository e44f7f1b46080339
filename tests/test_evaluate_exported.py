"""`segnet evaluate` with exported files: the same report, or a sentence."""

import json

import keras
import numpy as np
import pytest

from helpers.exported import onnx_model, write
from segnet.classes import VKITTI1
from segnet.cli import main
from segnet.data.store import open_store
from segnet.evaluate import evaluate, table
from segnet.runs.loading import (
    class_map_of,
    find_weights,
    load,
    sha256_of_weights,
    trained_on_val,
    training_of,
)
from segnet.runtimes.facts import CLASSES, LOGITS, FileFacts
from segnet.runtimes.opening import open_runtime
from segnet.runtimes.seal import checksum, seal
from segnet.system.checksums import sha256_of

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
SIZE = (64, 96)
# The logit of a class is minus the squared distance to its colour, without the part
# that all share; a power of two, so that no sum is rounded and all engines agree.
COLOURS = np.array(VKITTI1.colours, np.float32)
PRODUCT = 2 * COLOURS.T / 4096, -(COLOURS**2).sum(1) / 4096


def exact_matcher():
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    x = keras.layers.Rescaling(1.0)(inputs)
    classifier = keras.layers.Conv2D(14, 1)
    model = keras.Model(inputs, classifier(x), name="matcher")
    classifier.set_weights([PRODUCT[0][None, None], PRODUCT[1]])
    return model


def matcher_onnx(path, outputs, size=SIZE, class_map=VKITTI1):
    """Writes `exact_matcher` as ONNX, made by hand: a 1x1 product and what follows."""
    from onnx import TensorProto, helper, numpy_helper

    product, bias = map(numpy_helper.from_array, PRODUCT, ["product", "bias"])
    node, value = helper.make_node, helper.make_tensor_value_info
    nodes = [
        node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
        node("MatMul", ["values", "product"], ["plain"]),
        node("Add", ["plain", "bias"], ["logits"]),
    ]
    results = [value("logits", TensorProto.FLOAT, (1, *size, 14))]
    if outputs == CLASSES:
        nodes += [
            node("ArgMax", ["logits"], ["wide"], axis=-1, keepdims=0),
            node("Cast", ["wide"], ["classes"], to=TensorProto.UINT8),
            node("Softmax", ["logits"], ["softmax"], axis=-1),
            node("ReduceMax", ["softmax"], ["largest"], axes=[-1], keepdims=0),
            node("Constant", [], ["255"], value_float=255.0),
            node("Mul", ["largest", "255"], ["scaled"]),
            node("Round", ["scaled"], ["rounded"]),
            node("Cast", ["rounded"], ["confidence"], to=TensorProto.UINT8),
        ]
        names = CLASSES.split(",")
        results = [value(name, TensorProto.UINT8, (1, *size)) for name in names]
    image = value("image", TensorProto.UINT8, (1, *size, 3))
    graph = helper.make_graph(nodes, "matcher", [image], results, [product, bias])
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    facts = FileFacts(class_map, size, outputs=outputs, weights="matcher")
    helper.set_model_props(model, {"segnet": facts.to_text()})
    path.write_bytes(model.SerializeToString())
    seal(path)
    return path


@pytest.fixture(scope="module")
def keras_report(store_path):
    return evaluate(exact_matcher(), store_path)


@pytest.fixture(scope="module", params=[CLASSES, LOGITS])
def scored(request, store_path, tmp_path_factory):
    """The path, the report, and its folder."""
    folder = tmp_path_factory.mktemp("exported")
    path = matcher_onnx(folder / "matcher.onnx", request.param)
    report = evaluate(path, store_path, out=folder / "val", batch_size=2)
    return path, report, folder / "val"


def test_the_report_is_that_of_the_network(scored, keras_report):
    path, report, out = scored
    for key in ("confusion", "miou", "per_class", "worst", "absent", "size", "frames"):
        assert report[key] == keras_report[key], key
    ours, theirs = report["details"], dict(keras_report["details"])
    for key in ("interval", "per_class", "trimap", "drives", "boundary_iou"):
        assert ours[key] == theirs[key], key
    error = theirs["calibration"]["error"]
    assert ours["calibration"]["error"] == pytest.approx(error, abs=0.5 / 255)
    assert json.loads((out / "report.json").read_text()) == report
    assert {p.name for p in out.iterdir()} >= {"report.html", "sheets.png"}
    assert "onnxruntime" in (out / "report.html").read_text()


def test_it_says_how_the_file_was_run(scored):
    path, report, _ = scored
    assert report["model"] == "matcher.onnx" and report["parameters"] is None
    name = open_runtime(path).name
    exported = report["exported"]
    assert exported["runtime"] == name and exported["precision"] == "float32"
    assert exported["weights"] == "matcher"
    assert table(report).startswith(
        f"matcher.onnx (float32, in {name}) on 3 val frames"
    )
    facts = report["provenance"]["facts"]
    assert facts["runtime"] == name and "Keras" not in facts
    assert facts["sha256 of the file"] == sha256_of(path)
    notes = [alert["text"] for alert in report["alerts"]]
    coarse = any("steps of 1/255" in text for text in notes)
    assert coarse == (exported["outputs"] == CLASSES)


def test_a_keras_network_is_not_exported(keras_report):
    assert keras_report["exported"] is None
    assert keras_report["parameters"] == 14 * 4


@pytest.mark.parametrize("options", [{"flip": True}, {"scales": [0.5, 1]}])
def test_an_exported_file_is_not_averaged(scored, store_path, options):
    path, _, _ = scored
    with pytest.raises(
        ValueError, match=r"matcher\.onnx: an exported file cannot be av"
    ):
        evaluate(path, store_path, **options)


def test_another_size_than_the_stores(tmp_path, store_path):
    path = matcher_onnx(tmp_path / "a.onnx", LOGITS, (64, 64))
    message = "takes 64x64 only, and .* has 64x96; export it with --size 64 96"
    with pytest.raises(ValueError, match=message):
        evaluate(path, store_path)


def test_classes_in_another_order(tmp_path, store_path, capsys):
    turned = type(VKITTI1)("turned", VKITTI1.names[::-1], VKITTI1.colours[::-1])
    path = matcher_onnx(tmp_path / "a.onnx", CLASSES, class_map=turned)
    assert main(["evaluate", str(path), str(store_path)]) == 2
    assert "a.onnx has the classes" in capsys.readouterr().err


def test_the_command(scored, store_path, capsys):
    path, report, _ = scored
    assert main(["evaluate", str(path), str(store_path)]) == 0
    assert f"mean IoU         {100 * report['miou']:.2f}" in capsys.readouterr().out


def test_other_formats_score_the_same(tmp_path, store_path):
    """The brightest colour as a class: few pixels are right, the same in each."""
    with open_store(store_path) as store:
        class_map = store.class_map
    facts = FileFacts(class_map, SIZE)
    reports = []
    for kind in ("onnx", "litert", "openvino", "saved_model"):
        path = write(kind, tmp_path / kind, facts)
        seal(path)
        reports.append(evaluate(path, store_path))
        assert reports[-1]["provenance"]["facts"]["sha256 of the file"] == checksum(
            path
        )
    confusions = [report["confusion"] for report in reports]
    assert confusions[0] == confusions[1] == confusions[2] == confusions[3]
    assert np.array(confusions[0])[:, :3].sum() == np.array(confusions[0]).sum()


def test_what_is_known_of_an_exported_file(tmp_path):
    path = matcher_onnx(tmp_path / "a.onnx", CLASSES)
    assert find_weights(path).is_exported
    assert class_map_of(path) == VKITTI1
    assert sha256_of_weights(path) == sha256_of(path)
    assert training_of(path) is None
    assert not trained_on_val(path, "camvid")
    with pytest.raises(ValueError, match="an exported file has no Keras network"):
        load(path)


def test_a_file_of_shipped_weights_knows_what_they_have_seen(tmp_path):
    from onnx import helper

    from segnet.models.shipped import read_card

    name = "slim_camvid11"
    sources = {report["source"] for report in read_card(name)["scores_without_val"]}
    assert sources
    model = onnx_model(None)
    facts = FileFacts(class_map_of(name), SIZE, weights=name)
    helper.set_model_props(model, {"segnet": facts.to_text()})
    path = tmp_path / "shipped.onnx"
    path.write_bytes(model.SerializeToString())
    assert all(trained_on_val(path, source) for source in sources)
    assert not trained_on_val(path, "another")


def test_a_folder_that_is_a_saved_model_is_found(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    with pytest.raises(FileNotFoundError, match="no run with weights"):
        find_weights(path)
    (path / "saved_model.pb").touch()
    assert find_weights(path).file == path
    with pytest.raises(FileNotFoundError, match="`segnet export` a file for other"):
        find_weights(tmp_path / "none.onnx")
