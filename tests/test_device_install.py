"""The install for a device: a clean environment that predicts without Keras."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

from helpers.colour_network import BLUE, RED, picture
from helpers.exported import SIZE, colour_facts, write_litert, write_onnx
from segnet.runtimes.seal import seal

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "docs" / "examples" / "requirements-device.txt"
# What pip says when it does not reach the index.
UNREACHABLE = ("NewConnectionError", "NameResolutionError", "Retrying")
ABSENT = ("keras", "tensorflow", "h5py", "scipy", "matplotlib", "jinja2", "urllib3")


def requirements() -> list[str]:
    lines = REQUIREMENTS.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_it_asks_for_what_the_full_install_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["export"]
    assert set(requirements()) <= {*project["dependencies"], *extra}
    assert {Requirement(line).name for line in requirements()} == {
        *("numpy", "pillow", "tqdm", "onnxruntime")
    }
    # The comment names the other runtimes as the extra does.
    text = REQUIREMENTS.read_text()
    assert all(line in text for line in extra if line.startswith(("ai-", "openvino")))


def run(*command, cwd) -> subprocess.CompletedProcess:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=clean, cwd=cwd
    )


@pytest.fixture(scope="module")
def device(tmp_path_factory):
    """The Python of an environment with the device install, and its folder."""
    pytest.importorskip("onnx")
    folder = tmp_path_factory.mktemp("device")
    venv.create(folder / "venv", with_pip=True)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    python = folder / "venv" / scripts / "python"
    # A copy, since a build leaves folders in its source.
    tree = folder / "tree"
    shutil.copytree(
        ROOT / "Code", tree / "Code", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    pip_install(python, "-r", REQUIREMENTS, cwd=folder)
    pip_install(python, "--no-deps", tree, cwd=folder)
    return python, folder


def pip_install(python, *arguments, cwd):
    quick = ("--retries", "1", "--timeout", "15", "--disable-pip-version-check")
    done = run(python, "-m", "pip", "install", *quick, *arguments, cwd=cwd)
    if done.returncode and any(text in done.stderr for text in UNREACHABLE):
        pytest.skip("the package index is not reachable")
    assert done.returncode == 0, done.stderr


def predicts(device, path) -> None:
    """Checks what the installed command sees in a photograph, red and blue."""
    python, folder = device
    ids = np.full(SIZE, RED)
    ids[:, 50:] = BLUE
    Image.fromarray(picture(ids)).save(folder / "photo.png")
    out = folder / f"seen_{path.suffix[1:]}"
    command = ("predict", path, folder / "photo.png", "--out", out, "--json")
    done = run(python, "-m", "segnet", *command, cwd=folder)
    assert done.returncode == 0, done.stderr
    with Image.open(out / "photo.png") as seen:
        np.testing.assert_array_equal(seen, ids)
    assert (out / "photo.overlay.jpg").is_file() and (out / "photo.json").is_file()


def lacks(device, names) -> None:
    python, folder = device
    code = "import importlib.util as u, sys; print(*filter(u.find_spec, sys.argv[1:]))"
    done = run(python, "-c", code, *names, "segnet", cwd=folder)
    assert done.stdout.split() == ["segnet"], done.stderr


def test_onnx_is_predicted_without_keras(device):
    path = write_onnx(device[1] / "colours.onnx", colour_facts())
    seal(path)
    lacks(device, ABSENT)
    predicts(device, path)


def test_a_runtime_that_is_missing_is_named(device):
    python, folder = device
    (folder / "a.xml").write_text("<net/>")
    command = ("predict", "a.xml", folder / "photo.png", "--out", "seen")
    done = run(python, "-m", "segnet", *command, cwd=folder)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("segnet predict: a.xml needs openvino, which is not inst")
    assert "pip install openvino" in line


def test_litert_is_predicted_without_tensorflow(device):
    pytest.importorskip("ai_edge_litert")
    python, folder = device
    path = write_litert(folder / "colours.tflite", colour_facts())
    pip_install(python, "ai-edge-litert", cwd=folder)
    lacks(device, ABSENT)
    predicts(device, path)
