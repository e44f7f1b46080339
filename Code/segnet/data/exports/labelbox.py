"""Labelbox exports (NDJSON, export v2): polygons, with the images in a folder.

    export.ndjson      a line a data row; --images Photos holds the images themselves

An image is found by its `external_id` or `global_key`. Masks are links that only an
account may follow, so they are refused; so are boxes, lines and points, and data rows
with several labels.

Source: https://docs.labelbox.com/reference/export-image-annotations
"""

import json
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from segnet.data.exports.annotations import (
    Annotated,
    AnnotatedFrame,
    AnnotatedLabels,
    Shape,
    find_image,
    frame_of,
)
from segnet.data.exports.documents import (
    member,
    pixel_size,
    read_json,
    wrong_document,
    wrong_folder,
)
from segnet.data.exports.names import classes_of
from segnet.data.exports.polygons import Patch, fill, ring
from segnet.data.listing import visible
from segnet.data.source import Frame, Source


def reader(
    root: str | Path,
    classes: str | Path | None = None,
    background: str | None = None,
    images: str | Path | None = None,
) -> Source:
    """Returns the frames of all data rows, sorted.

    Args:
        root: The .ndjson or .json file, or the folder that holds it.
        classes: Only these classes, in this order; see `names.classes_of`.
        background: "void", or the class of the pixels that nothing covers.
        images: The folder of the images; by default that of the export.

    Raises:
        FileNotFoundError: No export is found.
        ValueError: The file is not of Labelbox, or a data row has several labels.
    """
    root = Path(root)
    path = _path(root)
    place = Path(images) if images else path.parent
    labels: list[str] = []
    frames: dict[str, Frame] = {}
    orphans: list[str] = []
    for number, row in enumerate(_rows(path), 1):
        try:
            name, size, objects = _data_row(row)
        except ValueError as error:
            raise ValueError(f"{path}: data row {number}: {error}") from error
        labels += [label for label, _ in objects]
        image = _image(name, place)
        if image is None:
            orphans.append(f"{name[0]}: missing in {place}, {path} lists it (--images)")
            continue
        annotation = json.dumps({"size": size, "shapes": objects})
        frame = frame_of(image.relative_to(place).as_posix(), image, path, annotation)
        if frame.id in frames:
            raise ValueError(f"{path}: data row {number}: {image.name} is listed twice")
        frames[frame.id] = frame
    table = classes_of(root, labels, classes, background)
    return Source(
        "labelbox",
        root,
        table.class_map,
        tuple(frames[name] for name in sorted(frames)),
        AnnotatedLabels(table, read_annotation),
        orphans=tuple(orphans),
        notes=table.notes,
    )


def read_annotation(frame: Frame) -> Annotated:
    """Returns the size and the polygons of a frame."""
    content = json.loads(frame.annotation) if isinstance(frame, AnnotatedFrame) else {}
    size = content["size"]
    shapes = [_shape(*shape) for shape in content["shapes"]]
    return Annotated((size[0], size[1]) if size else None, shapes)


def _shape(name: str, corners: Any) -> Shape:
    def draw(size: tuple[int, int]) -> Patch:
        points = [
            [member(corner, axis, (int, float), "a corner") for axis in "xy"]
            for corner in corners
        ]
        return fill([ring(points)], size)

    return Shape(name, draw)


def _path(root: Path) -> Path:
    if root.is_file():
        return root
    found = [*visible(root, "*.ndjson"), *visible(root, "*.json")]
    if len(found) != 1:
        raise wrong_folder(root, f"{len(found)} exports of Labelbox in it, expected 1")
    return found[0]


def _rows(path: Path) -> list:
    lines = path.read_bytes().splitlines()
    try:
        rows = [json.loads(line) for line in lines if line.strip()]
    except (ValueError, RecursionError):
        # Not a row a line: some programs write all rows as one list.
        content = read_json(path)
        rows = content if isinstance(content, list) else [content]
    if len(rows) == 1 and isinstance(rows[0], list):
        rows = rows[0]
    if not rows or not all(isinstance(r, dict) and "data_row" in r for r in rows):
        raise wrong_document(path, "Labelbox export")
    return rows


def _data_row(row: dict) -> tuple[list[str], tuple[int, int] | None, list]:
    """Returns possible names of the image, its (H, W), and its named polygons."""
    facts = member(row, "data_row", dict, "it")
    link = facts.get("row_data")
    last = PurePosixPath(unquote(urlsplit(str(link or "")).path)).name
    names = [facts.get("external_id"), facts.get("global_key"), last]
    names = [name for name in names if isinstance(name, str) and name]
    if not names:
        raise ValueError("it has no 'external_id' that names its image")
    media = row.get("media_attributes") or {}
    size = pixel_size(media, "its image") if "height" in media else None
    labels = [
        label
        for project in member(row, "projects", dict, "it").values()
        for label in member(project, "labels", list, "its project")
    ]
    if len(labels) > 1:
        raise ValueError(
            f"{names[0]} has {len(labels)} labels; export only one of them"
        )
    objects = []
    for label in labels:
        annotations = member(label, "annotations", dict, "its label")
        for number, item in enumerate(annotations.get("objects", []), 1):
            objects.append(_object(item, f"object {number} of {names[0]}"))
    return names, size, objects


def _object(item: Any, what: str) -> tuple[str, list]:
    name = member(item, "name", str, what)
    if "mask" in item or "composite_mask" in item:
        raise ValueError(
            f"{what} ({name!r}) is a mask behind a link, which needs an account; "
            f"export polygons, or download the masks and use `segnet prepare folder`"
        )
    if "polygon" not in item:
        raise ValueError(
            f"{what} ({name!r}) is no polygon; draw it as one, or delete it"
        )
    return name, member(item, "polygon", list, what)


def _image(names: list[str], place: Path) -> Path | None:
    found = (find_image(name, [place]) for name in names)
    return next((image for image in found if image), None)
