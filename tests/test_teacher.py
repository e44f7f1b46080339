"""The teacher's part of the loss, and training runs with a teacher."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from segnet.cli import main
from segnet.data.store import open_store
from segnet.models import MODELS
from segnet.recipe import Recipe
from segnet.runs.loading import class_names_of
from segnet.train import train
from segnet.train.epoch_end import ValidateAndSave
from segnet.train.teacher import PixelDivergence, mean_of, with_teacher
from test_train import TINY, arrays_of, rows_of, tiny

SIZES = [(1, 4, 4, 2), (2, 5, 7, 3), (3, 9, 6, 2)]


@pytest.fixture(autouse=True)
def with_tiny(monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)


@pytest.fixture(scope="module")
def taught(store_path, tmp_path_factory):
    """Makes a teacher's file and the recipe of a student that learns from it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "tiny", tiny)
        keras.utils.set_random_seed(7)
        with open_store(store_path) as store:
            teacher = tiny((64, 80, 3), store.class_map.num_classes)
    path = tmp_path_factory.mktemp("teacher") / "teacher.keras"
    teacher.save(path)
    return path, dataclasses.replace(TINY, teacher=(str(path),))


def two(shape) -> list[np.ndarray]:
    rng = np.random.default_rng(sum(shape))
    return [rng.normal(0, 3, shape).astype("float32") for _ in range(2)]


def by_loop(teacher, student, class_weights, stride) -> float:
    """Returns the same loss computed pixel by pixel in float64."""
    total, weight_sum = 0.0, 0.0
    start = stride // 2
    for image in range(len(teacher)):
        for row in range(start, teacher.shape[1], stride):
            for column in range(start, teacher.shape[2], stride):
                place = image, row, column
                p, q = (np.exp(np.float64(x[place])) for x in (teacher, student))
                p, q = p / p.sum(), q / q.sum()
                weight = (p * class_weights).sum()
                total += weight * (p * np.log(p / q)).sum()
                weight_sum += weight
    return total / weight_sum


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_divergence_is_that_of_a_loop(shape, stride, weighted):
    teacher, student = two(shape)
    class_weights = np.arange(1.0, shape[-1] + 1) ** 2 if weighted else None
    loss = PixelDivergence(class_weights, stride).compute_loss(teacher, student)
    assert loss.shape == ()
    all_equal = np.ones(shape[-1])
    expected = by_loop(
        teacher, student, class_weights if weighted else all_equal, stride
    )
    np.testing.assert_allclose(float(loss), expected, rtol=1e-5)


def test_by_hand():
    # 3/4 and 1/4 beside two halves; then the same beside itself, twice as heavy.
    first, second = [np.log(3), 0], [0, np.log(3)]
    teacher = np.float32([first, second]).reshape(1, 1, 2, 2)
    student = np.float32([[0, 0], second]).reshape(1, 1, 2, 2)
    divergence = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    loss = PixelDivergence(None, 1).compute_loss(teacher, student)
    np.testing.assert_allclose(float(loss), divergence / 2, rtol=1e-6)
    weights = 0.75 * 1 + 0.25 * 5, 0.25 * 1 + 0.75 * 5
    loss = PixelDivergence(np.array([1, 5]), 1).compute_loss(teacher, student)
    expected = weights[0] * divergence / sum(weights)
    np.testing.assert_allclose(float(loss), expected, rtol=1e-6)


def test_half_precision_is_measured_in_float32():
    teacher, student = (ops.cast(x, "float16") for x in two((2, 5, 7, 3)))
    loss = PixelDivergence(None, 1).compute_loss(teacher, student)
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"


def test_several_teachers_are_their_mean_probability():
    networks = [tiny((8, 12, 3), 3) for _ in range(3)]
    assert mean_of(networks[:1]) is networks[0]
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 12, 3), np.uint8)
    found = mean_of(networks).predict(images, verbose=0)
    each = [ops.softmax(n.predict(images, verbose=0)) for n in networks]
    np.testing.assert_allclose(np.exp(found), np.mean(each, axis=0), rtol=1e-5)


def test_the_student_comes_nearer_to_its_teacher(store_path, taught, tmp_path):
    path, recipe = taught
    recipe = dataclasses.replace(recipe, teacher_share=0.95, epochs=8)
    with_one = train(store_path, recipe, tmp_path / "with", verbose=0)
    alone = dataclasses.replace(recipe, teacher=())
    without = train(store_path, alone, tmp_path / "without", verbose=0)
    with open_store(store_path) as store:
        images = np.stack([store["val"].images[0]])
    teacher = keras.saving.load_model(path)
    size = (*images.shape[1:3], 3)
    resized = tiny(size, teacher.output_shape[-1])
    resized.set_weights(teacher.get_weights())
    wanted = resized.predict(images, verbose=0)

    def distance(run):
        found = keras.saving.load_model(run / "best.keras").predict(images, verbose=0)
        return float(PixelDivergence().compute_loss(wanted, found))

    assert distance(with_one) < 0.5 * distance(without)
    losses = [float(loss) for (loss,) in rows_of(with_one, "loss")]
    assert losses[-1] < losses[0]


def test_resuming_ends_with_the_same_weights(store_path, taught, tmp_path):
    _, recipe = taught
    whole = train(store_path, recipe, tmp_path / "whole", verbose=0)
    stopped = tmp_path / "stopped"
    fit = ValidateAndSave.on_epoch_end

    def interrupt(callback, epoch, logs=None):
        fit(callback, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ValidateAndSave, "on_epoch_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(store_path, recipe, stopped, verbose=0)
    train(store_path, recipe, stopped, resume=True, verbose=0)
    theirs = arrays_of(whole)
    for name, array in arrays_of(stopped).items():
        np.testing.assert_allclose(array, theirs[name], atol=1e-6, rtol=1e-5)


def test_the_command_takes_several(store_path, taught, tmp_path):
    path, _ = taught
    run = tmp_path / "run"
    given = ["train", str(store_path), "--out", str(run), "--model", "tiny"]
    short = ["--epochs", "1", "--batch-size", "4", "--verbose", "0"]
    teachers = ["--teacher", str(path), str(path), "--teacher-share", "0.3"]
    assert main([*given, *short, *teachers]) == 0
    recipe = Recipe.from_json((run / "recipe.json").read_text())
    assert recipe.teacher == (str(path),) * 2 and recipe.teacher_share == 0.3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"augment_on": "device"}, "take augment_on cpu and auxiliary 0"),
        ({"model": "slim", "auxiliary": 0.4, "crop": (64, 64)}, "auxiliary 0"),
    ],
)
def test_what_does_not_go_with_a_teacher(
    store_path, taught, tmp_path, changes, message
):
    _, recipe = taught
    with pytest.raises(ValueError, match=message):
        recipe = dataclasses.replace(recipe, **changes)
        train(store_path, recipe, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_a_teacher_that_is_not_there_or_knows_other_classes(store_path, tmp_path):
    missing = dataclasses.replace(TINY, teacher=(str(tmp_path / "none.keras"),))
    with pytest.raises(FileNotFoundError, match="none.keras"):
        train(store_path, missing, tmp_path / "run", verbose=0)
    tiny((64, 80, 3), 3).save(tmp_path / "three.keras")
    other = dataclasses.replace(TINY, teacher=(str(tmp_path / "three.keras"),))
    with pytest.raises(
        ValueError, match=r"three.keras has 3 classes, the student has 14"
    ):
        train(store_path, other, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_a_teacher_of_as_many_other_classes():
    recipe = dataclasses.replace(TINY, teacher=("slim_camvid11",))
    sky, building, *others = class_names_of("slim_camvid11")
    student, loss = tiny((64, 80, 3), 11), keras.losses.KLDivergence()
    message = "class 0 of the teacher slim_camvid11 is Sky, the student's is Building"
    with pytest.raises(ValueError, match=message):
        with_teacher(student, loss, None, recipe, [building, sky, *others])
