"""Predicting one photograph: sizes, enlargement, tiles, and results."""

import io

import keras
import numpy as np
import pytest
from PIL import Image

from helpers.colour_network import (
    BLUE,
    CLASSES,
    GREEN,
    RED,
    SCALE,
    ColourEngine,
    colour_model,
    picture,
    random_picture,
)
from segnet.models import MODELS
from segnet.models.build import at_size
from segnet.predict import Predictor, enlarging, sizes, tiling
from segnet.predict.engine import KerasEngine
from segnet.predict.enlarging import Answer, enlarge, whole_axis
from segnet.predict.sizes import network_size


def enlarged(logits, size, confidence=True):
    axes = [whole_axis(a, b) for a, b in zip(logits.shape, size, strict=False)]
    return enlarge(Answer(logits=logits), *axes, confidence)


def test_a_photograph_at_its_own_size():
    ids = (
        np.array([[RED, GREEN, GREEN], [BLUE, RED, GREEN]]).repeat(40, 0).repeat(40, 1)
    )
    seen = Predictor(ColourEngine(), classes=CLASSES)(picture(ids))
    np.testing.assert_array_equal(seen.ids, ids)
    assert seen.ids.dtype == seen.confidence.dtype == np.uint8
    assert seen.shares() == {"red": 2 / 6, "green": 3 / 6, "blue": 1 / 6}
    logits = np.exp(np.array((200, 40, 10)) / SCALE)
    assert seen.confidence[0, 0] == round(255 * logits[0] / logits.sum())


def test_the_picture_has_the_ids_and_the_colours_of_the_class_map():
    seen = Predictor(ColourEngine(), classes=CLASSES)(picture(np.full((64, 65), BLUE)))
    image = seen.image()
    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image), seen.ids)
    assert image.convert("RGB").getpixel((0, 0)) == CLASSES.colours[BLUE]


def test_the_overlay_mixes_halves_above_a_legend():
    photograph = picture(np.full((70, 400), GREEN))
    overlay = Predictor(ColourEngine(), classes=CLASSES)(photograph).overlay()
    assert overlay.width == 400 and overlay.height > 70
    assert overlay.getpixel((3, 3)) == (15, 238, 31)
    colours = {overlay.getpixel((x, y)) for x in range(400) for y in range(70, 90)}
    assert CLASSES.colours[GREEN] in colours
    assert CLASSES.colours[RED] not in colours


def test_a_notebook_shows_a_small_png():
    seen = Predictor(ColourEngine(), classes=CLASSES)(random_picture(100, 2000))
    assert repr(seen).startswith("Prediction of 100x2000 pixels: ")
    shown = Image.open(io.BytesIO(seen._repr_png_()))
    assert shown.format == "PNG" and shown.width == 720


@pytest.mark.parametrize("size", [(9, 7), (23, 31), (10, 14), (64, 5)])
def test_logits_are_enlarged_as_keras_does_before_the_largest_is_taken(size):
    rng = np.random.default_rng(0)
    # A few large blobs and noise: cells with one winner, and cells with several.
    coarse = rng.normal(size=(1, 3, 4, 5)) * 4
    logits = np.array(keras.ops.image.resize(coarse, (10, 14)), np.float32)
    logits += rng.normal(size=logits.shape).astype(np.float32)
    whole = np.array(keras.ops.image.resize(logits, size))[0]
    ids, confidence = enlarged(logits[0], size)
    np.testing.assert_array_equal(ids, whole.argmax(-1))
    largest = np.array(keras.ops.softmax(whole)).max(-1)
    np.testing.assert_allclose(confidence, 255 * largest, atol=0.501)


def test_bands_are_not_seen(monkeypatch):
    logits = np.random.default_rng(1).normal(size=(11, 13, 4)).astype(np.float32)
    before = enlarged(logits, (37, 41))
    monkeypatch.setattr(enlarging, "BAND_FLOATS", 1)
    after = enlarged(logits, (37, 41))
    np.testing.assert_array_equal(before, after)


def test_a_hundred_megapixels_take_little_memory(monkeypatch):
    # Whole logits of this size would take 1.2 GB.
    logits = np.zeros((36, 48, 3), np.float32)
    logits[:, :24, 0] = logits[:, 24:, 1] = 1
    made = []
    mix = enlarging._mix
    monkeypatch.setattr(
        enlarging, "_mix", lambda a, b, c: made.append(b.size) or mix(a, b, c)
    )
    ids, _ = enlarged(logits, (10_000, 10_000), confidence=False)
    assert ids.shape == (10_000, 10_000)
    assert ids[:, :5000].max() == 0 and ids[:, 5000:].min() == 1
    assert max(made) <= enlarging.BAND_FLOATS


def test_ids_without_logits_come_from_the_nearest():
    engine = ColourEngine(size=(64, 64), any_size=False, give_ids=True)
    ids = np.zeros((128, 192), int)
    ids[:, 96:] = BLUE
    seen = Predictor(engine, classes=CLASSES)(picture(ids))
    np.testing.assert_array_equal(seen.ids, ids)
    assert (seen.confidence == 100).all()


@pytest.mark.parametrize(
    ("photograph", "expected"),
    [
        ((360, 480), (360, 480)),
        ((3000, 4000), (360, 480)),
        ((4000, 3000), (480, 360)),
        ((1080, 1920), (304, 544)),
        ((1, 1), (416, 416)),
        ((10, 100_000), (64, 2704)),
    ],
)
def test_the_network_sees_as_many_pixels_as_in_training(photograph, expected):
    assert network_size(photograph, (360, 480)) == expected


def test_a_network_that_knows_no_size_sees_the_photograph_itself():
    assert network_size((61, 333), None) == (64, 333)


@pytest.mark.parametrize("side", [1024, 1025, 1500, 1921, 9999])
def test_tiles_cover_an_axis_once_with_room_around(side):
    spans = list(tiling.spans(side))
    assert [span.first for span in spans] == [0, *(s.last for s in spans[:-1])]
    assert spans[-1].last == spans[-1].stop == side
    for span in spans:
        assert 0 <= span.start and span.stop - span.start == 1024
        assert span.start == 0 or span.first - span.start >= 128
        assert span.stop == side or span.stop - span.last >= 128
    assert all(span.start % 32 == 0 for span in spans[:-1])


@pytest.mark.parametrize("size", [(250, 333), (100, 77), (251, 400)])
def test_tiles_answer_as_the_whole_does(size, monkeypatch):
    """A 9x9 window lies within the overlap, so nothing may differ."""
    photograph = random_picture(*size)
    model = colour_model(kernel=9)
    whole = Predictor(model, size=(200, 264), classes=CLASSES)(photograph)
    monkeypatch.setattr(sizes, "MOST_PIXELS", 20_000)
    monkeypatch.setattr(tiling, "TILE", 96)
    monkeypatch.setattr(tiling, "OVERLAP", 8)
    engine = KerasEngine(model)
    tiled = Predictor(engine, size=(200, 264), classes=CLASSES)(photograph)
    assert np.mean(tiled.ids == whole.ids) > 0.9999
    assert np.abs(tiled.confidence.astype(int) - whole.confidence).max() <= 1


def test_networks_of_this_package_are_built_once_for_each_size(monkeypatch):
    built = []
    monkeypatch.setattr(
        "segnet.models.build.at_size",
        lambda model, size: built.append(size) or at_size(model, size),
    )
    monkeypatch.setitem(MODELS, "colours", lambda shape, _: colour_model(shape[:2]))
    predictor = Predictor(colour_model((64, 96)), classes=CLASSES)
    for shape in ((128, 192), (90, 60), (64, 96), (180, 120)):
        assert predictor(random_picture(*shape)).ids.shape == shape
    assert built == [(64, 96), (96, 64)]


def test_a_network_of_one_size_gets_that_size():
    predictor = Predictor(colour_model((64, 80)), classes=CLASSES)
    assert predictor(picture(np.full((33, 500), GREEN))).shares()["green"] == 1
    with pytest.raises(ValueError, match="colours takes 64x80 only, not 96x96"):
        Predictor(colour_model((64, 80)), size=(96, 96), classes=CLASSES)


def test_a_full_batch_and_single_images_are_all_that_is_compiled():
    engine = ColourEngine()
    predictor = Predictor(engine, classes=CLASSES, batch_size=3)
    loaded = [predictor.load(random_picture(64, 64, seed)) for seed in range(5)]
    for group in (loaded[:2], loaded[:3], loaded[:2]):
        answered = predictor.answer(group)
        for one, again in zip(answered, group, strict=True):
            expected = again.pixels.argmax(-1)
            np.testing.assert_array_equal(predictor.finish(one).ids, expected)
    assert [shape[0] for shape in engine.asked] == [1, 1, 3, 3]


def test_wrong_arguments_are_named():
    engine = ColourEngine()
    with pytest.raises(ValueError, match="batch_size is 0"):
        Predictor(engine, classes=CLASSES, batch_size=0)
    with pytest.raises(ValueError, match="size is 32 480, expected 64 or more"):
        Predictor(engine, size=(32, 480), classes=CLASSES)
    with pytest.raises(ValueError, match="20000x20000 are 400 megapixels"):
        Predictor(engine, size=(20_000, 20_000), classes=CLASSES)
    with pytest.raises(
        ValueError, match="colours knows 3 classes, and camvid11 has 11"
    ):
        Predictor(engine, classes="camvid11")
    with pytest.raises(ValueError, match="needs `classes`"):
        Predictor(engine)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Predictor("nowhere")
    predictor = Predictor(engine, classes=CLASSES)
    with pytest.raises(ValueError, match=r"float64 \(4, 4, 3\), expected uint8"):
        predictor(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match="has no pixels"):
        predictor(np.zeros((0, 4, 3), np.uint8))


def test_models_that_answer_something_else_are_refused():
    inputs = keras.Input((64, 64, 1))
    outputs = keras.layers.Conv2D(3, 1)(inputs)
    with pytest.raises(ValueError, match="expected from RGB images"):
        Predictor(keras.Model(inputs, outputs), classes=CLASSES)
    model = colour_model((64, 64))
    model.layers[-1].set_weights([np.full((1, 1, 3, 3), np.nan)])
    with pytest.raises(ValueError, match="colours answers with nan"):
        Predictor(model, classes=CLASSES)(random_picture(64, 64))
