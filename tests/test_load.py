"""One `segnet.load` for names, files and run folders; what needs no Keras."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import segnet
from segnet.models import MODELS, NETWORKS, check_network
from segnet.models.weight_file import write_weights
from segnet.runs.loading import class_names_of, load, trained_on_val, training_of
from segnet.system.checksums import sha256_of_bytes

CODE = Path(__file__).parents[1] / "Code"


def tiny(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    scaled = keras.layers.Rescaling(1 / 255)(inputs)
    outputs = keras.layers.Conv2D(num_classes, 1, name="head")(scaled)
    return keras.Model(inputs, outputs, name="tiny")


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Makes the file and the card of `segnet pack`."""
    monkeypatch.setitem(MODELS, "tiny", tiny)
    path = tmp_path / "mine.npz"
    model = tiny((64, 96, 3), 2)
    write_weights(model, path)
    card = {
        "network": "tiny",
        "num_classes": 2,
        "size": [64, 96],
        "file": "mine.npz",
        "sha256": sha256_of_bytes(path.read_bytes()),
        "name": "mine",
        "class_map": "own",
        "class_names": ["road", "rest"],
        "class_colours": [[1, 2, 3], [4, 5, 6]],
        "void": 255,
        "training": {},
        "parameters": 8,
        "macs": 1,
        "bytes": 1,
        "scores": [],
        "scores_without_val": [{"source": "yard"}],
    }
    path.with_suffix(".json").write_text(json.dumps(card))
    return path, model


def test_the_package_has_load_and_nothing_else_by_chance():
    assert segnet.load is load
    with pytest.raises(AttributeError, match="'segnet' has no attribute 'laod'"):
        segnet.laod  # noqa: B018


def test_a_packed_file_loads_at_any_size(packed):
    path, model = packed
    assert load(path).input_shape == (None, 64, 96, 3)
    wide = load(path, input_shape=(70, 130, 3))
    assert wide.output_shape == (None, 70, 130, 2)
    for ours, theirs in zip(wide.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2**-11)


def test_a_packed_file_is_known_by_its_card(packed):
    path, _ = packed
    assert class_names_of(path) == ["road", "rest"]
    assert training_of(path) is None
    assert trained_on_val(path, "yard")
    assert not trained_on_val(path, "street")
    path.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match="mine.npz: .* card; put mine.json"):
        load(path)


def test_a_changed_packed_file_is_refused(packed):
    path, _ = packed
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ValueError, match="mine.npz: damaged or exchanged: .*mine.json"):
        load(path)


def test_a_keras_file_loads_at_another_size_if_the_network_is_ours(packed, tmp_path):
    _, model = packed
    model.save(tmp_path / "best.keras")
    assert load(tmp_path, (80, 64, 3)).output_shape == (None, 80, 64, 2)
    foreign = keras.Model(model.inputs, model.outputs, name="foreign")
    foreign.save(tmp_path / "foreign.keras")
    said = "foreign.keras: foreign takes frames of 64x96 and is no network of this"
    with pytest.raises(ValueError, match=said):
        load(tmp_path / "foreign.keras", (80, 64, 3))


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 1), 64])
def test_a_shape_of_another_form_is_refused(shape):
    with pytest.raises(ValueError, match=r"input_shape is .*, expected \(H, W, 3\)"):
        load("slim_camvid11", input_shape=shape)


def test_shipped_weights_load_at_another_size():
    model = load("slim_scenes14_half", input_shape=(64, 80, 3))
    assert model.output_shape == (None, 64, 80, 14)
    with pytest.raises(ValueError, match=r"at least 64, got \(63, 80, 3\)"):
        load("slim_scenes14_half", input_shape=(63, 80, 3))


def test_each_network_has_a_sentence():
    assert list(NETWORKS) == list(MODELS)


def test_names_are_checked_against_what_is_there(packed):
    check_network("tiny")
    with pytest.raises(ValueError, match="no network 'unet'; known are edgesegnet, "):
        check_network("unet")


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(CODE), "PATH": ""},
    )


def test_names_and_cards_need_no_keras():
    done = run(
        "import sys\n"
        "from segnet.models import check_network\n"
        "from segnet.models.shipped import read_cards\n"
        "from segnet.runs.loading import find_weights\n"
        "check_network('slim')\n"
        "print(len(read_cards()), find_weights('slim_camvid11').name)\n"
        "raise SystemExit('keras' in sys.modules)"
    )
    assert (done.returncode, done.stdout) == (0, "7 slim_camvid11\n"), done.stderr


def test_a_network_answers_without_a_line_of_the_framework():
    done = run(
        "import numpy as np\n"
        "import segnet\n"
        "model = segnet.load('slim_scenes14_half', (64, 64, 3))\n"
        "model.predict(np.zeros((1, 64, 64, 3), np.uint8), verbose=0)\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_errors_of_the_framework_are_heard(caplog):
    logger = logging.getLogger("tensorflow")
    logger.propagate, before = True, logger.propagate
    try:
        logger.warning("triggered tf.function retracing")
        logger.error("out of memory")
    finally:
        logger.propagate = before
    assert [record.message for record in caplog.records] == ["out of memory"]
