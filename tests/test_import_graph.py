"""The import graph of a small package with known edges."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments"))

import import_graph  # noqa: E402

FILES = {
    "__init__.py": "",
    "top.py": "import pack.room",
    "room/__init__.py": "from pack.room.first import one",
    "room/first.py": "import os, numpy\nfrom .second import two\none = two",
    "room/second.py": """
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pack import top
try:
    import h5py
except ImportError:
    h5py = None

@property
def two():
    from . import first
    return first
""",
}


@pytest.fixture
def package(tmp_path):
    package = tmp_path / "Code" / "pack"
    for name, text in FILES.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    return package


def test_edges_eager_and_lazy(package):
    graph = import_graph.read_package(package)
    assert graph.eager == {
        "pack": set(),
        "pack.top": {"pack.room"},
        "pack.room": {"pack.room.first"},
        "pack.room.first": {"pack.room.second"},
        "pack.room.second": set(),
    }
    assert graph.every["pack.room.second"] == {"pack.top", "pack.room.first"}


def test_other_packages_are_named_without_the_standard_library(package):
    graph = import_graph.read_package(package)
    assert graph.outside("pack.room.first") == {"numpy"}
    assert graph.outside("pack.room.second") == {"h5py"}


def test_loading_a_file_executes_the_inits_above_it(package):
    loaded = import_graph.read_package(package).loaded("pack.room.second")
    assert loaded == {
        "pack.room.second": ("pack.room.second",),
        "pack": ("pack.room.second", "pack"),
        "pack.room": ("pack.room.second", "pack.room"),
        "pack.room.first": ("pack.room.second", "pack.room", "pack.room.first"),
    }


def test_circles_with_and_without_lazy_imports(package):
    graph = import_graph.read_package(package)
    assert graph.file_circles() == []
    room = ["pack.room", "pack.room.first", "pack.room.second", "pack.top"]
    assert graph.file_circles(lazy=True) == [room]
    assert graph.room_circles(lazy=True) == [["room", "top"]]


def test_circles_are_groups_that_reach_each_other():
    edges = {"a": "b", "b": "cd", "c": "a", "d": "e", "e": "d", "f": "a"}
    assert import_graph.circles(edges) == [["a", "b", "c"], ["d", "e"]]


def test_sizes_and_places(package):
    graph = import_graph.read_package(package)
    second = graph.modules["pack.room.second"]
    assert (second.lines, second.functions) == (14, ((4, "two"),))
    assert {n: len(files) for n, files in graph.folders().items()} == {"": 2, "room": 3}
    assert graph.without_floor() == ["room", "top"]


def test_the_report_names_the_largest(package):
    lines = import_graph.report(import_graph.read_package(package)).splitlines()
    assert "longest file         pack.room.second: 14 lines" in lines
    assert "longest function     pack.room.second.two: 4 lines" in lines
    assert "imports              3 inside the package, 2 more are lazy" in lines


def test_a_folder_without_a_package_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no package here; name a checkout's"):
        import_graph.read_package(tmp_path)
