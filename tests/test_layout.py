"""The house's own rules: what imports what, and one list of dependencies."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "Code" / "segnet"
BACKENDS = {"tensorflow", "jax", "torch"}
BELOW_DATA = {"numpy", "h5py", "PIL", "tqdm", "segnet"}


def modules_after(code: str) -> set[str]:
    """Top-level modules loaded once a fresh interpreter ran `code`."""
    script = f"{code}\nimport sys\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "Code"), "PATH": ""},
    )
    return set(done.stdout.split())


def imports_of(path: Path) -> set[str]:
    """Top-level names of every import statement of a file, at any depth."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    "code",
    [
        "import segnet",
        "import segnet.classes, segnet.data, segnet.data.prepare, segnet.scenes",
        "import segnet.check, segnet.fetch, segnet.system",
        "import segnet.cli, segnet.recipes",
    ],
)
def test_light_imports_pull_in_no_framework(code):
    assert not modules_after(code) & {"keras", "matplotlib", *BACKENDS}


def test_the_import_check_can_fail():
    assert "keras" in modules_after("import keras")


def test_package_speaks_only_keras():
    speakers = {
        path.relative_to(PACKAGE).as_posix(): imports_of(path) & BACKENDS
        for path in PACKAGE.rglob("*.py")
        if imports_of(path) & BACKENDS
    }
    # A kernel that Keras has no name for, loaded by `--kernels fast` alone.
    assert speakers == {"train/kernels_tensorflow.py": {"tensorflow"}}


def test_data_needs_only_numpy_h5py_pillow_and_tqdm():
    allowed = BELOW_DATA | set(sys.stdlib_module_names)
    rooms = ("data", "classes", "system", "fetch", "scenes", "check")
    files = [path for room in rooms for path in (PACKAGE / room).rglob("*.py")]
    offenders = {p.name: imports_of(p) - allowed for p in files}
    assert {name: extra for name, extra in offenders.items() if extra} == {}


def test_import_prints_nothing():
    done = subprocess.run(
        [sys.executable, "-c", "import segnet"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "Code")},
    )
    assert done.stdout + done.stderr == ""


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_environment_installs_the_list_of_pyproject():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    entries = [line.strip()[2:] for line in lines if line.strip().startswith("- ")]
    conda = {e for e in entries if not e.startswith(("-e", "pip:"))}
    assert conda == {"conda-forge", "python=3.11", "pip"}
    (editable,) = [e for e in entries if e.startswith("-e")]
    extras = editable.removeprefix("-e .[").removesuffix("]").split(",")
    assert set(extras) <= set(project()["optional-dependencies"])


def test_lock_pins_every_dependency_inside_its_range():
    pins = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if line and not line.startswith(("#", " ")):
            pin = Requirement(line)
            pins.setdefault(canonicalize_name(pin.name), []).append(pin.specifier)
    extras = project()["optional-dependencies"]
    for text in [*project()["dependencies"], *extras["notebook"], *extras["dev"]]:
        wanted = Requirement(text)
        for pin in pins[canonicalize_name(wanted.name)]:
            (exact,) = pin
            assert exact.operator == "=="
            assert wanted.specifier.contains(exact.version), text
