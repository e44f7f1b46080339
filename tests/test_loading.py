"""Loading a trained network, with its classes, by file, folder or name."""

import dataclasses
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from segnet.classes import CAMVID11, CITY16, CLASS_MAPS, VKITTI1
from segnet.cli import main
from segnet.models.shipped import read_index
from segnet.runs.keras_file import load_keras, read_class_map, save_model
from segnet.runs.loading import Weights, class_map_of, class_names_of, find_weights
from segnet.runs.state import Progress, save_state

CODE = Path(__file__).parents[1] / "Code"
OWN = dataclasses.replace(CAMVID11, name="own", names=tuple("abcdefghijk"), void=200)


def small():
    inputs = keras.Input((4, 6, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(11, 1, name="logits")(x))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Saves a model in a file with its class map and in one written by Keras only."""
    folder, model = tmp_path_factory.mktemp("saved"), small()
    save_model(model, folder / "with.keras", OWN)
    model.save(folder / "without.keras")
    return folder, model


def run_with(folder, *names):
    """Makes a folder with empty files of these names."""
    for name in names:
        (folder / name).touch()
    return folder


def test_a_file_comes_first_then_a_run_then_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_weights("slim_city14") == Weights(name="slim_city14")
    run = tmp_path / "slim_city14"
    run.mkdir()
    assert find_weights("slim_city14") == Weights(name="slim_city14")
    run_with(run, "last.npz")
    said = "best.keras is missing; these are its last weights"
    assert find_weights(run) == Weights(run / "last.npz", note=f"{run}/{said}")
    run_with(run, "best.keras")
    assert find_weights(run) == Weights(run / "best.keras")
    assert find_weights("slim_city14").file == Path("slim_city14/best.keras")
    file = tmp_path / "slim_camvid11"
    file.touch()
    assert find_weights("slim_camvid11") == Weights(Path("slim_camvid11"))


def test_what_is_none_of_the_three_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither best.keras nor last.npz"):
        find_weights(tmp_path)
    with pytest.raises(FileNotFoundError, match="slim_x: no such model; .*slim_city14"):
        find_weights("slim_x")


def test_a_state_is_known_by_what_it_holds(tmp_path):
    save_state(tmp_path, {}, Progress({"size": [4, 6], "classes": []}))
    other = tmp_path / "epoch9.npz"
    (tmp_path / "last.npz").rename(other)
    assert find_weights(other).is_state
    np.savez(tmp_path / "arrays.npz", a=np.zeros(2))
    assert not find_weights(tmp_path / "arrays.npz").is_state
    (tmp_path / "last.npz").write_bytes(b"damaged")
    assert find_weights(tmp_path / "last.npz").is_state


def test_a_file_with_a_class_map_has_the_parts_that_keras_writes(saved):
    folder, model = saved
    file = folder / "with.keras"
    with zipfile.ZipFile(file) as archive:
        parts = archive.namelist()
        metadata = json.loads(archive.read("metadata.json"))
    assert parts == ["metadata.json", "config.json", "model.weights.h5"]
    assert metadata["keras_version"] == keras.__version__
    loaded = keras.saving.load_model(file)
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_file_alone_knows_its_classes(saved, tmp_path):
    folder, _ = saved
    file = tmp_path / "renamed.keras"
    file.write_bytes((folder / "with.keras").read_bytes())
    # What the file says goes before what lies beside it.
    VKITTI1.save(tmp_path / "class_map.json")
    assert class_map_of(file) == OWN


def test_a_class_map_beside_the_file(saved, tmp_path):
    folder, _ = saved
    file = tmp_path / "alone.keras"
    file.write_bytes((folder / "without.keras").read_bytes())
    assert class_names_of(file) is None
    with pytest.raises(ValueError, match="alone.keras: its classes are not known; put"):
        class_map_of(file)
    OWN.save(tmp_path / "class_map.json")
    assert class_map_of(file) == OWN
    assert class_names_of(file) == list(OWN.names)
    (tmp_path / "class_map.json").write_text("{")
    for ask in (class_map_of, class_names_of):
        with pytest.raises(ValueError, match="class_map.json: not a class map in JSON"):
            ask(file)


def test_a_part_of_a_file_has_no_class_map(saved, tmp_path):
    folder, _ = saved
    file = tmp_path / "part.keras"
    file.write_bytes((folder / "with.keras").read_bytes()[:500])
    with pytest.raises(ValueError, match="part.keras: no model or only a part of one"):
        class_map_of(file)


def test_a_run_of_the_first_version_is_known_by_its_names(tmp_path):
    data = {"size": [4, 6], "classes": list(CITY16.names)}
    save_state(tmp_path, {}, Progress(data))
    run_with(tmp_path, "best.keras")
    for model in (tmp_path, tmp_path / "best.keras", tmp_path / "last.npz"):
        assert class_map_of(model) == CITY16
    data["classes"] = ["a", "b"]
    save_state(tmp_path, {}, Progress(data))
    with zipfile.ZipFile(tmp_path / "best.keras", "w") as archive:
        archive.writestr("metadata.json", "{}")
    assert class_names_of(tmp_path) == ["a", "b"]
    with pytest.raises(ValueError, match="best.keras: its classes are not known"):
        class_map_of(tmp_path)


def test_every_shipped_network_knows_its_classes():
    for name, entry in read_index().items():
        class_map = class_map_of(name)
        assert class_map == CLASS_MAPS[class_map.name]
        assert class_map.num_classes == entry["num_classes"]


def test_a_card_of_the_first_version_has_no_class_map(monkeypatch):
    card = {"class_map": "own", "class_names": ["a"]}
    monkeypatch.setattr("segnet.models.shipped.read_card", lambda name: card)
    with pytest.raises(ValueError, match="slim_city14: its card .*pack the weights"):
        class_map_of("slim_city14")


@pytest.mark.parametrize(
    "metadata, said",
    [
        (b"[]", "its metadata.json is no JSON object"),
        (b"[" * 100_000, "recursion"),
        (b" " * 1_000_001, "its metadata.json has 1,000,001 bytes"),
        (b'{"class_map": {"version": 1}}', "not a class map in JSON"),
        (None, "no item named 'metadata.json'"),
    ],
)
def test_odd_metadata_is_an_error(tmp_path, metadata, said):
    file = tmp_path / "odd.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
        if metadata is not None:
            archive.writestr("metadata.json", metadata)
    for ask in (class_map_of, read_class_map):
        with pytest.raises(ValueError, match=f"odd.keras: damaged, or no .*{said}"):
            ask(file)


def test_classes_are_found_without_keras(saved):
    folder, _ = saved
    code = (
        "import sys\n"
        "from segnet.runs.loading import class_map_of\n"
        "print(class_map_of(sys.argv[1]).name)\n"
        "raise SystemExit('keras' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder / "with.keras"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(CODE), "PATH": ""},
    )
    assert (done.returncode, done.stdout) == (0, "own\n"), done.stderr


def rewrite(path, part, change):
    """Changes a JSON part of a .keras file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = json.dumps(change(json.loads(parts[part]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def unknown_argument(config):
    config["config"]["layers"][1]["config"]["of_the_future"] = 1
    return config


def test_a_file_of_another_keras_names_both_versions(tmp_path):
    path = tmp_path / "new.keras"
    small().save(path)
    rewrite(path, "config.json", unknown_argument)
    with pytest.raises(ValueError, match="damaged, or no model that Keras wrote"):
        load_keras(path)
    rewrite(path, "metadata.json", lambda old: old | {"keras_version": "99.1.0"})
    message = (
        rf"new\.keras: written by Keras 99\.1\.0, and Keras {keras.__version__}, which "
        rf"is installed, cannot load it; install Keras 99\.1\.0, or take the last\.npz"
    )
    with pytest.raises(ValueError, match=message):
        load_keras(path)


def test_a_layer_of_another_package_is_named(tmp_path):
    class Swish(keras.layers.Layer):
        def call(self, x):
            return x * keras.ops.sigmoid(x)

    Swish.__module__ = "their_nets.layers"
    inputs = keras.Input((4, 6, 3))
    path = tmp_path / "their.keras"
    keras.Model(inputs, Swish()(inputs)).save(path)
    message = r"their\.keras: it needs their_nets\.layers\.Swish, and only layers of"
    with pytest.raises(ValueError, match=message):
        load_keras(path)


def test_channels_first_is_a_sentence(tmp_path, capsys):
    path = tmp_path / "broken.keras"
    path.write_bytes(b"no archive")
    keras.config.set_image_data_format("channels_first")
    try:
        assert main(["evaluate", str(path), str(path)]) == 2
    finally:
        keras.config.set_image_data_format("channels_last")
    assert "Keras is set to channels_first, and the networks" in capsys.readouterr().err
