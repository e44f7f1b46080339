"""Functions of a user by name: a network, a loss, an augmentation or a reader.

    my_nets.py:tiny          a function in a file
    package.module:tiny      a function in a module that can be imported
    tiny                     an entry point of an installed package

Groups of entry points are `segnet.models`, `segnet.losses`, `segnet.augmentations` and
`segnet.readers`.
"""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from segnet.system.checksums import sha256_of


@dataclass(frozen=True)
class OwnPart:
    """A function of a user.

    Args:
        text: What names it, such as "my_nets.py:tiny".
        function: The function itself.
        path: The file in which it is written.
    """

    text: str
    function: Callable[..., Any]
    path: Path

    @property
    def checksum(self) -> str:
        """The file's sha256 and name, as sha256sum writes a line."""
        return f"{sha256_of(self.path)}  {self.path.name}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function; what it raises becomes a ValueError with its line."""
        try:
            return self.function(*args, **kwargs)
        except Exception as error:
            raise ValueError(f"{self.text}: {_in_words(error, self.path)}") from error


def is_own(text: str) -> bool:
    """Returns whether a text names a function in a file or a module."""
    module, colon, function = text.rpartition(":")
    return bool(colon and module and function.isidentifier())


def find_own(text: str, group: str) -> OwnPart | None:
    """Returns the function that a text names, None where it names none.

    Args:
        text: As at the top of this file.
        group: Of entry points, such as "models".

    Raises:
        FileNotFoundError: The file or module is missing.
        ValueError: It cannot be imported, or has no such function.
    """
    if is_own(text):
        place, _, name = text.rpartition(":")
        return _part(text, _module(text, place), name)
    for found in entry_points(group=f"segnet.{group}", name=text):
        return _part(text, _imported(text, found.module), found.attr)
    return None


def _part(text: str, module: ModuleType, name: str) -> OwnPart:
    function = getattr(module, name, None)
    if not callable(function):
        there = [
            known
            for known, value in vars(module).items()
            if inspect.isfunction(value) and not known.startswith("_")
        ]
        raise ValueError(
            f"{text}: no function {name} there; it has {', '.join(there) or 'none'}"
        )
    return OwnPart(text, function, Path(str(module.__file__)))


def _module(text: str, place: str) -> ModuleType:
    if not place.endswith(".py"):
        return _imported(text, place)
    path = Path(place)
    if not path.is_file():
        raise FileNotFoundError(
            f"{text}: no such file; call from the folder that holds {path.name}"
        )
    # One name for one file, so that a second look gives the same functions.
    name = f"segnet_own_{path.stem}_{sha256_of(path)[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise ValueError(f"{text}: no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"{text}: {_in_words(error, path.resolve())}") from error
    return module


def _imported(text: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise FileNotFoundError(
            f"{text}: no module {error.name}; install it, or name a file such as "
            f"my_nets.py:tiny"
        ) from error
    except Exception as error:
        raise ValueError(f"{text}: {_in_words(error, None)}") from error


def _in_words(error: Exception, path: Path | None) -> str:
    """Returns type and text of an error, and the line of the user's file."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if path is not None and Path(frame.filename) == path
    ]
    where = f"line {lines[-1]}: " if lines else ""
    first = str(error).strip().splitlines()
    return f"{where}{type(error).__name__}: {first[0] if first else ''}".rstrip(": ")
