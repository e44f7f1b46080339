"""The two file forms of a class map, JSON and a pickle of plain values.

Both are handled as `Fields`, the arguments of `segnet.classes.ClassMap`; only that
class checks their values.
"""

import json
import pickle
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from segnet.classes import plain_pickle
from segnet.classes.colours import Colour, ColourTable

FILE_VERSION = 1
MAX_FILE_BYTES = 8_000_000
OTHER_FORM = {".json": ".pkl", ".pkl": ".json"}


class Fields(NamedTuple):
    """Content of a class map file, values unchecked."""

    name: str
    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    void: int


def to_json(fields: Fields) -> str:
    """Returns JSON text, one class per line."""
    rows = [
        json.dumps({"id": index, "name": name, "colour": list(colour)})
        for index, (name, colour) in enumerate(
            zip(fields.names, fields.colours, strict=True)
        )
    ]
    return (
        f'{{"version": {FILE_VERSION}, "name": {json.dumps(fields.name)},\n'
        f' "classes": [\n  ' + ",\n  ".join(rows) + f'],\n "void": {fields.void}}}\n'
    )


def from_json(text: str) -> Fields:
    """Returns the content of a text from `to_json`.

    Raises:
        ValueError: The text is not such JSON, or is of a newer version.
    """
    try:
        content = json.loads(text)
        version, rows = content["version"], content["classes"]
        ids = [row["id"] for row in rows]
        names = tuple(row["name"] for row in rows)
        colours = tuple(tuple(row["colour"]) for row in rows)
        fields = Fields(content["name"], names, colours, content["void"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a class map in JSON: {error!r}") from error
    _check_version(version)
    if ids != list(range(len(ids))):
        raise ValueError(
            f"class ids are {reprlib.repr(ids)}, expected 0, 1, 2 ... in order"
        )
    return fields


def to_plain(fields: Fields) -> dict:
    """Returns the map as dictionaries in both directions, for the pickle."""
    return {
        "version": FILE_VERSION,
        "name": fields.name,
        "names": list(fields.names),
        "name_to_class": {name: index for index, name in enumerate(fields.names)},
        "colour_to_class": {c: index for index, c in enumerate(fields.colours)},
        "class_to_colour": dict(enumerate(fields.colours)),
        "void": fields.void,
    }


def to_pickle(fields: Fields, encodings: Mapping[str, ColourTable]) -> bytes:
    """Returns a pickle of `to_plain`, with colour -> id for each sequence beside it."""
    tables = {key: dict(table) for key, table in encodings.items()}
    return pickle.dumps(to_plain(fields) | {"encodings": tables}, protocol=4)


def from_pickle(content: bytes) -> Fields:
    """Returns the content of a pickle from `to_pickle`; only plain values are loaded.

    Raises:
        ValueError: The bytes are not such a pickle, ask for a class or a function, or
            contradict themselves.
    """
    plain = plain_pickle.loads(content)
    if type(plain) is not dict:
        raise ValueError(f"the pickle holds a {type(plain).__name__}, expected a dict")
    for key, kind in (("version", int), ("name", str), ("void", int)):
        if type(plain.get(key)) is not kind:
            raise ValueError(f"`{key}` must be of type {kind.__name__}")
    _check_version(plain["version"])
    names, colours = plain.get("names"), plain.get("class_to_colour")
    if type(names) is not list or not all(type(name) is str for name in names):
        raise ValueError("`names` must be a list of strings")
    if type(colours) is not dict or list(colours) != list(range(len(names))):
        raise ValueError(f"the keys of `class_to_colour` must be 0 to {len(names) - 1}")
    if not all(_is_colour(colour) for colour in colours.values()):
        raise ValueError("`class_to_colour` must hold tuples of three integers")
    fields = Fields(plain["name"], tuple(names), tuple(colours.values()), plain["void"])
    for key in ("name_to_class", "colour_to_class"):
        if not _same_flat(plain.get(key), to_plain(fields)[key]):
            raise ValueError(f"`{key}` contradicts `names` and `class_to_colour`")
    return fields


def read(path: Path) -> Fields:
    """Returns the content of the `.json` or `.pkl` file at `path`.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is too large, damaged or hostile.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such class map")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(
            f"{path}: {path.stat().st_size} bytes, a class map has at most "
            f"{MAX_FILE_BYTES}"
        )
    content = path.read_bytes()
    try:
        if form(path) == ".json":
            # Editors on Windows begin files with a mark.
            return from_json(content.decode("utf-8-sig"))
        return from_pickle(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def form(path: Path) -> str:
    """Returns the suffix of `path`, ".json" or ".pkl".

    Raises:
        ValueError: The suffix is another one.
    """
    if path.suffix not in OTHER_FORM:
        raise ValueError(f"{path}: a class map is a .json or a .pkl file")
    return path.suffix


def difference(one: Fields, other: Fields) -> str:
    """Returns the first difference of two maps, in words; "" if they agree."""
    if one.name != other.name or one.void != other.void:
        return f"name and void {one.name, one.void} against {other.name, other.void}"
    if len(one.names) != len(other.names):
        return f"{len(one.names)} classes against {len(other.names)}"
    rows = zip(one.names, one.colours, strict=True)
    other_rows = zip(other.names, other.colours, strict=True)
    for index, (here, there) in enumerate(zip(rows, other_rows, strict=True)):
        if here != there:
            return f"class {index} is {here} against {there}"
    return ""


def _check_version(version: object) -> None:
    if version != FILE_VERSION:
        raise ValueError(
            f"class map of version {reprlib.repr(version)}, this segnet reads "
            f"{FILE_VERSION}"
        )


def _is_colour(value: Any) -> bool:
    return type(value) is tuple and [type(part) for part in value] == [int] * 3


def _same_flat(found: Any, expected: dict) -> bool:
    # Types first: a hostile pickle can nest lists so that a plain == never ends.
    if type(found) is not dict or len(found) != len(expected):
        return False
    return all(
        type(found.get(key)) is int and found[key] == value
        for key, value in expected.items()
    )
