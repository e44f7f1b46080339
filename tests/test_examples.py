"""docs/examples: a photograph in, an overlay out, with one runtime alone."""

import ast
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.colour_network import CLASSES, COLOURS, picture
from helpers.exported import WRITERS, colour_facts, write
from test_orientation import exif

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
# Format -> example and the package that it imports.
RUNTIMES = {
    "onnx": ("onnx_runtime.py", "onnxruntime"),
    "litert": ("litert.py", "ai_edge_litert"),
    "openvino": ("openvino_runtime.py", "openvino"),
    "saved_model": ("saved_model.py", "tensorflow"),
}
IDS = np.array([[0, 1], [1, 2]])


def needs(*packages: str) -> None:
    for package in packages:
        pytest.importorskip(package, reason=f"{package} is optional")


def mixed(ids) -> np.ndarray:
    """Returns half the photograph and half the colours of the classes."""
    return (picture(ids).astype(float) + np.array(CLASSES.colours)[ids]) / 2


@pytest.mark.parametrize("kind", WRITERS)
def test_an_example_lays_the_classes_over_a_photograph(kind, tmp_path):
    file, package = RUNTIMES[kind]
    # OpenVINO and LiteRT files are made from those of the others.
    needs(package, "onnx", "tensorflow")
    model = write(kind, tmp_path / "model", colour_facts())
    # Stored on its side: orientation 6 turns it clockwise.
    photograph = tmp_path / "photo.png"
    Image.fromarray(picture(IDS.repeat(40, 0).repeat(40, 1))).save(
        photograph, exif=exif(6)
    )
    command = [sys.executable, EXAMPLES / file, model, photograph, tmp_path / "out.png"]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    shown = [line.split() for line in done.stdout.splitlines()]
    assert shown == [["red", "25.0%"], ["green", "50.0%"], ["blue", "25.0%"]]
    overlay = np.asarray(Image.open(tmp_path / "out.png"))
    assert overlay.shape == (80, 80, 3)
    upright = np.rot90(IDS, -1)
    assert np.abs(overlay[20::40, 20::40] - mixed(upright)).max() <= 1


@pytest.mark.parametrize("kind", WRITERS)
def test_an_example_is_short_and_needs_one_runtime(kind):
    file, package = RUNTIMES[kind]
    text = (EXAMPLES / file).read_text()
    tree = ast.parse(text)
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {package, "numpy", "PIL"}
    code = [line for line in text.splitlines() if line.strip()]
    assert len(code) <= 30


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """The example in C++, compiled."""
    if find_spec("openvino") is None or not all(map(shutil.which, ("cmake", "c++"))):
        pytest.skip("needs OpenVINO, cmake and a compiler for C++")
    from openvino.utils import get_cmake_path

    build = tmp_path_factory.mktemp("build")
    for command in (
        ["cmake", "-S", EXAMPLES, "-B", build, f"-DOpenVINO_DIR={get_cmake_path()}"],
        ["cmake", "--build", build],
    ):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stderr
    return build / "openvino_runtime"


def run(program: Path, *words) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*map(str, (program, *words))], capture_output=True, text=True
    )


def test_the_example_in_cpp_lays_the_classes_over_a_photograph(program, tmp_path):
    needs("onnx")
    model = write("openvino", tmp_path / "model", colour_facts())
    photograph, out = tmp_path / "photo.ppm", tmp_path / "out.ppm"
    # Odd, so that no row is a whole number of the network's.
    ids = IDS.repeat(41, 0).repeat(43, 1)
    Image.fromarray(picture(ids)).save(photograph)
    done = run(program, model, photograph, out)
    assert (done.returncode, done.stderr) == (0, "")
    overlay = np.asarray(Image.open(out))
    assert overlay.shape == (82, 86, 3)
    assert np.abs(overlay[20::41, 21::43] - mixed(IDS)).max() <= 1


def test_the_example_in_cpp_says_what_is_wrong(program, tmp_path):
    needs("onnx")
    model = write("openvino", tmp_path / "model", colour_facts())
    whole = tmp_path / "photo.ppm"
    Image.fromarray(COLOURS[None].repeat(2, 0)).save(whole)
    for name, content, words in (
        ("cut.ppm", whole.read_bytes()[:-1], "ends too early"),
        ("huge.ppm", b"P6 4000000000 4000000000 255\n", "no binary PPM"),
        ("photo.png", b"\x89PNG", "no binary PPM of 8 bits"),
    ):
        (tmp_path / name).write_bytes(content)
        done = run(program, model, tmp_path / name, tmp_path / "out.ppm")
        assert done.returncode == 1
        assert done.stderr.strip().endswith(words) or words in done.stderr
        assert len(done.stderr.splitlines()) == 1
    bare = write("openvino", tmp_path / "bare")
    done = run(program, bare, whole, tmp_path / "out.ppm")
    assert "no facts; segnet export writes them" in done.stderr
