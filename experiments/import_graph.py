"""Prints the structure of the package: rooms, floors, import cycles, sizes.

    python experiments/import_graph.py [ROOT]

Reads the syntax tree of every file and imports none, so any checkout can be
measured (`git worktree add ../before 1c09d7b`). A room is a folder of the package;
a module at the root is a room of its own. Imports inside functions and under
`if TYPE_CHECKING` are lazy and counted separately.
"""

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

# Low to high. A file imports from its own room and from lower floors.
FLOORS = (
    ("system", "recipe"),
    ("classes", "recipes", "metrics", "losses", "scores", "report"),
    ("fetch", "scenes", "data"),
    ("models",),
    ("pictures", "runtimes"),
    ("check", "runs"),
    ("predict", "compare"),
    ("evaluate", "export"),
    ("train",),
    ("bench", "demo"),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS, 1) for room in rooms}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """One file of the package, described by its syntax tree.

    Args:
        name: Dotted, with the package: "segnet.data.store" for its `__init__.py`.
        path: The file.
        lines: Number of lines.
        eager: Dotted names imported when the file is imported.
        lazy: Dotted names that only its functions or a type checker import.
        functions: (lines, name) of each function, docstring and decorators included.
    """

    name: str
    path: Path
    lines: int
    eager: frozenset[str]
    lazy: frozenset[str]
    functions: tuple[tuple[int, str], ...]

    @property
    def folder(self) -> str:
        """The smallest room: "data.store", "metrics" at the root, "" for the root."""
        parts = self.name.split(".")[1:]
        is_file = self.path.name != "__init__.py" and len(parts) > 1
        return ".".join(parts[:-1] if is_file else parts)

    @property
    def at_root(self) -> bool:
        """Whether the file is at the root, beside the folders."""
        return self.name.count(".") == (0 if self.path.name == "__init__.py" else 1)

    @property
    def room(self) -> str:
        """The room that has a floor: "data" for everything below data."""
        return self.folder.partition(".")[0]


@dataclass(frozen=True)
class Graph:
    """All files of a package by their dotted names, and the imports between them."""

    modules: Mapping[str, Module] = field(repr=False)

    @cached_property
    def eager(self) -> dict[str, set[str]]:
        """Module -> the modules that its import statements outside functions name."""
        return {name: self._known(m.eager) for name, m in self.modules.items()}

    @cached_property
    def every(self) -> dict[str, set[str]]:
        """As `eager`, including the lazy imports."""
        both = {name: m.eager | m.lazy for name, m in self.modules.items()}
        return {name: self._known(imports) for name, imports in both.items()}

    def _known(self, imports: Iterable[str]) -> set[str]:
        found = (self._module(name) for name in imports)
        return {name for name in found if name}

    def _module(self, imported: str) -> str | None:
        """Returns the file of a dotted name, which may end in a name defined there."""
        while imported and imported not in self.modules:
            imported = imported.rpartition(".")[0]
        return imported or None

    def outside(self, name: str, lazy: bool = False) -> set[str]:
        """Returns the top-level names of other packages that a file imports."""
        module = self.modules[name]
        imports = module.eager | module.lazy if lazy else module.eager
        tops = {imported.partition(".")[0] for imported in imports}
        return tops - {name.partition(".")[0]} - set(sys.stdlib_module_names)

    def loaded(self, name: str) -> dict[str, tuple[str, ...]]:
        """Returns every module executed by importing one -> the chain that leads to it.

        A package's `__init__` is executed before anything inside it.
        """
        chains: dict[str, tuple[str, ...]] = {}
        waiting = [(name,)]
        while waiting:
            chain = waiting.pop(0)
            *_, last = chain
            if last not in chains:
                chains[last] = chain
                following = sorted(self.eager[last] | self._parents(last))
                waiting += [(*chain, module) for module in following]
        return chains

    def _parents(self, name: str) -> set[str]:
        parts = name.split(".")
        above = (".".join(parts[:end]) for end in range(1, len(parts)))
        return {parent for parent in above if parent in self.modules}

    def upward(self) -> list[tuple[str, str]]:
        """Returns imports, lazy ones included, of rooms not on a lower floor."""
        return sorted(
            (name, imported)
            for name, imports in self.every.items()
            for imported in imports
            if not self._may(self.modules[name].room, self.modules[imported].room)
        )

    @staticmethod
    def _may(room: str, imported: str) -> bool:
        # Every import executes the root's `__init__`, which therefore imports nothing.
        if room == imported or imported == "":
            return True
        if room not in FLOOR or imported not in FLOOR:
            return room != ""  # without_floor() lists them
        return FLOOR[imported] < FLOOR[room]

    def without_floor(self) -> list[str]:
        """Returns the rooms that FLOORS does not list."""
        return sorted({m.room for m in self.modules.values()} - {"", *FLOOR})

    def file_circles(self, lazy: bool = False) -> list[list[str]]:
        """Returns groups of files that import each other, each group as a list."""
        return circles(self.every if lazy else self.eager)

    def room_circles(self, lazy: bool = False) -> list[list[str]]:
        """Returns groups of rooms (folders of files) that import each other."""
        edges: dict[str, set[str]] = {}
        for name, imports in (self.every if lazy else self.eager).items():
            room = self.modules[name].room
            rooms = {self.modules[imported].room for imported in imports}
            edges.setdefault(room, set()).update(rooms - {room, ""})
        return circles(edges)

    def folders(self) -> dict[str, list[Module]]:
        """Returns folder -> its files; the files at the root are listed under ""."""
        found: dict[str, list[Module]] = {}
        for _, module in sorted(self.modules.items()):
            found.setdefault("" if module.at_root else module.folder, []).append(module)
        return dict(sorted(found.items()))


def read_package(package: Path) -> Graph:
    """Reads the import graph of a package.

    Args:
        package: Folder of the package, for example Code/segnet.

    Raises:
        FileNotFoundError: The folder holds no package.
    """
    if not (package / "__init__.py").is_file():
        raise FileNotFoundError(f"{package}: no package here; name a checkout's root")
    paths = sorted(package.rglob("*.py"))
    found = (read_module(path, package) for path in paths)
    return Graph({module.name: module for module in found})


def read_module(path: Path, package: Path) -> Module:
    """Reads one file of the package in the folder `package`."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    parts = path.relative_to(package.parent).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    base = name if is_package else name.rpartition(".")[0]
    eager = set(_imports(_executed(tree), base))
    functions = (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))
    return Module(
        name=name,
        path=path,
        lines=len(text.splitlines()),
        eager=frozenset(eager),
        lazy=frozenset(set(_imports(ast.walk(tree), base)) - eager),
        functions=tuple((_length(node), node.name) for node in functions),
    )


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes executed when a file is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _executed(child)


def _imports(nodes: Iterable[ast.AST], base: str) -> Iterator[str]:
    """Yields dotted names in import statements; a leading dot stands for `base`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = base.split(".")[: len(base.split(".")) - node.level + 1]
            start = [*(parents if node.level else []), *filter(None, [node.module])]
            yield from (".".join([*start, alias.name]) for alias in node.names)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return node.end_lineno - first + 1


def circles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Returns the strongly connected components of more than one node."""
    reach = {node: _reached(edges, node) for node in edges}
    found = {
        frozenset(n for n in reach[node] if node in reach.get(n, ())) for node in edges
    }
    return sorted(sorted(group) for group in found if len(group) > 1)


def _reached(edges: Mapping[str, Iterable[str]], start: str) -> set[str]:
    reached, waiting = set(), list(edges[start])
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += edges.get(node, ())
    return reached


def report(graph: Graph) -> str:
    """Returns the figures as lines of text."""
    modules = graph.modules.values()
    functions = [
        (lines, f"{m.name}.{name}") for m in modules for lines, name in m.functions
    ]
    longest = max(modules, key=lambda m: m.lines)
    folders = graph.folders()
    inner = {name: files for name, files in folders.items() if name}
    biggest = max(inner, key=lambda name: len(inner[name]))
    eager = sum(map(len, graph.eager.values()))
    lazy = sum(map(len, graph.every.values())) - eager
    lines = [f"{'room':20} {'floor':>5} {'files':>5} {'lines':>6}"]
    for name, files in folders.items():
        floor = FLOOR.get(name.partition(".")[0], "-")
        total = sum(m.lines for m in files)
        lines.append(f"{name or '(root)':20} {floor:>5} {len(files):>5} {total:>6}")
    lines += [
        "",
        f"files                {len(modules)}, {sum(m.lines for m in modules)} lines",
        f"modules at the root  {len(folders[''])}",
        f"folders              {len(inner)}",
        f"biggest room         {biggest}: {len(inner[biggest])} files",
        f"most lines           {_most_lines(modules)}",
        f"longest file         {longest.name}: {longest.lines} lines",
        f"longest function     {max(functions)[1]}: {max(functions)[0]} lines",
        f"functions above 60   {sum(lines > 60 for lines, _ in functions)}",
        f"imports              {eager} inside the package, {lazy} more are lazy",
        f"circles of files     {_listed(graph.file_circles())}",
        f"  with lazy imports  {_listed(graph.file_circles(lazy=True))}",
        f"circles of rooms     {_listed(graph.room_circles())}",
        f"  with lazy imports  {_listed(graph.room_circles(lazy=True))}",
        f"rooms without floor  {', '.join(graph.without_floor()) or 'none'}",
        f"upward imports       {len(graph.upward())}",
        *(f"  {name} imports {imported}" for name, imported in graph.upward()),
    ]
    return "\n".join(lines)


def _most_lines(modules: Iterable[Module]) -> str:
    rooms: Counter[str] = Counter()
    for module in modules:
        rooms[module.room] += module.lines
    ((room, lines),) = rooms.most_common(1)
    return f"{room}: {lines} of {rooms.total()}, {lines / rooms.total():.0%}"


def _listed(groups: list[list[str]]) -> str:
    return "; ".join(" <-> ".join(group) for group in groups) or "none"


def main() -> None:
    """Prints the report of one checkout."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    here = Path(__file__).parents[1]
    parser.add_argument("root", nargs="?", type=Path, default=here, metavar="ROOT")
    print(report(read_package(parser.parse_args().root / "Code" / "segnet")))


if __name__ == "__main__":
    main()
