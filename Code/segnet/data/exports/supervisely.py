"""Supervisely projects: bitmaps, polygons with holes and rectangles.

    meta.json                                   names and colours of the classes
    street/img/0001.jpg, street/ann/0001.jpg.json

Datasets of the project (here `street`) are drives, and splits where they are called
train, val or test. Objects are painted in the order of the file. Points, lines and
graphs have no area and are errors. Tags are not read.

Source: the format description in Supervisely's import wizard documentation, and
`supervisely/geometry/bitmap.py` of its SDK 6. Points are pixels there, so half a pixel
is added to reach their centres.
"""

import base64
import binascii
import zlib
from pathlib import Path
from typing import Any

from segnet.classes.colours import Colour
from segnet.data.exports.annotations import (
    Annotated,
    AnnotatedLabels,
    Shape,
    frame_of,
)
from segnet.data.exports.documents import (
    member,
    pixel_size,
    read_json,
    wrong_document,
    wrong_folder,
)
from segnet.data.exports.labelme import decoded, placed
from segnet.data.exports.names import classes_of
from segnet.data.exports.polygons import Patch, fill, ring
from segnet.data.listing import paired, visible
from segnet.data.source import Frame, Source

META = "meta.json"
# A mask of one bit a pixel of a very large image.
MOST_BYTES = 1 << 28


def reader(
    root: str | Path,
    classes: str | Path | None = None,
    background: str | None = None,
) -> Source:
    """Returns the frames of all datasets of a project, sorted.

    Args:
        root: The project, the folder with meta.json.
        classes: Only these classes, in this order; see `names.classes_of`.
        background: "void", or the class of the pixels that nothing covers.

    Raises:
        FileNotFoundError: There is no meta.json or no dataset.
        ValueError: A file is not of Supervisely.
    """
    root = Path(root)
    path = root / META
    if not path.is_file():
        raise wrong_folder(root, f"no {META} of a Supervisely project in it")
    colours = _classes(path)
    table = classes_of(root, colours, classes, background, colours)
    images = _files(root, "**/img/*", "img")
    labels = {
        name.removesuffix(".json"): path
        for name, path in _files(root, "**/ann/*.json", "ann").items()
    }
    if not images and not labels:
        raise wrong_folder(root, "no dataset with the folders img and ann in it")
    names, orphans = paired(
        images,
        labels,
        lambda name: root / name,
        lambda name: root / f"{name}.json",
    )
    frames = [frame_of(name, images[name], labels[name]) for name in names]
    return Source(
        "supervisely",
        root,
        table.class_map,
        tuple(frames),
        AnnotatedLabels(table, read_annotation),
        orphans=tuple(orphans),
        notes=table.notes,
    )


def _files(root: Path, pattern: str, folder: str) -> dict[str, Path]:
    """Returns files in folders called `folder` by dataset and name."""
    _, _, name = pattern.rpartition("/")
    found = {}
    for path in visible(root, f"**/{name}"):
        if path.parent.name == folder:
            dataset = path.parent.parent.relative_to(root)
            found[(dataset / path.name).as_posix()] = path
    return found


def _classes(path: Path) -> dict[str, Colour]:
    content = read_json(path)
    if not isinstance(content, dict) or "classes" not in content:
        raise wrong_document(path, "meta.json of Supervisely")
    found: dict[str, Colour] = {}
    try:
        for number, row in enumerate(member(content, "classes", list, "the file"), 1):
            name = member(row, "title", str, f"class {number}")
            if name in found:
                raise ValueError(f"the class {name!r} is there twice")
            found[name] = _colour(row.get("color", ""))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return found


def _colour(text: Any) -> Colour:
    try:
        red, green, blue = bytes.fromhex(str(text).removeprefix("#"))
    except ValueError:
        raise ValueError(f"{text!r} is no colour such as #FF8000") from None
    return red, green, blue


def read_annotation(frame: Frame) -> Annotated:
    """Returns the size and the objects of a frame; raises ValueError."""
    content = read_json(frame.label)
    if not isinstance(content, dict) or "objects" not in content:
        raise wrong_document(frame.label, "annotation of Supervisely")
    size = pixel_size(member(content, "size", dict, "the file"), "its size")
    rows = member(content, "objects", list, "the file")
    shapes = [_shape(row, f"object {number}") for number, row in enumerate(rows, 1)]
    return Annotated(size, shapes)


def _shape(row: Any, what: str) -> Shape:
    name = member(row, "classTitle", str, what)
    kind = member(row, "geometryType", str, what)

    def draw(size: tuple[int, int]) -> Patch:
        if kind == "bitmap":
            return _bitmap(member(row, "bitmap", dict, what), size)
        if kind not in ("polygon", "rectangle"):
            raise ValueError(f"a {kind!r} has no area; draw a polygon, or delete it")
        points = member(row, "points", dict, what)
        exterior = member(points, "exterior", list, what)
        if kind == "rectangle":
            return _rectangle(exterior, size)
        interior = member(points, "interior", list, what)
        return fill([ring(part) + 0.5 for part in (exterior, *interior)], size)

    return Shape(name, draw)


def _rectangle(points: list, size: tuple[int, int]) -> Patch:
    """Returns the pixels between two corners, both inside."""
    if len(points) != 2:
        raise ValueError(f"it has {len(points)} corners, a rectangle has 2")
    # The third point is there for `ring`, which takes three or more.
    corners = ring([*points, points[0]])[:2]
    (left, top), (right, bottom) = corners.min(0), corners.max(0) + 1
    outline = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return fill([ring(outline)], size)


def _bitmap(content: dict, size: tuple[int, int]) -> Patch:
    data = member(content, "data", str, "its bitmap")
    origin = member(content, "origin", list, "its bitmap")
    if len(origin) != 2 or not all(type(part) is int for part in origin):
        raise ValueError(f"the origin of its bitmap is {origin}, expected [x, y]")
    try:
        packed = base64.b64decode(data, validate=True)
        unpacking = zlib.decompressobj()
        png = unpacking.decompress(packed, MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        raise ValueError("its bitmap is no compressed base64 text") from None
    if unpacking.unconsumed_tail:
        raise ValueError("its bitmap is larger than any image")
    return placed(decoded(png), (origin[0], origin[1]), size)
