"""A user's own network, loss, augmentation and reader, by name."""

import json
import re
import textwrap

import keras
import numpy as np
import pytest
from PIL import Image

from helpers import exports
from helpers.exports import SCENE
from segnet.classes import ClassMap
from segnet.cli import main
from segnet.data.batches.own import own_augmentation
from segnet.data.find import find_source
from segnet.data.prepare import prepare
from segnet.data.store import open_store
from segnet.losses.own import find_loss
from segnet.models.own import find_builder
from segnet.system.own_parts import find_own, is_own

NETS = """
    import keras
    from keras import layers

    def tiny(input_shape, num_classes, dtype="uint8", stride=1, name="stem"):
        inputs = keras.Input(input_shape, dtype=dtype)
        x = layers.Rescaling(1 / 255)(inputs)
        x = layers.Conv2D(4, 3, stride, padding="same", name=name)(x)
        logits = layers.Conv2D(num_classes, 1, name="head" if name else None)(x)
        return keras.Model(inputs, logits, name="tiny")

    def floats(shape, classes):
        return tiny(shape, classes, dtype="float32")

    def half(shape, classes):
        return tiny(shape, classes, stride=2)

    def unnamed(shape, classes):
        return tiny(shape, classes, name=None)

    def narrow(shape, classes):
        return tiny(shape, 1)

    def other(shape, classes):
        return tiny((32, 32, 3), classes)

    def nothing(shape, classes):
        pass

    def broken(shape, classes):
        return 1 / 0
"""
LOSSES = """
    import keras

    def plain(class_weights, void):
        def loss(labels, logits):
            known = keras.ops.cast(labels != void, "float32")
            ids = keras.ops.where(labels == void, 0, labels)
            each = keras.ops.sparse_categorical_crossentropy(
                ids, logits, from_logits=True)
            return keras.ops.sum(each * known) / keras.ops.sum(known)
        return loss

    def infinite(class_weights, void):
        return lambda labels, logits: keras.ops.sum(logits) / 0.0

    def each(class_weights, void):
        return lambda labels, logits: logits

    def number(class_weights, void):
        return 5
"""
CHANGES = """
    import numpy as np

    def darker(image, label, rng):
        return image // 2, label

    def small(image, label, rng):
        return image[:2], label

    def floats(image, label, rng):
        return image / 2, label

    def wrong(image, label, rng):
        label[0, 0] = 77
        return image, label

    def alone(image, label, rng):
        return image
"""


READER = """
    from pathlib import Path

    import numpy as np
    from PIL import Image

    from segnet.classes import ClassMap
    from segnet.data import Frame, Source

    CLASSES = ClassMap("mine", ("ground", "road", "car"),
                       ((0, 0, 0), (1, 1, 1), (2, 2, 2)))

    def labels_of(frame):
        return np.asarray(Image.open(frame.label))

    def source(root, classes=None, read=labels_of):
        frames = [
            Frame(path.stem, ".", path.stem, path, path.with_suffix(".bmp"))
            for path in sorted(root.glob("*.png"))
        ]
        return Source("any", root, CLASSES, tuple(frames), read)

    def inner(root):
        return source(root, read=lambda frame: labels_of(frame))

    def sixteen(frame):
        return labels_of(frame).astype("uint16")

    def wide(root):
        return source(root, read=sixteen)

    def text(root):
        return "frames"

    def twice(root):
        found = source(root)
        return Source("a", root, CLASSES, found.frames * 2, labels_of)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes the four files and changes to their folder."""
    for name, text in {
        "my_nets": NETS,
        "my_losses": LOSSES,
        "my_changes": CHANGES,
        "my_reader": READER,
    }.items():
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_image(path, size):
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", size, (90, 90, 90)).save(path)


def store(root):
    """Returns a store of 4 frames of 64x64 with three classes."""
    for number in range(4):
        write_image(root / f"images/{number}.png", (64, 64))
        ids = np.resize(np.arange(3, dtype=np.uint8), (64, 64))
        (root / "masks").mkdir(exist_ok=True)
        Image.fromarray(ids).save(root / f"masks/{number}.png")
    classes = ClassMap("yard", ("a", "b", "c"), ((1, 0, 0), (2, 0, 0), (3, 0, 0)))
    classes.save(root / "map.json")
    options = {"masks": root / "masks", "classes": root / "map.json"}
    return prepare(
        "folder", root / "images", root / "Store", scale=1, split="random", **options
    )


def test_names_of_functions():
    assert is_own("my_nets.py:tiny") and is_own("package.module:tiny")
    assert not is_own("slim") and not is_own("a:b c") and not is_own(":tiny")


def test_a_network_of_ones_own_is_built(own):
    model = find_builder("my_nets.py:tiny")((8, 10, 3), 5)
    assert model.output_shape == (None, 8, 10, 5)
    assert find_builder("slim").__name__ == "slim"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("floats", "its input is float32, expected uint8"),
        ("half", "its output is 4x5, its input 8x10: enlarge the logits"),
        ("unnamed", "layers without a name of their own, such as conv2d"),
        ("narrow", "its output is (None, 8, 10, 1), expected logits (None, 8, 10, 5)"),
        ("other", "its input is (None, 32, 32, 3), expected (None, 8, 10, 3)"),
        ("nothing", "it returned a NoneType, expected a keras.Model"),
        ("broken", "line 31: ZeroDivisionError: division by zero"),
    ],
)
def test_a_network_that_breaks_a_rule_is_told_which(own, name, message):
    with pytest.raises(ValueError, match=rf"my_nets.py:{name}: {re.escape(message)}"):
        find_builder(f"my_nets.py:{name}")((8, 10, 3), 5)


def test_files_and_functions_that_are_not_there(own):
    with pytest.raises(ValueError, match="no function huge there; it has tiny, floats"):
        find_own("my_nets.py:huge", "models")
    with pytest.raises(FileNotFoundError, match="no such file; call from the folder"):
        find_own("your_nets.py:tiny", "models")
    with pytest.raises(FileNotFoundError, match="no module nowhere; install it, or"):
        find_own("nowhere.nets:tiny", "models")
    (own / "bad.py").write_text("import keras\n\nx = (\n")
    with pytest.raises(ValueError, match="bad.py:tiny: SyntaxError"):
        find_own("bad.py:tiny", "models")
    (own / "bad.py").write_text("import keras\nx = y\n")
    with pytest.raises(ValueError, match="bad.py:tiny: line 2: NameError: name 'y'"):
        find_own("bad.py:tiny", "models")
    with pytest.raises(ValueError, match="no network 'unet'; known are .* my_nets.py"):
        find_builder("unet")
    assert find_own("tiny", "models") is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("infinite", "it gives nan, expected one finite number"),
        ("each", r"it gives \[\[\[\[0.0.*, expected one finite number"),
        ("number", "it returned a int, expected a loss"),
    ],
)
def test_losses_are_tried(own, name, message):
    with pytest.raises(ValueError, match=f"my_losses.py:{name}: .*{message}"):
        find_loss(f"my_losses.py:{name}")(None, 255)


def test_a_loss_of_ones_own_is_that_of_the_package(own):
    labels = np.array([[[0, 1], [255, 1]]], np.uint8)
    logits = np.random.default_rng(0).normal(size=(1, 2, 2, 2)).astype("float32")
    mine = find_loss("my_losses.py:plain")(None, 255)(labels, logits)
    theirs = find_loss("cross_entropy")(None, 255)(labels, logits)
    assert float(mine) == pytest.approx(float(theirs))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("small", r"it returned uint8 \(2, 8, 3\) for uint8 \(6, 8, 3\)"),
        ("floats", r"it returned float64 \(6, 8, 3\) for uint8"),
        ("wrong", "it put the id 77 into labels, and yard has 0 to 1 and void 255"),
        ("alone", "it returned no pair"),
    ],
)
def test_augmentations_are_checked(own, name, message):
    class_map = ClassMap("yard", ("a", "b"), ((2, 0, 0), (1, 1, 1)))
    augment = own_augmentation(f"my_changes.py:{name}", class_map)
    labels = np.zeros((6, 8), np.uint8)
    with pytest.raises(ValueError, match=f"my_changes.py:{name}: {message}"):
        augment(np.zeros((6, 8, 3), np.uint8), labels, np.random.default_rng(0))
    assert not labels.any()


def test_a_reader_of_ones_own_works_in_processes_too(own):
    for number in range(40):
        exports.write_image(own / f"data/{number:02}.png")
        exports.write_mask(own / f"data/{number:02}.bmp", "L")
    path = prepare(
        "my_reader.py:source", own / "data", own / "Store", split="random", workers=2
    )
    with open_store(path) as found:
        assert found.attributes["source"] == "my_reader.py:source"
        assert (len(found["train"]), len(found["val"])) == (32, 8)
        assert found["train"].read_labels(0).tolist() == SCENE.tolist()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("inner", "read_labels cannot be sent to worker processes"),
        ("text", "it returned a str, expected a segnet.data.Source"),
        ("twice", "0 names 2 frames"),
    ],
)
def test_readers_are_checked(own, name, message):
    exports.write_image(own / "data/0.png")
    with pytest.raises(ValueError, match=f"my_reader.py:{name}: {message}"):
        find_source(f"my_reader.py:{name}", own / "data")


def test_labels_of_a_reader_are_checked(own):
    exports.write_image(own / "data/0.png")
    exports.write_mask(own / "data/0.bmp", "L")
    source = find_source("my_reader.py:wide", own / "data")
    with pytest.raises(ValueError, match=r"gave uint16 \(6, 8\) for its labels"):
        source.read_labels(source.frames[0])
    with pytest.raises(FileNotFoundError, match="it found no frames in"):
        find_source("my_reader.py:source", own)
    with pytest.raises(ValueError, match="or a function of yours, my_reader.py:name"):
        find_source("mine", own)


def test_a_run_with_own_parts_is_resumed_and_scored(own, capsys):
    path = store(own)
    command = [
        *("train", str(path), "--out", "run", "--batch-size", "2", "--no-pictures"),
        *("--model", "my_nets.py:tiny", "--loss", "my_losses.py:plain"),
        *("--augment", "my_changes.py:darker", "--epochs", "1"),
    ]
    assert main(command) == 0, capsys.readouterr()
    recipe = json.loads((own / "run/recipe.json").read_text())
    assert recipe["model"] == "my_nets.py:tiny"
    lines = [part.split("  ") for part in recipe["parts"]]
    names = [name for _, name in lines]
    assert names == ["my_nets.py", "my_losses.py", "my_changes.py"]
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum, _ in lines)
    assert main([*command, "--resume"]) == 0
    assert main(["evaluate", "run/last.npz", str(path)]) == 0
    capsys.readouterr()
    with open(own / "my_changes.py", "a") as file:
        file.write("\n")
    assert main([*command, "--resume"]) == 2
    assert "parts: " in capsys.readouterr().err
    # The file of the network needs no code of the user.
    (own / "my_nets.py").unlink()
    assert main(["evaluate", "run/best.keras", str(path)]) == 0
    assert main(["evaluate", "run/last.npz", str(path)]) == 2
    assert "my_nets.py:tiny: no such file" in capsys.readouterr().err
    assert isinstance(keras.saving.load_model("run/best.keras"), keras.Model)
