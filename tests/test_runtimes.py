"""Exported files in their runtimes: outputs, facts, faults in one sentence."""

import os
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from helpers.exported import (
    LIBRARIES,
    SIZE,
    WRITERS,
    append,
    changed,
    colour_facts,
    expected,
    onnx_model,
    random_images,
    write,
    write_onnx,
)
from segnet.runtimes.facts import LOGITS
from segnet.runtimes.opening import FORMATS, format_of, open_runtime

OPT_OUT = "ORT_DISABLE_TELEMETRY"


@pytest.fixture(scope="module", params=FORMATS)
def kind(request) -> str:
    pytest.importorskip(LIBRARIES[request.param])
    return request.param


@pytest.fixture(scope="module")
def path(kind, tmp_path_factory):
    return write(kind, tmp_path_factory.mktemp(kind), colour_facts())


def test_outputs_are_those_of_the_graph(kind, path):
    runtime = open_runtime(path)
    images = random_images()
    found = runtime.run(images)
    assert found.keys() == {"classes", "confidence"}
    for name, values in expected(images).items():
        assert found[name].dtype == np.uint8
        np.testing.assert_array_equal(found[name], values)
    assert runtime.shape == (1, *SIZE) and runtime.path == path
    assert runtime.facts == colour_facts()
    library, version = runtime.name.split()
    assert library.replace("-", "_") == LIBRARIES[kind]
    assert version[0].isdigit()


def test_a_result_stays_when_the_next_image_is_run(path):
    runtime = open_runtime(path)
    images = random_images(), random_images(seed=1)
    first, second = (runtime.run(one)["classes"] for one in images)
    np.testing.assert_array_equal(first, expected(images[0])["classes"])
    np.testing.assert_array_equal(second, expected(images[1])["classes"])


def test_logits_odd_sizes_and_batches(kind, tmp_path):
    size = 65, 67
    facts = colour_facts(size, batch_size=2, outputs=LOGITS)
    options = {"batch": 2, "size": size, "outputs": LOGITS}
    runtime = open_runtime(write(kind, tmp_path, facts, **options), threads=None)
    images = random_images(2, size)
    found = runtime.run(images)
    assert found.keys() == {"logits"} and found["logits"].dtype == np.float32
    np.testing.assert_array_equal(found["logits"], images)
    with pytest.raises(ValueError, match=r"takes uint8 images \(2, 65, 67, 3\), not"):
        runtime.run(images[:1])
    with pytest.raises(ValueError, match="not float32"):
        runtime.run(images.astype(np.float32))


def test_a_file_of_others_has_no_facts(kind, tmp_path):
    runtime = open_runtime(write(kind, tmp_path))
    assert runtime.facts is None and runtime.shape == (1, *SIZE)
    images = random_images()
    np.testing.assert_array_equal(
        runtime.run(images)["classes"], expected(images)["classes"]
    )


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (colour_facts((64, 64)), r"its facts say uint8 'image' \(1, 64, 64\), its"),
        (colour_facts(batch_size=2), r"its facts say uint8 'image' \(2, 64, 96\)"),
    ],
)
def test_facts_that_contradict_the_graph(kind, tmp_path, facts, message):
    path = write(kind, tmp_path, facts)
    with pytest.raises(ValueError, match=message) as error:
        open_runtime(path)
    assert str(error.value).startswith(f"{path}: damaged: ")


def test_outputs_that_the_facts_do_not_announce(kind, tmp_path):
    path = write(kind, tmp_path, colour_facts(outputs=LOGITS))
    with pytest.raises(ValueError, match="damaged: it has no output 'logits', only"):
        open_runtime(path).run(random_images())


def test_an_id_that_is_no_class(tmp_path):
    pytest.importorskip("onnxruntime")
    facts = colour_facts()
    two = replace(
        facts.class_map,
        names=facts.class_map.names[:2],
        colours=facts.class_map.colours[:2],
    )
    path = write_onnx(tmp_path / "two.onnx", replace(facts, class_map=two))
    runtime = open_runtime(path)
    red = np.zeros((1, *SIZE, 3), np.uint8)
    assert not runtime.run(red)["classes"].any()
    red[0, 5, 7, 2] = 1
    with pytest.raises(ValueError, match="answers with class 2, and rgb3 has 0 to 1"):
        runtime.run(red)


def test_nan_is_named(tmp_path):
    pytest.importorskip("onnxruntime")
    from onnx import helper

    model = onnx_model(colour_facts(outputs=LOGITS), outputs=LOGITS)
    model.graph.node[0].output[0] = "values"
    # 0 / 0 where a pixel is black.
    model.graph.node.append(helper.make_node("Div", ["values"] * 2, ["logits"]))
    path = tmp_path / "nan.onnx"
    path.write_bytes(model.SerializeToString())
    runtime = open_runtime(path)
    images = np.ones((1, *SIZE, 3), np.uint8)
    assert (runtime.run(images)["logits"] == 1).all()
    images[0, 63, 95, 2] = 0
    with pytest.raises(ValueError, match="answers with nan; its weights are damaged"):
        runtime.run(images)


def test_damaged_facts(kind, tmp_path):
    text = changed(colour_facts(), precision="int3")
    path = write(kind, tmp_path, _Text(text))
    with pytest.raises(ValueError, match="facts are damaged: precision is 'int3'") as e:
        open_runtime(path)
    assert str(path) in str(e.value)


class _Text:
    """Stands for facts that write another text."""

    def __init__(self, text):
        self.to_text = lambda: text


def test_a_file_that_is_none(kind, tmp_path):
    name, _ = WRITERS[kind]
    path = tmp_path / name
    if kind == "saved_model":
        path.mkdir()
        path = path / "saved_model.pb"
    path.write_bytes(b"\x08\x01not a network")
    path = path if kind != "saved_model" else path.parent
    with pytest.raises(ValueError, match="damaged, or no ") as error:
        open_runtime(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_formats_by_name(tmp_path):
    assert format_of("a/b.onnx") == "onnx"
    assert format_of("b.TFLITE") == "litert"
    assert format_of("b.xml") == "openvino"
    assert format_of(tmp_path) is None
    (tmp_path / "saved_model.pb").touch()
    assert format_of(tmp_path) == "saved_model"
    assert format_of("best.keras") is format_of("slim_camvid11") is None


def test_what_is_no_exported_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.onnx: no such file"):
        open_runtime(tmp_path / "none.onnx")
    with pytest.raises(ValueError, match="no exported file; give a .onnx"):
        open_runtime(tmp_path)
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ValueError, match=r"folder\.onnx: no exported file"):
        open_runtime(tmp_path / "folder.onnx")
    with pytest.raises(ValueError, match="threads is 0, expected 1 or more"):
        open_runtime(tmp_path / "folder.onnx", threads=0)


def test_a_runtime_that_is_not_installed(kind, path, monkeypatch):
    monkeypatch.setitem(sys.modules, LIBRARIES[kind], None)
    package = LIBRARIES[kind].replace("_", "-")
    with pytest.raises(ValueError, match=f"needs {package}, which is not installed"):
        open_runtime(path)


@pytest.mark.parametrize(
    ("axes", "size", "message"),
    [
        (("b", "h", "w", 3), None, "of any size; give a size"),
        ((1, 64, 96, 4), None, r"shape \[1, 64, 96, 4\], expected RGB images"),
        ((1, 100_000, 100_000, 3), None, "more than 64 megapixels"),
        ((1, 64, 96, 3), (96, 64), "takes 64x96 only, not 96x64"),
    ],
)
def test_inputs_of_others_that_are_refused(tmp_path, axes, size, message):
    pytest.importorskip("onnxruntime")
    with pytest.raises(ValueError, match=message):
        open_runtime(_identity(tmp_path / "a.onnx", axes, 1), size=size)


@pytest.mark.parametrize(
    ("axes", "size", "element"),
    [
        (("b", "h", "w", 3), (5, 7), 1),
        (("b", 3, "h", "w"), (5, 7), 1),
        ((1, 3, 5, 7), None, 1),
        ((1, 3, 5, 7), (5, 7), 2),
    ],
)
def test_inputs_of_others_that_are_taken(tmp_path, axes, size, element):
    """Element types 1 and 2 are float32 and uint8."""
    pytest.importorskip("onnxruntime")
    runtime = open_runtime(_identity(tmp_path / "a.onnx", axes, element), size=size)
    assert runtime.shape == (1, 5, 7)
    images = random_images(1, (5, 7))
    (found,) = runtime.run(images).values()
    if axes[1] == 3:
        found = found.transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(found, images)


def _identity(path, axes, element):
    from onnx import helper

    node = helper.make_node("Identity", ["x"], ["y"])
    values = [helper.make_tensor_value_info(name, element, axes) for name in "xy"]
    graph = helper.make_graph([node], "same", values[:1], values[1:])
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("method", "size", "message"),
    [
        (zipfile.ZIP_DEFLATED, 50_000_000, "its metadata.json has 50,000,000 bytes"),
        (zipfile.ZIP_LZMA, 9, "compressed in an unusual way"),
    ],
)
def test_a_zip_archive_that_would_fill_the_memory(tmp_path, method, size, message):
    pytest.importorskip("ai_edge_litert")
    path = write("litert", tmp_path)
    with zipfile.ZipFile(path, "a", method) as archive:
        archive.writestr("metadata.json", b"0" * size)
    with pytest.raises(ValueError, match=f"facts are damaged: .*{message}"):
        open_runtime(path)


def test_metadata_of_another_exporter(tmp_path):
    pytest.importorskip("ai_edge_litert")
    path = write("litert", tmp_path)
    append(path, {"metadata.json": '{"task": "segment"}'})
    assert open_runtime(path).facts is None


def test_threads_reach_the_runtime(kind, path):
    """The process has more of them; OpenVINO takes no more than one a core."""
    if kind == "saved_model":
        pytest.skip("TensorFlow has one number for a whole process; see the next test")
    if kind == "openvino" and os.cpu_count() == 1:
        pytest.skip("one core, so OpenVINO has one thread anyway")
    assert _threads_of(path, threads=1) < _threads_of(path, threads=3)


def test_tensorflow_has_started_with_other_threads(tmp_path):
    tf = pytest.importorskip("tensorflow")
    path = write("saved_model", tmp_path, colour_facts())
    other = tf.config.threading.get_intra_op_parallelism_threads() + 1
    with pytest.raises(ValueError, match=f"has started without {other} threads; open"):
        open_runtime(path, threads=other)


def _threads_of(path, threads):
    code = (
        f"import numpy as np, os\n"
        f"from segnet.runtimes.opening import open_runtime\n"
        f"r = open_runtime({str(path)!r}, threads={threads})\n"
        f"r.run(np.zeros((*r.shape, 3), np.uint8))\n"
        f"print(len(os.listdir('/proc/self/task')))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_onnx_runtime_reports_to_nobody(tmp_path):
    pytest.importorskip("onnxruntime")
    path = write("onnx", tmp_path / "model", colour_facts())
    (tmp_path / "temporary").mkdir()
    code = f"import segnet.runtimes.opening as o; o.open_runtime({str(path)!r})"
    # Each of these alone would keep it quiet as well.
    kept = {k: v for k, v in os.environ.items() if k not in ("CI", OPT_OUT)}
    kept |= {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(tmp_path)}
    kept |= {"TMPDIR": str(tmp_path / "temporary")}
    subprocess.run([sys.executable, "-c", code], check=True, env=kept)
    # Its telemetry begins with a file of this session, `.ses`.
    assert os.listdir(tmp_path / "temporary") == []
