"""Class maps as users write them: names, JSON, CSV or one name a line.

road,car,other                       ids 0, 1, 2
map.json                             as `ClassMap.save` writes it, or with several
                                     colours for a class: "colours": [[...], [...]]
names.json                           ["road", "car"], or {"classes": ["road", "car"]}
classes.csv                          name,r,g,b; a name may have several rows
_classes.csv                         Pixel Value, Class
names.txt                            a name a line
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet.classes import files
from segnet.classes.class_map import ClassMap
from segnet.classes.colours import VOID_COLOUR, Colour, check_colour

VOID = 255
# Names, in lower case, of what is left when all objects are labelled.
BACKGROUND_NAMES = ("background", "_background_", "__background__")
VOID_NAMES = ("void", "ignore", "ignored", "__ignore__", "unlabeled", "unlabelled")
SUFFIXES = (".json", ".pkl", ".csv", ".txt")


@dataclass(frozen=True)
class LabelClasses:
    """A class map and what stands for its classes in label images.

    Args:
        class_map: Ids, names and display colours.
        colours: Colour in coloured label images -> id, or void.
        ids: Value in grey label images -> id, or void.
    """

    class_map: ClassMap
    colours: Mapping[Colour, int]
    ids: Mapping[int, int]

    @classmethod
    def of(cls, class_map: ClassMap) -> "LabelClasses":
        """Returns the classes of label images that follow a class map."""
        ids = {
            index: index for index in (*range(class_map.num_classes), class_map.void)
        }
        return cls(class_map, class_map.colour_to_class, ids)


def palette(count: int) -> list[Colour]:
    """Returns distinct colours other than black, those of Pascal VOC from the second.

    Args:
        count: How many, up to 255.
    """
    return [_voc_colour(index) for index in range(1, count + 1)]


def _voc_colour(index: int) -> Colour:
    """Spreads the bits of an index over the upper bits of red, green and blue."""
    colour = [0, 0, 0]
    for bit in range(8):
        colour[bit % 3] |= (index >> bit & 1) << (7 - bit // 3)
    return colour[0], colour[1], colour[2]


def display_colours(wanted: Sequence[Colour | None]) -> tuple[Colour, ...]:
    """Returns a colour for each class: its own, or another one.

    Those without a colour, or with that of an earlier class, get colours of Pascal VOC.
    """
    taken = {colour for colour in wanted if colour}
    free = (colour for colour in palette(255) if colour not in taken)
    colours: list[Colour] = []
    for colour in wanted:
        colours.append(colour if colour and colour not in colours else next(free))
    return tuple(colours)


def read_classes(given: str | Path) -> LabelClasses:
    """Returns the classes that a text or a file names (see the top of this file).

    Args:
        given: Names with commas between them, or the path of a file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The text or file holds no classes.
    """
    path = Path(given)
    if path.suffix not in SUFFIXES and not path.is_file():
        names = [name.strip() for name in str(given).split(",")]
        if len(names) < 2:
            raise FileNotFoundError(
                f"{given}: no such file, and one name alone is no list of classes; "
                f"expected names such as road,car,other or a .json or .csv file"
            )
        return named(names, "classes", f"--classes {given}")
    if path.suffix == ".pkl":
        return LabelClasses.of(ClassMap.load(path))
    text = _text(path)
    try:
        if path.suffix == ".json":
            return _from_json(path, text)
        if path.suffix == ".csv":
            return from_csv(text, path.stem)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return named(lines, path.stem, "")
    except ValueError as error:
        where = "" if str(error).startswith(str(path)) else f"{path}: "
        raise ValueError(f"{where}{error}") from error


def named(names: Iterable[str], title: str, where: str) -> LabelClasses:
    """Returns classes with ids in the order of their names.

    Args:
        names: Of the classes; one such as "void" or "__ignore__" stands for void, and
            the value at its place in grey label images too.
        title: Name of the class map.
        where: For messages.
    """
    names = list(names)
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"{where + ': ' if where else ''}{twice[0]!r} is there twice")
    return table([(name, None) for name in names], title, where)


def table(
    rows: Sequence[tuple[str, Colour | None]],
    title: str,
    where: str = "",
    values: Sequence[int | None] | None = None,
) -> LabelClasses:
    """Returns the classes of (name, colour) rows.

    Rows of one name are one class with several colours. A row called "void",
    "__ignore__" or the like is void.

    Args:
        rows: In the order of the ids; None for a class without a colour.
        title: Name of the class map.
        where: For messages.
        values: What stands for each row in grey label images, None for nothing; by
            default the ids in order, or the rows' numbers where no row has a colour.

    Raises:
        ValueError: No class is left, or a colour or a value stands for two classes.
    """
    ids: dict[str, int] = {}
    first: list[Colour | None] = []
    for name, colour in rows:
        if name.lower() in VOID_NAMES or name in ids:
            continue
        ids[name] = len(ids)
        is_background = name.lower() in BACKGROUND_NAMES
        first.append(colour or (VOID_COLOUR if is_background else None))
    prefix = f"{where}: " if where else ""
    if not ids:
        raise ValueError(f"{prefix}no class in it")
    class_map = ClassMap(title or "classes", tuple(ids), display_colours(first))
    colours: dict[Colour, int] = {}
    grey: dict[int, int] = {VOID: class_map.void}
    coloured = any(colour is not None for _, colour in rows)
    for row, (name, colour) in enumerate(rows):
        index = ids.get(name, class_map.void)
        # Without colours, a row of void takes a value as the others do.
        value = row if not coloured else None if name not in ids else index
        value = value if values is None else values[row]
        if colour is not None and colours.setdefault(colour, index) != index:
            raise ValueError(f"{prefix}{colour} stands for two classes")
        if value is not None and grey.setdefault(value, index) != index:
            raise ValueError(f"{prefix}{value} stands for two classes")
    colours.setdefault(VOID_COLOUR, class_map.void)
    return LabelClasses(class_map, colours, grey)


def from_csv(text: str, title: str) -> LabelClasses:
    """Returns the classes of a table `name,r,g,b` or `Pixel Value, Class`.

    Raises:
        ValueError: The columns are not these, or a value is out of range.
    """
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    rows = [row for row in rows if any(row)]
    header = [cell.lower() for cell in rows[0]] if rows else []
    if header[:2] == ["pixel value", "class"]:
        values = [_byte(row[0], row) for row in rows[1:]]
        names = [(_cell(row, 1), None) for row in rows[1:]]
        return table(names, title, values=values)
    if header[:4] not in (["name", "r", "g", "b"], ["class", "r", "g", "b"]):
        raise ValueError(
            f"its columns are {', '.join(header[:6]) or 'none'}, expected name,r,g,b "
            f"or Pixel Value,Class"
        )
    found = []
    for row in rows[1:]:
        red, green, blue = (_byte(_cell(row, place), row) for place in (1, 2, 3))
        found.append((_cell(row, 0), (red, green, blue)))
    return table(found, title)


def _cell(row: list[str], place: int) -> str:
    if place >= len(row) or not row[place]:
        raise ValueError(f"the row {','.join(row)!r} is too short")
    return row[place]


def _byte(text: str, row: list[str]) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 255):
        raise ValueError(f"{text!r} in the row {','.join(row)!r} is not 0 to 255")
    return int(text)


def _from_json(path: Path, text: str) -> LabelClasses:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error
    rows = content.get("classes") if isinstance(content, dict) else content
    if isinstance(rows, list) and rows and all(isinstance(n, str) for n in rows):
        return named([name.strip() for name in rows], path.stem, "")
    if not (isinstance(rows, list) and rows and all(map(_is_plain, rows))):
        return LabelClasses.of(ClassMap.load(path))
    values = [row.get("value") for row in rows]
    for value in values:
        if value is not None and not (type(value) is int and 0 <= value <= 65535):
            raise ValueError(f"the value {value!r} is not 0 to 65535")
    found = [(row["name"].strip(), _colour(row.get("colour"))) for row in rows]
    no_values = all(value is None for value in values)
    return table(found, path.stem, values=None if no_values else values)


def _is_plain(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and "id" not in row
        and isinstance(row.get("name"), str)
        and bool(row["name"].strip())
    )


def _colour(value: Any) -> Colour | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no colour of three integers")
    check_colour(tuple(value), "the table")
    red, green, blue = value
    return red, green, blue


def _text(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file of classes")
    if path.stat().st_size > files.MAX_FILE_BYTES:
        raise ValueError(
            f"{path}: {path.stat().st_size} bytes, a list of classes has at most "
            f"{files.MAX_FILE_BYTES}"
        )
    try:
        # Editors on Windows begin files with a mark.
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error
