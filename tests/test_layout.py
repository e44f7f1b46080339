"""The rules of the layout: imports, sizes, and one list of dependencies.

`experiments/import_graph.py` reads the graph and holds the list of floors. Each rule
has a counter-test: a copy of the package with one offending line, which it must find.
"""

import ast
import re
import subprocess
import sys
import tomllib
from itertools import takewhile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "experiments"))

sys.path.insert(0, str(ROOT / "docs" / "make"))

from how_it_works import FILES, ROOMS, SVG  # noqa: E402
from import_graph import FLOORS, Graph, read_module, read_package  # noqa: E402
from map import (  # noqa: E402
    CONTRIBUTING,
    HOW_IT_WORKS,
    README,
    inner_rooms,
    pages,
    rooms,
    what_is_where,
)

PACKAGE = ROOT / "Code" / "segnet"
BACKENDS = {"tensorflow", "jax", "torch"}
KERNELS = {
    "segnet.train.kernels_tensorflow": {"tensorflow"},
    # The converters of every file format read TensorFlow's graphs.
    "segnet.export.function": {"tensorflow"},
    "segnet.runtimes.saved_model": {"tensorflow"},
}
# These rooms never make a user wait for Keras: importing them loads nothing else.
KERAS_FREE = {
    "classes",
    "system",
    "fetch",
    "scenes",
    "data",
    "check",
    "report",
    "predict",
    "runtimes",
    "recipe",
    "recipes",
    "scores",
    "compare",
    "cli",
}
LIGHT = {"numpy", "h5py", "PIL", "tqdm", "jinja2", "urllib3"}
AT_THE_ROOT = {"__init__", "__main__", "metrics", "recipe", "recipes"}
FILES_OF_A_ROOM = range(3, 21)
LINES_OF_A_FILE = 320
LINES_OF_A_FUNCTION = 60
# Packages that a few functions import when they are called -> the rooms of these.
LATE = {
    "scipy": {"scores", "compare"},
    "matplotlib": {"pictures"},
    "yaml": {"data"},
}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return read_package(PACKAGE)


@pytest.fixture
def spoiled(tmp_path, graph):
    """Returns the graph of the package with text added to a few of its files."""

    def spoil(added: dict[str, str]) -> Graph:
        modules = dict(graph.modules)
        for file, text in added.items():
            old, new = PACKAGE / file, tmp_path / "segnet" / file
            new.parent.mkdir(parents=True, exist_ok=True)
            before = old.read_text(encoding="utf-8") if old.exists() else ""
            new.write_text(f"{before}\n{text}\n", encoding="utf-8")
            module = read_module(new, tmp_path / "segnet")
            modules[module.name] = module
        return Graph(modules)

    return spoil


def keras_free(graph: Graph) -> list[str]:
    return [name for name, m in graph.modules.items() if m.room in KERAS_FREE]


def heavy_chains(graph: Graph) -> dict[str, str]:
    """Returns module of the Keras-free half -> the chain that loads a heavy package."""
    found = {}
    for name in keras_free(graph):
        for loaded, chain in graph.loaded(name).items():
            for heavy in graph.outside(loaded) - LIGHT:
                found.setdefault(name, " -> ".join([*chain, heavy]))
    return found


def test_importing_the_keras_free_half_loads_nothing_heavy(graph):
    assert heavy_chains(graph) == {}


@pytest.mark.parametrize(
    "file", ["data/vkitti.py", "data/batches/sampling.py", "check/rules.py"]
)
def test_a_heavy_import_anywhere_in_the_half_is_found(spoiled, file):
    found = heavy_chains(spoiled({file: "from segnet.train import train"}))
    name = "segnet." + file.removesuffix(".py").replace("/", ".")
    assert found[name].startswith(f"{name} -> segnet.train -> segnet.train.training")


def test_a_heavy_import_of_an_init_reaches_every_file_below_it(spoiled):
    found = heavy_chains(spoiled({"data/__init__.py": "import keras"}))
    chain = found["segnet.data.store.reading"]
    assert chain == "segnet.data.store.reading -> segnet.data -> keras"


def modules_after(code: str) -> set[str]:
    """Returns the top-level modules loaded after a fresh interpreter ran `code`."""
    script = f"{code}\nimport sys\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "Code"), "PATH": ""},
    )
    return set(done.stdout.split())


def test_an_interpreter_that_imports_the_half_has_no_framework(graph):
    found = modules_after("\n".join(f"import {name}" for name in keras_free(graph)))
    assert not found & {"keras", "matplotlib", *BACKENDS}


def test_an_interpreter_that_imports_keras_has_it():
    assert "keras" in modules_after("import keras")


def heavy_anywhere(graph: Graph) -> dict[str, set[str]]:
    """Returns module of the half -> heavy packages that even its functions import."""
    # Work with a network is done by functions of these.
    work = {"predict", "runtimes", "report", "cli"}
    names = [n for n in keras_free(graph) if graph.modules[n].room not in work]
    found = {n: graph.outside(n, lazy=True) - LIGHT - LATE.keys() for n in names}
    return {name: heavy for name, heavy in found.items() if heavy}


def test_work_with_data_needs_only_light_packages(graph):
    assert heavy_anywhere(graph) == {}


def test_a_heavy_import_inside_a_function_is_found(spoiled):
    graph = spoiled({"data/kitti.py": "def late():\n    import torch"})
    assert heavy_anywhere(graph) == {"segnet.data.kitti": {"torch"}}
    assert heavy_chains(graph) == {}


def late_rooms(graph: Graph) -> dict[str, set[str]]:
    """Returns package of `LATE` -> the rooms that import it anywhere."""
    found: dict[str, set[str]] = {package: set() for package in LATE}
    for name, module in graph.modules.items():
        for package in graph.outside(name, lazy=True) & LATE.keys():
            found[package].add(module.room)
    return found


def test_scipy_and_matplotlib_stay_in_their_rooms(graph):
    assert late_rooms(graph) == LATE


def test_a_picture_drawn_elsewhere_is_found(spoiled):
    late = "def late():\n    import matplotlib.pyplot"
    found = late_rooms(spoiled({"check/page.py": late}))
    assert found["matplotlib"] == {"check", "pictures"}


def backends_named(graph: Graph) -> dict[str, set[str]]:
    found = {n: graph.outside(n, lazy=True) & BACKENDS for n in graph.modules}
    return {name: backends for name, backends in found.items() if backends}


def test_package_speaks_only_keras(graph):
    # A kernel that Keras has no name for, loaded by `--kernels fast` alone; what turns
    # a network into a graph for a converter; and the runtime of SavedModels.
    assert backends_named(graph) == KERNELS


def test_a_backend_is_found(spoiled):
    graph = spoiled({"losses/lovasz.py": "from tensorflow.nn import softmax"})
    spoilt = {"segnet.losses.lovasz": {"tensorflow"}}
    assert backends_named(graph) == KERNELS | spoilt


def test_imports_go_down(graph):
    assert graph.without_floor() == []
    assert graph.upward() == []


def test_every_floor_has_its_rooms(graph):
    there = {module.room for module in graph.modules.values()}
    assert {room for rooms in FLOORS for room in rooms} == there - {""}


@pytest.mark.parametrize(
    "line",
    ["import segnet.train.pair", "def late():\n    from segnet.train import train"],
)
def test_an_import_upwards_is_found(spoiled, line):
    found = spoiled({"models/slim.py": line}).upward()
    assert {name for name, _ in found} == {"segnet.models.slim"}


def test_an_import_of_a_room_on_the_same_floor_is_found(spoiled):
    found = spoiled({"losses/lovasz.py": "from segnet.metrics import iou"}).upward()
    assert ("segnet.losses.lovasz", "segnet.metrics") in found


def test_a_room_without_a_floor_is_found(spoiled):
    assert spoiled({"attic/box.py": "A = 1"}).without_floor() == ["attic"]


def test_imports_run_in_no_circle(graph):
    assert graph.file_circles(lazy=True) == []
    assert graph.room_circles(lazy=True) == []


def test_a_circle_is_found(spoiled):
    graph = spoiled({"data/images.py": "import segnet.data.camvid"})
    assert graph.file_circles() == [["segnet.data.camvid", "segnet.data.images"]]
    late = "def late():\n    import segnet.recipes"
    graph = spoiled({"recipe.py": late})
    assert graph.file_circles() == []
    assert graph.file_circles(lazy=True) == [["segnet.recipe", "segnet.recipes"]]
    assert ["recipe", "recipes"] in graph.room_circles(lazy=True)


def test_the_root_holds_what_has_no_room(graph):
    assert {module.path.stem for module in graph.folders()[""]} == AT_THE_ROOT


def crowded(graph: Graph) -> dict[str, int]:
    sizes = {name: len(files) for name, files in graph.folders().items() if name}
    return {n: size for n, size in sizes.items() if size not in FILES_OF_A_ROOM}


def test_rooms_have_3_to_20_files(graph):
    assert crowded(graph) == {}
    assert all(graph.modules.get(f"segnet.{name}") for name in graph.folders() if name)


def test_a_small_and_a_large_room_are_found(spoiled):
    boxes = {f"attic/box_{number}.py": "A = 1" for number in range(21)}
    graph = spoiled(boxes | {"cellar/box.py": "A = 1"})
    assert {"attic": 21, "cellar": 1}.items() <= crowded(graph).items()


def too_long(graph: Graph) -> set[str]:
    found = {n for n, m in graph.modules.items() if m.lines > LINES_OF_A_FILE}
    for name, module in graph.modules.items():
        long = (f for lines, f in module.functions if lines > LINES_OF_A_FUNCTION)
        found |= {f"{name}.{function}" for function in long}
    return found


def test_files_and_functions_are_short(graph):
    assert too_long(graph) == set()


def test_a_long_file_and_a_long_function_are_found(spoiled):
    body = "    a = 1\n"
    graph = spoiled(
        {
            "data/kitti.py": f"def long():\n{60 * body}",
            "data/camvid.py": f"def fits():\n{59 * body}",
            "data/city.py": 320 * "#\n",
        }
    )
    assert too_long(graph) == {"segnet.data.kitti.long", "segnet.data.city"}


def test_map_and_floors_are_made_of_the_rooms_own_sentences():
    # After a new folder or another first line: python docs/make/map.py
    for page, text in pages().items():
        assert page.read_text(encoding="utf-8") == text
    assert "| [data/](Code/segnet/data/) | Readers" in pages()[README]
    inner = "| [data/store/](../Code/segnet/data/store/) | The store"
    assert inner in pages()[HOW_IT_WORKS]


def places(text: str) -> list[tuple[str, str]]:
    """Returns file and name of each answer to "where is it?"."""
    return re.findall(r"`([a-z_/]+\.py)`, `(\w+)`", text)


def test_the_answers_of_contributing_are_right(graph):
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    (light,) = re.findall(r"\n\n([^\n]*(?:\n[^\n]+)*?) load no\s+Keras", text)
    assert set(re.findall(r"`(\w+)`", light)) == KERAS_FREE
    assert len(places(text)) == 6
    for file, name in places(text):
        tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
        assert name in {getattr(node, "name", None) for node in tree.body}, file


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("shipped weights", "models/"),
        ("from colours to ids", "classes/"),
        ("learning rate", "recipe.py"),
        ("ONNX", "export/"),
        ("crops", "data/batches/"),
    ],
)
def test_the_maps_alone_lead_to_each_answer(word, place):
    both = f"{what_is_where()}\n{inner_rooms()}"
    rows = [row for row in both.splitlines() if word in row]
    (row,) = (row for row in rows if f"[{place}]" in row)
    answers = [file for file, _ in places(CONTRIBUTING.read_text(encoding="utf-8"))]
    assert any(file.startswith(place) for file in answers), row


def test_the_drawing_shows_every_room(graph):
    # After a new folder: an entry in docs/make/how_it_works.py, and run it
    drawn = {name.partition("/")[0] for name in ROOMS}
    there = {module.room for module in graph.modules.values()} - {""}
    assert there - drawn == {"cli", "recipes", "__main__"}
    text = SVG.read_text(encoding="utf-8")
    assert all(f">{name}</text>" in text for name in (ROOMS | FILES))


def test_a_room_that_opens_with_no_sentence_is_refused(tmp_path):
    room = tmp_path / "attic" / "__init__.py"
    room.parent.mkdir()
    room.write_text('"""Boxes."""\n')
    assert rooms(tmp_path) == {"attic/": "Boxes."}
    for text in ("", '"""Boxes"""', '"""Boxes and\nold chairs."""'):
        room.write_text(text)
        with pytest.raises(ValueError, match="attic.*open with a line of one sentence"):
            rooms(tmp_path)


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
    locked = (*extras["notebook"], *extras["export"], *extras["dev"])
    for text in [*project()["dependencies"], *locked]:
        wanted = Requirement(text)
        for pin in pins[canonicalize_name(wanted.name)]:
            (exact,) = pin
            assert exact.operator == "=="
            assert wanted.specifier.contains(exact.version), text


def recipe_of(target: str) -> tuple[list[str], list[str]]:
    """Returns the prerequisites and the commands of a Makefile target."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    start = next(i for i, text in enumerate(lines) if text.startswith(f"{target}:"))
    following = takewhile(lambda text: text.startswith("\t"), lines[start + 1 :])
    return lines[start].split()[1:], [text.strip() for text in following]


def test_hooks_run_the_parts_of_make_lint():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    parts, commands = recipe_of("lint")
    assert commands == []
    assert re.findall(r"entry: make (.*)", hooks) == parts
    assert [recipe_of(part)[1] for part in parts][:2] == [
        ["$(VENV)/bin/ruff check ."],
        ["$(VENV)/bin/ruff format --check ."],
    ]


def test_ci_runs_the_commands_of_the_readme():
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    commands = re.findall(r"- run: (.*)", workflow)
    assert commands == ["make lint", "make test", "make run PRESET=smoke"]
    text = README.read_text()
    assert all(command.split(" PRESET")[0] in text for command in commands[1:])
