"""Exported files: what they compute, what they say, and when there are none."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from conftest import prepare_folder
from helpers.colour_network import CLASSES, colour_model, picture
from segnet.classes import VKITTI1
from segnet.cli import main
from segnet.export import UnprovenExportError, export, onnx
from segnet.export.exporting import check_float16
from segnet.export.formats import WRITERS
from segnet.export.function import Network, class_ids
from segnet.export.litert import names_in_float
from segnet.runtimes.formats import FORMATS
from segnet.runtimes.opening import open_runtime
from segnet.runtimes.seal import is_sealed
from segnet.system.quiet import quiet

SIZE = (65, 97)


def small_network(size=SIZE, num_classes=14, seed=3):
    """Returns a network with a stride, a resize and a crop."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((*size, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 127.5, -1)(inputs)
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="first")(x)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.UpSampling2D(2, interpolation="bilinear", name="enlarge")(x)
    crop = (x.shape[1] - size[0], x.shape[2] - size[1])
    x = keras.layers.Cropping2D(((0, crop[0]), (0, crop[1])), name="crop")(x)
    x = keras.layers.Conv2D(num_classes, 1, name="last")(x)
    return keras.Model(inputs, x, name="small")


def colour_store(folder, frames=12, size=SIZE, black=False):
    """Returns a store whose labels are the strongest colours of its images."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    for number in range(frames):
        blocks = rng.integers(0, 3, (5, 7))
        ids = np.kron(blocks, np.ones((13, 14), int))[: size[0], : size[1]]
        noise = rng.integers(0, 15, (*size, 1), np.uint8)
        pixels = np.zeros((*size, 3), np.uint8) if black else picture(ids) + noise
        name = f"drive{number % 3}_{number:04d}.png"
        Image.fromarray(pixels).save(folder / "images" / name)
        Image.fromarray(ids.astype(np.uint8)).save(folder / "masks" / name)
    CLASSES.save(folder / "map.json")
    return prepare_folder(folder)


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    return colour_store(tmp_path_factory.mktemp("colours"))


def name_of(format):
    return f"small{FORMATS[format]}"


def test_ids_and_confidence_of_logits():
    logits = np.log([[[1.0, 3, 4], [2, 2, 1], [1, 1, 8]]]).astype(np.float32)
    found = class_ids(logits)
    # The first of equal ones; round(255 * 4 / 8), round(255 * 2 / 5), 255 * 8 / 10.
    assert found["classes"].numpy().tolist() == [[2, 0, 2]]
    assert found["confidence"].numpy().tolist() == [[128, 102, 204]]


@pytest.mark.parametrize("format", WRITERS)
def test_every_format_computes_what_keras_does(format, tmp_path, store_path):
    model, path = small_network(), tmp_path / name_of(format)
    report = export(
        model, path, format, classes=VKITTI1, batch_size=2, check=store_path
    )
    images = np.random.default_rng(1).integers(0, 256, (2, *SIZE, 3), np.uint8)
    assert is_sealed(path)
    runtime = open_runtime(path)
    found = runtime.run(images)
    logits = model.predict_on_batch(images)
    assert (found["classes"] == logits.argmax(-1)).mean() > 0.999
    probability = np.asarray(keras.ops.softmax(logits)).max(-1)
    assert np.abs(found["confidence"] - 255 * probability).max() < 1
    assert runtime.shape == (2, *SIZE)
    assert runtime.facts == report.facts
    assert runtime.facts.class_map == VKITTI1
    assert (runtime.facts.size, runtime.facts.batch_size) == (SIZE, 2)
    kept = json.loads((tmp_path / f"{path.name}.json").read_text())
    assert kept["files"][0]["proof"]["clear"] == 0
    assert kept["facts"]["class_map"]["name"] == "vkitti1"
    assert not list(tmp_path.glob("*part*"))


def test_other_programs_find_the_labels(tmp_path, store_path):
    import zipfile

    export(
        small_network(),
        tmp_path / "small.tflite",
        "litert",
        classes=VKITTI1,
        check=store_path,
    )
    with zipfile.ZipFile(tmp_path / "small.tflite") as archive:
        assert archive.read("labels.txt").decode().splitlines() == list(VKITTI1.names)
        assert json.loads(archive.read("metadata.json"))["size"] == list(SIZE)


def test_logits_are_compared_as_numbers(tmp_path, colours):
    path = tmp_path / "colours.onnx"
    report = export(
        colour_model(),
        path,
        size=SIZE,
        classes=CLASSES,
        outputs="logits",
        check=colours,
    )
    images = np.random.default_rng(1).integers(0, 256, (1, *SIZE, 3), np.uint8)
    found = open_runtime(path).run(images)["logits"]
    np.testing.assert_allclose(found, images / 16, atol=1e-4)
    assert report.proof.logits < 1e-4
    assert report.proof.confidence is None
    # Labels are the strongest colours, and so are the answers.
    assert report.proof.miou == report.proof.keras_miou == 1.0
    assert "largest difference of a logit" in report.text()


def test_small_logits_are_enlarged_before_their_class_is_taken(tmp_path, colours):
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    x = keras.layers.AveragePooling2D(2, padding="same")(
        keras.layers.Rescaling(1 / 16)(inputs)
    )
    model, path = keras.Model(inputs, x, name="half"), tmp_path / "half.onnx"
    export(model, path, classes=CLASSES, check=colours)
    images = np.random.default_rng(1).integers(0, 256, (1, *SIZE, 3), np.uint8)
    logits = keras.ops.image.resize(model(images), SIZE)
    expected = np.asarray(logits).argmax(-1)
    assert (open_runtime(path).run(images)["classes"] == expected).mean() > 0.999


def blurred_colours():
    """Returns a network with the mean colour of a window as logits, in two steps."""
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 16)(inputs)
    for name, kernel in (("blur", 3), ("last", 1)):
        eye = np.eye(3, dtype=np.float32)[None, None] / kernel**2
        layer = keras.layers.Conv2D(
            3, kernel, padding="same", use_bias=False, name=name
        )
        x = layer(x)
        layer.set_weights([np.tile(eye, (kernel, kernel, 1, 1))])
    return keras.Model(inputs, x, name="blurred")


@pytest.mark.parametrize("format", ["onnx", "litert", "openvino"])
def test_int8_and_float32_stand_side_by_side(format, tmp_path, colours):
    path = tmp_path / name_of(format)
    report = export(
        blurred_colours(),
        path,
        format,
        precision="int8",
        classes=CLASSES,
        calibrate=colours,
    )
    assert [file.precision for file in report.files] == ["float32", "int8"]
    assert report.files[0].proof.clear == 0
    assert 0 < report.proof.confidence < 20
    assert report.proof.share < 0.02
    assert abs(report.proof.miou - report.proof.keras_miou) < 0.01
    assert any("frames for calibration are few" in note for note in report.notes)
    assert open_runtime(path).facts.precision == "int8"


def test_the_last_convolution_stays_in_float():
    chosen = names_in_float(small_network())(
        [
            "small_1/first_1/convolution",
            "small_1/relu_1/Relu;small_1/first_1/convolution",
            "small_1/last_1/BiasAdd;small_1/last_1/convolution",
            "small_1/lastly/convolution",
            "answer/Exp",
            "image",
        ]
    )
    assert chosen == ["small_1/last_1/BiasAdd;small_1/last_1/convolution", "answer/Exp"]


def test_float16_weights_take_half_the_space(tmp_path, store_path):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((*SIZE, 3), dtype="uint8")
    x = keras.layers.Conv2D(256, 5, padding="same")(
        keras.layers.Rescaling(1 / 255)(inputs)
    )
    model = keras.Model(inputs, keras.layers.Conv2D(14, 1)(x), name="wide")
    report = export(
        model,
        tmp_path / "wide.onnx",
        precision="float16",
        classes=VKITTI1,
        check=store_path,
    )
    full, half = (file.bytes for file in report.files)
    assert 0.5 < half / full < 0.7


def break_resize(monkeypatch):
    """Lets the writer of ONNX place the pixels of a resize half a pixel off."""
    import onnx as library

    write = onnx.write_onnx

    def broken(network, path):
        write(network, path)
        proto = library.load(str(path))
        for node in proto.graph.node:
            for attribute in node.attribute:
                if attribute.name == "coordinate_transformation_mode":
                    attribute.s = b"asymmetric"
        library.save(proto, str(path))

    monkeypatch.setattr(onnx, "write_onnx", broken)


def test_a_broken_resize_is_found_and_named(tmp_path, store_path, monkeypatch):
    path = tmp_path / "small.onnx"
    path.write_text("an older file")
    break_resize(monkeypatch)
    with pytest.raises(UnprovenExportError, match="have another class than in Keras"):
        export(small_network(), path, classes=VKITTI1, check=store_path)
    assert path.read_text() == "an older file"
    assert [file.name for file in tmp_path.iterdir()] == ["small.onnx"]


def test_the_command_names_the_layer_and_fails(
    tmp_path, store_path, monkeypatch, capsys
):
    path, file = tmp_path / "small.onnx", tmp_path / "small.keras"
    small_network().save(file)
    break_resize(monkeypatch)
    words = ["export", str(file), "--format", "onnx", "--out", str(path)]
    words += ["--check", str(store_path), "--classes", "vkitti1"]
    assert main(words) == 1
    printed = capsys.readouterr()
    assert "first layer that diverges: enlarge (UpSampling2D)" in printed.out
    assert f"{path}: not written" in printed.err
    assert not path.exists()


def test_weights_beyond_float16_are_refused(tmp_path, store_path):
    model = small_network()
    kernel, bias = model.get_layer("last").get_weights()
    kernel[0, 0, 0, 0] = 1e5
    model.get_layer("last").set_weights([kernel, bias])
    with pytest.raises(ValueError, match="last/kernel holds 100000, and float16 ends"):
        export(
            model,
            tmp_path / "small.onnx",
            precision="float16",
            classes=VKITTI1,
            check=store_path,
        )
    assert not list(tmp_path.iterdir())
    kernel[0, 0, 0, 0] = 6e4
    model.get_layer("last").set_weights([kernel, bias])
    check_float16(model)


def test_a_place_that_takes_no_files_is_named_first():
    with pytest.raises(OSError, match="x.onnx: nothing can be written to /proc"):
        export("slim_camvid11", "/proc/x.onnx")


def test_calibration_on_black_frames_is_refused(tmp_path):
    store = colour_store(tmp_path / "black", black=True)
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="the c[a-z]+ frames have no contrast"):
        export(
            colour_model(SIZE),
            out / "colours.onnx",
            precision="int8",
            classes=CLASSES,
            calibrate=store,
        )
    assert not out.exists()


def test_black_frames_for_calibration_beside_good_ones(tmp_path, colours):
    store = colour_store(tmp_path / "black", black=True)
    with pytest.raises(ValueError, match="the calibration frames have no contrast"):
        export(
            colour_model(SIZE),
            tmp_path / "colours.onnx",
            precision="int8",
            classes=CLASSES,
            calibrate=store,
            check=colours,
        )


@pytest.mark.parametrize(
    ("out", "options", "message"),
    [
        ("a.onnx", {"format": "tflite"}, "no format 'tflite'; known are onnx, litert"),
        ("a.bin", {}, "a.bin: onnx needs a name that ends in .onnx"),
        ("a.onnx", {"format": "saved_model"}, "saved_model needs a folder"),
        (
            "a",
            {"format": "saved_model", "precision": "float16"},
            "float32 numbers only",
        ),
        ("a.onnx", {"precision": "int8"}, "int8 needs --calibrate STORE"),
        ("a.onnx", {"classes": VKITTI1}, "knows 3 classes, and vkitti1 has 14"),
        ("a.onnx", {"size": None}, "takes any size; give one with --size H W"),
        ("a.onnx", {"batch_size": 0}, "batch size 0 must be 1 or more"),
    ],
)
def test_bad_arguments_are_named(tmp_path, out, options, message):
    given = {"classes": CLASSES, "size": SIZE} | options
    with pytest.raises(ValueError, match=message):
        export(colour_model(), tmp_path / out, **given)
    assert not list(tmp_path.iterdir())


def test_other_backends_get_a_sentence(monkeypatch):
    model = colour_model()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="put KERAS_BACKEND=tensorflow before"):
        Network(model)


def test_a_folder_of_something_else_is_not_replaced(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="something else than a SavedModel"):
        export(colour_model(), tmp_path, "saved_model", classes=CLASSES, size=SIZE)


def test_a_failed_saved_model_leaves_the_older_one(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    (old / "saved_model.pb").write_text("older")
    form = WRITERS["saved_model"]
    with pytest.raises(KeyError), form.replacing(old) as part:
        part.mkdir()
        raise KeyError
    assert [file.name for file in tmp_path.iterdir()] == ["old"]
    with form.replacing(old) as part:
        part.mkdir()
        (part / "saved_model.pb").write_text("newer")
    assert [file.name for file in tmp_path.iterdir()] == ["old"]
    assert (old / "saved_model.pb").read_text() == "newer"


def test_the_command_writes_shipped_weights_at_an_odd_size(
    tmp_path, store_path, capsys
):
    from segnet.models.shipped import read_index

    name, path = "slim_scenes14_half", tmp_path / "half.onnx"
    words = ["export", name, "--format", "onnx", "--out", str(path)]
    assert main([*words, "--size", "65", "97", "--check", str(store_path)]) == 0
    printed = capsys.readouterr().out
    assert "onnx, 65x97, batch 1, classes,confidence" in printed
    # Val has 3 frames, too few.
    assert "beside Keras on 9 of 9 train frames of store.h5 resized" in printed
    assert "note: " not in printed
    facts = open_runtime(path).facts
    assert facts.weights_sha256 == read_index()[name]["sha256"]
    assert (facts.network, facts.weights, facts.size) == ("slim", name, SIZE)
    assert 0 < facts.scores["miou"] < 1
    assert facts.licence


def test_lines_of_converters_are_shown_when_they_fail(capfd):
    import os

    with quiet():
        os.write(2, b"step 1\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(KeyError), quiet():
        os.write(2, b"step 2\n")
        raise KeyError
    assert capfd.readouterr().err == "step 2\n"
