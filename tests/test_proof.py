"""The proof of an exported file: its figures, and what is a fault."""

from pathlib import Path

import keras
import numpy as np
import pytest

from segnet.export.calibration import Calibration, saturates
from segnet.export.divergence import (
    LayerError,
    first_divergence,
    relative_error,
    with_all_layers,
)
from segnet.export.frames import RenderedFrames, batches, check_contrast, spread
from segnet.export.proof import confidences, prove


class Frames:
    """Frames whose images hold their own number; one pixel in four is class 1."""

    words = "3 frames"

    def __init__(self, labelled=True):
        self.labelled = labelled

    def __len__(self):
        return 3

    def image(self, number):
        return np.full((2, 2, 3), number, np.uint8)

    def labels(self, number):
        return np.array([[0, 0], [0, 1]], np.uint8)


class FakeModel:
    """Gives the same logits of 3 classes for each image."""

    output_shape = (None, 2, 2, 3)

    def __init__(self, logits):
        self.logits = np.array(logits, np.float32)

    def predict_on_batch(self, images):
        return np.stack([self.logits] * len(images))


class FakeRuntime:
    """Gives the classes and confidences of some logits, changed by `change`."""

    def __init__(self, logits, batch_size=1, change=lambda outputs: None, names=None):
        self.shape = (batch_size, 2, 2)
        logits = np.array(logits, np.float32)
        self.outputs = {
            "classes": logits.argmax(-1).astype(np.uint8),
            "confidence": confidences(logits).astype(np.uint8),
        }
        if names == "logits":
            self.outputs = {"logits": logits}
        change(self.outputs)

    def run(self, images):
        assert len(images) == self.shape[0]
        return {name: np.stack([a] * len(images)) for name, a in self.outputs.items()}


# Classes 0, 0, 0, 1; the third pixel is a near-tie with class 2.
LOGITS = [[[5, 0, 0], [3, 0, 0]], [[2, 0, 1.9995], [0, 4, 1]]]


def proof_of(change=lambda outputs: None, precision="float32", **options):
    labelled = options.pop("labelled", True)
    runtime = FakeRuntime(LOGITS, change=change, **options)
    return prove(FakeModel(LOGITS), runtime, Frames(labelled), precision)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_a_faithful_file_has_no_fault(batch_size):
    proof = proof_of(batch_size=batch_size)
    assert (proof.pixels, proof.differing, proof.confidence) == (12, 0, 0)
    assert (proof.miou, proof.keras_miou, proof.faults) == (1.0, 1.0, [])
    assert proof.logits is None


def test_logits_have_a_largest_difference():
    def change(outputs):
        outputs["logits"][0, 0, 1] += 0.25

    proof = proof_of(change, names="logits", labelled=False)
    assert proof.logits == 0.25
    assert (proof.confidence, proof.miou, proof.faults) == (None, None, [])


def set_class(row, column, value):
    def change(outputs):
        outputs["classes"][row, column] = value

    return change


def test_a_near_tie_may_fall_to_the_other_side():
    proof = proof_of(set_class(1, 0, 2), labelled=False)
    assert (proof.differing, proof.clear, proof.faults) == (3, 0, [])
    assert proof.share == 0.25


def test_a_clear_pixel_may_not():
    proof = proof_of(set_class(0, 1, 1), labelled=False)
    (fault,) = proof.faults
    assert fault.startswith("3 of 12 pixels have another class than in Keras")


def test_int8_has_a_share_and_an_miou():
    proof = proof_of(set_class(0, 1, 1), precision="int8")
    # Class 0: 2 of 3 pixels hit; class 1: 1 hit of a union of 2.
    assert proof.miou == pytest.approx((2 / 3 + 1 / 2) / 2)
    share, miou = proof.faults
    assert share.startswith("25.00 % of the pixels have another class")
    assert miou.startswith("the mIoU falls by 41.67 points, at most 1 may")


def test_a_file_that_returns_one_class_for_all_is_named():
    proof = proof_of(lambda o: o["classes"].fill(0), precision="int8")
    assert proof.faults[0] == "the file returns class 0 for every pixel"


def test_a_confidence_of_0_is_no_number():
    proof = proof_of(lambda outputs: outputs["confidence"].fill(0))
    assert proof.faults == ["the file returns confidences that are no numbers"]


def test_a_confidence_may_differ_by_1():
    def change(outputs):
        outputs["confidence"][0, 0] -= 1

    assert proof_of(change).faults == []

    def more(outputs):
        outputs["confidence"][0, 0] -= 2

    assert "a confidence differs by 2 of 255" in proof_of(more).faults[0]
    assert proof_of(more, precision="int8").faults == []


def test_logits_that_are_no_numbers_are_named():
    def change(outputs):
        outputs["logits"][0, 0, 1] = np.inf

    proof = proof_of(change, names="logits")
    assert proof.faults == ["the file returns logits that are no numbers"]
    proof = prove(
        FakeModel(np.full((2, 2, 3), np.nan)), FakeRuntime(LOGITS), Frames(), "int8"
    )
    assert proof.faults == ["Keras itself returns logits that are no numbers"]


def test_the_error_of_a_layer_is_relative():
    expected = np.array([3.0, -4.0])
    assert relative_error(expected * 1.1, expected) == pytest.approx(0.1)
    assert relative_error(np.array([np.nan, 1]), expected) == np.inf
    assert relative_error(np.zeros(3), expected) == np.inf
    errors = [LayerError("a", "A", 1e-4), LayerError("b", "B", 2e-3)]
    assert first_divergence(errors, "float32") is errors[1]
    assert first_divergence(errors, "int8") is None
    assert first_divergence([LayerError("c", "C", np.nan)], "int8").name == "c"


def test_every_layer_becomes_an_output():
    inputs = keras.Input((4, 4, 3))
    shared = keras.layers.ReLU(name="twice")
    x = keras.layers.Conv2D(3, 1, name="one")(inputs)
    outputs = keras.layers.Add(name="sum")([shared(x), shared(inputs)])
    layered = with_all_layers(keras.Model(inputs, outputs))
    assert list(layered(np.zeros((1, 4, 4, 3)))) == ["one", "twice", "sum"]


def test_frames_of_all_drives():
    names = [f"a/{n:05d}" for n in range(90)] + ["b/00000", "c/00007"]
    chosen = spread(names, 10)
    assert len(chosen) == len(set(chosen)) == 10
    assert {90, 91} <= set(chosen)
    assert chosen == sorted(chosen)
    assert spread(names, 100) == list(range(92))
    # More drives than frames: every second drive.
    names = [f"d{n}x/1" for n in range(5)]
    assert spread(names, 3) == [0, 2, 4]


def test_the_last_batch_is_filled_up():
    found = [(images[:, 0, 0, 0].tolist(), *n) for images, n in batches(Frames(), 2)]
    assert found == [([0, 1], 0, 1), ([2, 2], 2)]
    images = [i[:, 0, 0, 0].tolist() for i in Calibration(Frames(), 2, True).images()]
    assert images == [[0, 0], [1, 1], [2, 2]]


def test_rendered_frames_show_something():
    frames = RenderedFrames((64, 97), count=2)
    assert frames.words == "2 rendered frames"
    assert frames.image(1).shape == (64, 97, 3)
    assert (frames.image(0) != frames.image(1)).any()
    check_contrast(frames, "check")
    with pytest.raises(
        ValueError, match="the dark frames have no contrast.* is 0.0 of"
    ):
        check_contrast(Frames(), "dark")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx2 fma", True), ("avx2 avx512_vnni", False), ("asimddp", False)],
)
def test_processors_that_saturate(tmp_path: Path, flags, expected):
    path = tmp_path / "cpuinfo"
    path.write_text(f"flags\t\t: sse {flags} lm\n")
    assert saturates(path) is expected
    assert saturates(tmp_path / "none") is True
