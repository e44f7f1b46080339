"""Shipped weights: the file, the index, and identical networks after loading."""

import functools
import json
import shutil

import keras
import numpy as np
import pytest

from segnet.data.camvid import read_labels, reader
from segnet.data.images import read_rgb
from segnet.evaluate import evaluate
from segnet.models import MODELS
from segnet.models.shipped import FOLDER, build_shipped, read_cards, read_index
from segnet.models.weight_file import read_weights, write_weights
from segnet.runs.cards import card_text
from segnet.system.checksums import sha256_of_bytes

SHAPE = (64, 65, 3)


def images(count=2, shape=SHAPE):
    # Blocks of one colour: noise would be averaged away by the first layers.
    small = np.random.default_rng(3).integers(0, 256, (count, 5, 7, 3), dtype=np.uint8)
    rows, columns = (np.arange(side) // 14 for side in shape[:2])
    return small[:, rows][:, :, columns]


def logits(model, frames):
    return keras.ops.convert_to_numpy(model(frames, training=False))


@functools.cache
def trained_like(name):
    """Builds a network with statistics as after training and all classes predicted."""
    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    model = MODELS[name](input_shape=SHAPE, num_classes=11)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape
            gamma, beta = rng.uniform(0.5, 1.5, size), rng.normal(0, 0.3, size)
            mean, variance = rng.normal(0, 0.5, size), 10 ** rng.uniform(-1, 1, size)
            layer.set_weights([gamma, beta, mean, variance])
    head = model.get_layer("head_logits_conv")
    head.bias.assign(-logits(model, images()).mean((0, 1, 2)))
    return model


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Makes a folder as left by `segnet pack`, with one slim network."""
    folder = tmp_path_factory.mktemp("shipped")
    write_weights(trained_like("slim"), folder / "slim_test.npz")
    entry = {
        "network": "slim",
        "num_classes": 11,
        "size": list(SHAPE[:2]),
        "file": "slim_test.npz",
        "sha256": sha256_of_bytes((folder / "slim_test.npz").read_bytes()),
    }
    (folder / "index.json").write_text(json.dumps({"slim_test": entry}))
    return folder


@pytest.fixture(scope="module")
def loaded(shipped):
    return build_shipped("slim_test", folder=shipped)


def rewritten(path, change):
    """Returns the bytes of a weights file after `change` of its arrays."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    np.savez_compressed(path, **arrays)
    return path.read_bytes()


@pytest.mark.parametrize(
    "name, largest", [("slim", 1_000_000), ("edgesegnet", 4_000_000)]
)
def test_half_precision_predicts_the_same(name, largest, tmp_path):
    path = tmp_path / "weights.npz"
    model = trained_like(name)
    assert write_weights(model, path) == []
    assert path.stat().st_size < largest
    packed = MODELS[name](input_shape=SHAPE, num_classes=11)
    read_weights(packed, path.read_bytes(), path)
    whole, half = logits(model, images()), logits(packed, images())
    assert len(np.unique(whole.argmax(-1))) > 5
    assert 0 < np.abs(whole - half).max() < 0.03 * whole.std()
    assert (whole.argmax(-1) == half.argmax(-1)).mean() > 0.98


def test_numpy_alone_reads_the_file(tmp_path):
    write_weights(trained_like("slim"), tmp_path / "one.npz")
    write_weights(trained_like("slim"), tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as file:
        assert file.files == sorted(file.files)
        kernel = file["stem_s2_conv/kernel"]
        assert (kernel.dtype, kernel.shape) == (np.float16, (3, 3, 3, 16))
        assert sum(file[n].size for n in file.files) == 465_755


def one_norm(variance, kernel=1.0):
    inputs = keras.Input((4, 4, 2))
    x = keras.layers.Conv2D(2, 1, use_bias=False, name="conv")(inputs)
    model = keras.Model(inputs, keras.layers.BatchNormalization(name="bn")(x))
    model.get_layer("conv").set_weights([np.full((1, 1, 2, 2), kernel)])
    statistics = np.array([(1, 1), (0, 1), (0, 0), variance])
    model.get_layer("bn").set_weights(statistics)
    return model


@pytest.mark.parametrize(
    "variance, kernel, kept",
    [
        ((1.0, 65504.0), 1.0, []),
        ((0.0, 1.0), 1.0, []),
        ((1.0, 65600.0), 1.0, ["bn/moving_variance"]),
        ((1.0, 1e-7), 1.0, ["bn/moving_variance"]),
        ((1.0, 1.0), 1e-6, ["conv/kernel"]),
    ],
)
def test_what_half_precision_cannot_hold_stays_whole(tmp_path, variance, kernel, kept):
    model, path = one_norm(variance, kernel), tmp_path / "weights.npz"
    assert write_weights(model, path) == kept
    back = one_norm((1.0, 1.0))
    read_weights(back, path.read_bytes(), path)
    for name in kept:
        layer, variable = name.split("/")
        first, second = (getattr(m.get_layer(layer), variable) for m in (model, back))
        np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(
        back.get_layer("bn").moving_variance, variance, rtol=2**-11
    )


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    with pytest.raises(ValueError, match="bn/moving_variance of .* not finite"):
        write_weights(one_norm((1.0, np.inf)), tmp_path / "weights.npz")


@pytest.mark.parametrize(
    "change, text",
    [
        (
            lambda a: a.update({"bn/beta": np.zeros(3)}),
            r"bn/beta is \(3,\) in the file, \(2,\) in the network",
        ),
        (lambda a: a.pop("bn/gamma"), "bn/gamma is missing in the file"),
        (
            lambda a: a.update(another=np.zeros(3)),
            r"another is \(3,\) in the file, missing in the network",
        ),
    ],
)
def test_the_first_difference_is_named(tmp_path, change, text):
    path, model = tmp_path / "weights.npz", one_norm((1.0, 2.0))
    write_weights(one_norm((3.0, 4.0)), path)
    content = rewritten(path, change)
    with pytest.raises(ValueError, match=f"weights.npz: not the weights of .*: {text}"):
        read_weights(model, content, path)
    np.testing.assert_array_equal(model.get_layer("bn").moving_variance, (1.0, 2.0))


@pytest.mark.parametrize("keep", [0, 100, 1000])
def test_a_part_of_a_file_is_named(tmp_path, keep):
    model = one_norm((1.0, 1.0))
    write_weights(model, tmp_path / "whole.npz")
    content = (tmp_path / "whole.npz").read_bytes()[:keep]
    with pytest.raises(ValueError, match="cut.npz: no weights or damaged ones"):
        read_weights(model, content, "cut.npz")


def test_load_gives_the_network_of_the_name_at_any_size(shipped, loaded):
    assert loaded.name == "slim"
    assert loaded.output_shape == (None, *SHAPE[:2], 11)
    wide = build_shipped("slim_test", (64, 160), folder=shipped)
    assert wide.output_shape == (None, 64, 160, 11)
    origin = trained_like("slim").get_weights()
    pairs = zip(origin, loaded.get_weights(), wide.get_weights(), strict=True)
    for whole, half, other in pairs:
        np.testing.assert_allclose(whole, half, rtol=2**-11, atol=1e-7)
        np.testing.assert_array_equal(half, other)
    with pytest.raises(ValueError, match=r"at least 64, got \(63, 97, 3\)"):
        build_shipped("slim_test", (63, 97), folder=shipped)


def test_a_loaded_network_is_saved_without_custom_objects(loaded, tmp_path):
    loaded.save(tmp_path / "x.keras")
    again = keras.saving.load_model(tmp_path / "x.keras", custom_objects={})
    assert {type(layer).__module__.split(".")[0] for layer in again.layers} == {"keras"}
    for first, second in zip(loaded.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_unknown_names_and_exchanged_files_are_refused(shipped, tmp_path):
    shipped = shutil.copytree(shipped, tmp_path / "copy")
    with pytest.raises(ValueError, match="no weights 'slim'; the index has slim_test"):
        build_shipped("slim", folder=shipped)
    with pytest.raises(ValueError, match="no weights 'slim_test'; the index has none"):
        build_shipped("slim_test", folder=shipped / "empty")
    path = shipped / "slim_test.npz"
    expected = sha256_of_bytes(path.read_bytes())
    found = sha256_of_bytes(rewritten(path, lambda a: a["stem_s2_bn/beta"].fill(1)))
    with pytest.raises(ValueError, match=f"slim_test.npz: .*{found}.*{expected}"):
        build_shipped("slim_test", folder=shipped)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="slim_test.npz: missing, though"):
        build_shipped("slim_test", folder=shipped)
    (shipped / "index.json").write_text("{")
    with pytest.raises(ValueError, match="index.json: no JSON"):
        build_shipped("slim_test", folder=shipped)


@pytest.mark.parametrize(
    "content, said",
    [
        ("[" * 100_000, "no JSON"),
        ("[]", "no JSON object"),
        ('{"slim_test": []}', "slim_test: network is None, expected of type str"),
        (
            '{"slim_test": {"network": "slim", "num_classes": "11"}}',
            "slim_test: num_classes is '11', expected of type int",
        ),
    ],
)
def test_an_index_of_another_form_is_refused(shipped, tmp_path, content, said):
    folder = shutil.copytree(shipped, tmp_path / "copy")
    (folder / "index.json").write_text(content)
    with pytest.raises(ValueError, match=f"index.json: {said}.*; install segnet again"):
        build_shipped("slim_test", folder=folder)


def test_a_network_of_a_newer_version_is_named(shipped, tmp_path):
    folder = shutil.copytree(shipped, tmp_path / "copy")
    index = json.loads((folder / "index.json").read_text())
    index["slim_test"]["network"] = "wide"
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(
        ValueError, match="slim_test is of the network 'wide', and this"
    ):
        build_shipped("slim_test", folder=folder)


def test_a_card_of_another_form_is_refused(tmp_path):
    shutil.copy(FOLDER / "index.json", tmp_path)
    card = json.loads((FOLDER / "edgesegnet_camvid11.json").read_text())
    path = tmp_path / "edgesegnet_camvid11.json"
    with pytest.raises(FileNotFoundError, match="edgesegnet_camvid11.json"):
        read_cards(tmp_path)
    path.write_text(json.dumps(card | {"scores": None}))
    with pytest.raises(ValueError, match="camvid11.json: scores is None, expected of"):
        read_cards(tmp_path)


def test_evaluate_takes_a_name_and_a_file_of_that_name_first(
    shipped, store_path, tmp_path, monkeypatch
):
    monkeypatch.setattr("segnet.models.shipped.FOLDER", shipped)
    monkeypatch.chdir(tmp_path)
    # 11 classes against 14: the shipped network was found.
    with pytest.raises(ValueError, match="slim has 11 classes, .* has 14"):
        evaluate("slim_test", store_path)
    with pytest.raises(FileNotFoundError, match="shipped are: slim_test"):
        evaluate("slim_tset", store_path)
    (tmp_path / "slim_test").touch()
    with pytest.raises(ValueError, match="slim_test: no model or only a part"):
        evaluate("slim_test", store_path)


def test_every_shipped_file_is_the_one_of_its_card():
    cards = {card["name"]: card for card in read_cards()}
    assert list(cards) == list(read_index())
    for name, card in cards.items():
        model = build_shipped(name)
        assert model.count_params() == card["parameters"]
        assert model.output_shape == (None, *card["size"], len(card["class_names"]))
        assert (FOLDER / card["file"]).stat().st_size == card["bytes"]
        assert (FOLDER / f"{name}.md").read_text(encoding="utf-8") == card_text(card)


@pytest.mark.parametrize("name", ["slim_camvid11", "edgesegnet_camvid11"])
def test_networks_for_photographs_know_the_frames_they_were_trained_on(
    name, camvid_root
):
    # val was among them; 95 % is nothing to boast of there.
    frames = [f for f in reader(camvid_root).frames if f.publisher_split == "val"][::20]
    seen = np.stack([np.asarray(read_rgb(frame.image)) for frame in frames])
    labels = np.stack([read_labels(frame) for frame in frames])
    found = logits(build_shipped(name), seen).argmax(-1)
    assert np.mean(found[labels != 255] == labels[labels != 255]) > 0.95
