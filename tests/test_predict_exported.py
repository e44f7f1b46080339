"""`Predictor` and `segnet predict` with exported files."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from helpers.colour_network import BLUE, CLASSES, GREEN, RED, picture
from helpers.exported import (
    SIZE,
    colour_facts,
    random_images,
    write,
    write_onnx,
)
from segnet.cli import main
from segnet.predict import Predictor
from segnet.predict.engine import FileEngine
from segnet.runtimes.facts import LOGITS
from segnet.runtimes.opening import open_runtime
from segnet.runtimes.seal import seal

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
# These take longer to import than a photograph may take to be predicted.
SLOW = {"keras", "tensorflow", "h5py", "jinja2", "scipy", "matplotlib", "urllib3"}


@pytest.fixture
def path(tmp_path):
    return write_onnx(tmp_path / "colours.onnx", colour_facts())


def test_a_photograph_of_the_files_size(path):
    predictor = Predictor(path)
    assert predictor.class_map == CLASSES
    (image,) = random_images()
    seen = predictor(image)
    np.testing.assert_array_equal(seen.ids, image.argmax(-1))
    np.testing.assert_array_equal(seen.confidence, image.max(-1))


@pytest.mark.parametrize("factor", [1, 2, 5])
@pytest.mark.parametrize("outputs", [None, LOGITS])
def test_a_photograph_of_another_size_and_aspect(tmp_path, factor, outputs):
    """Halves and quarters, so that resizing to 64x96 mixes no colours."""
    options = {} if outputs is None else {"outputs": outputs}
    path = write_onnx(tmp_path / "a.onnx", colour_facts(**options), **options)
    ids = np.full((32 * factor, 160 * factor), RED)
    ids[:, 80 * factor :] = GREEN
    ids[: 16 * factor, 80 * factor :] = BLUE
    seen = Predictor(path)(picture(ids))
    assert seen.ids.shape == ids.shape
    assert (seen.ids == ids).mean() > 0.97
    far = np.s_[:: 8 * factor, 4 * factor :: 16 * factor]
    np.testing.assert_array_equal(seen.ids[far], ids[far])


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_batches_of_the_file_are_filled_and_split(tmp_path, count):
    facts = colour_facts(batch_size=2)
    runtime = open_runtime(write_onnx(tmp_path / "a.onnx", facts, batch=2))
    runs, run = [], runtime.run
    runtime.run = lambda images: runs.append(len(images)) or run(images)
    engine = FileEngine(runtime)
    images = random_images(count)
    answer = engine(images)
    np.testing.assert_array_equal(answer.ids, images.argmax(-1))
    np.testing.assert_array_equal(answer.confidence, images.max(-1))
    assert answer.logits is None and runs == [2] * -(-count // 2)
    # One photograph waits for no other, five are seen in three runs.
    runs.clear()
    predictor = Predictor(engine, classes=CLASSES, batch_size=4)
    photographs = [predictor.load(image) for image in images]
    answered = [predictor.finish(one) for one in predictor.answer(photographs)]
    for image, seen in zip(images, answered, strict=True):
        np.testing.assert_array_equal(seen.ids, image.argmax(-1))
    assert runs == [2] * -(-count // 2)


def test_another_size_than_the_files(path):
    assert Predictor(path, size=SIZE).size == SIZE
    message = r"colours\.onnx takes 64x96 only, not 96x64"
    with pytest.raises(ValueError, match=message):
        Predictor(path, size=(96, 64))
    with pytest.raises(ValueError, match=message):
        FileEngine(open_runtime(path))(random_images(1, (96, 64)))


def test_a_file_of_others_is_not_guessed_at(tmp_path):
    path = write_onnx(tmp_path / "a.onnx")
    with pytest.raises(ValueError, match=r"a\.onnx does not say what its classes are"):
        Predictor(path, classes=CLASSES)


def test_classes_of_another_number(path):
    with pytest.raises(ValueError, match="knows 3 classes, and camvid11 has 11"):
        Predictor(path, classes="camvid11")


@pytest.mark.parametrize("kind", ["onnx", "litert", "openvino", "saved_model"])
def test_the_command_writes_what_it_sees(kind, tmp_path, capfd):
    library = {"litert": "ai_edge_litert", "saved_model": "tensorflow"}
    pytest.importorskip(library.get(kind, kind))
    path = write(kind, tmp_path / "file", colour_facts())
    seal(path)
    ids = np.full(SIZE, RED)
    ids[:, 50:] = BLUE
    Image.fromarray(picture(ids)).save(tmp_path / "photo.png")
    out = tmp_path / "seen"
    arguments = ["predict", path, tmp_path / "photo.png", "--out", out, "--confidence"]
    capfd.readouterr()
    assert main(list(map(str, arguments))) == 0
    written = capfd.readouterr()
    assert written.out.startswith("1 image\n") and written.err == ""
    with Image.open(out / "photo.png") as seen:
        np.testing.assert_array_equal(seen, ids)
    with Image.open(out / "photo.confidence.png") as seen:
        np.testing.assert_array_equal(seen, picture(ids).max(-1))


def test_a_damaged_file_is_one_sentence(path, tmp_path, capsys):
    seal(path)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    Image.fromarray(picture(np.full(SIZE, RED))).save(tmp_path / "photo.png")
    arguments = ["predict", path, tmp_path / "photo.png", "--out", tmp_path / "seen"]
    assert main(list(map(str, arguments))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"segnet predict: {path}: damaged, or changed since it was")
    assert not (tmp_path / "seen").exists()


def test_nothing_slow_is_imported(path, tmp_path):
    Image.fromarray(picture(np.full((300, 200), RED))).save(tmp_path / "photo.jpg")
    code = (
        "import sys\n"
        "from segnet.cli import main\n"
        "status = main(sys.argv[1:])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
        "sys.exit(status)"
    )
    arguments = [path, tmp_path / "photo.jpg", "--out", tmp_path / "seen", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, "predict", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {"onnxruntime", "numpy", "PIL"} <= loaded
    assert not loaded & SLOW
    assert (tmp_path / "seen" / "photo.overlay.jpg").is_file()
