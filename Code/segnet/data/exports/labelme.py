"""LabelMe JSON: one file an image, with polygons, rectangles, circles or masks.

    photos/0001.jpg, photos/0001.json     shapes in the order in which they are painted

A shape that has no area (point, line, linestrip) is an error. Images that are only in
the JSON, as `imageData`, are not read.

Source: labelme 5, `labelme/label_file.py` and `labelme/utils/shape.py`. Its
`labelme2voc.py` paints the outline as well, so that edges differ by up to a pixel.
"""

import base64
import binascii
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from segnet.data.exports.annotations import (
    IMAGE_SUFFIXES,
    Annotated,
    AnnotatedLabels,
    Shape,
    find_image,
    frame_of,
)
from segnet.data.exports.documents import (
    member,
    read_json,
    wrong_document,
    wrong_folder,
)
from segnet.data.exports.names import classes_of
from segnet.data.exports.polygons import FARTHEST, Patch, fill, ring
from segnet.data.listing import visible
from segnet.data.source import Frame, Source

AREAS = ("polygon", "rectangle", "circle", "mask")


def reader(
    root: str | Path,
    classes: str | Path | None = None,
    background: str | None = None,
    images: str | Path | None = None,
) -> Source:
    """Returns the frames of all JSON files below `root`, sorted.

    Args:
        root: The folder of the JSON files.
        classes: Only these classes, in this order; see `names.classes_of`.
        background: "void", or the class of the pixels that nothing covers.
        images: The folder of the images, where it is another one.

    Raises:
        FileNotFoundError: There is no JSON file.
        ValueError: A file is not of LabelMe.
    """
    root = Path(root)
    paths = visible(root, "**/*.json")
    if not paths:
        raise wrong_folder(root, "no .json file of LabelMe in it")
    labels: list[str] = []
    frames: dict[Path, Frame] = {}
    orphans: list[str] = []
    for path in paths:
        content = _content(path)
        labels += [shape["label"].strip() for shape in content["shapes"]]
        image = _image(path, content["imagePath"], root, images)
        if image is None:
            inside = "; it is only inside the JSON" if content.get("imageData") else ""
            orphans.append(f"{content['imagePath']}: missing, {path} names it{inside}")
            continue
        stem = path.relative_to(root).with_suffix(image.suffix)
        frame = frame_of(stem.as_posix(), image, path)
        if image in frames:
            raise ValueError(
                f"{path}: {image.name} has annotations in {frames[image].label} too; "
                f"keep one"
            )
        frames[image] = frame
    table = classes_of(root, sorted(labels, key=labels.index), classes, background)
    return Source(
        "labelme",
        root,
        table.class_map,
        tuple(sorted(frames.values(), key=lambda frame: frame.id)),
        AnnotatedLabels(table, read_annotation),
        orphans=tuple(orphans),
        notes=table.notes,
    )


def read_annotation(frame: Frame) -> Annotated:
    """Returns the size and the shapes of a frame; raises ValueError."""
    content = _content(frame.label)
    sides = content.get("imageHeight"), content.get("imageWidth")
    size = None
    if sides != (None, None):
        height, width = (
            member(content, name, int, "the file")
            for name in ("imageHeight", "imageWidth")
        )
        size = height, width
    return Annotated(size, [_shape(shape) for shape in content["shapes"]])


def _content(path: Path) -> dict:
    content = read_json(path)
    if not (isinstance(content, dict) and {"shapes", "imagePath"} <= content.keys()):
        raise wrong_document(path, "LabelMe JSON")
    try:
        member(content, "imagePath", str, "the file")
        for number, shape in enumerate(member(content, "shapes", list, "the file"), 1):
            member(shape, "label", str, f"shape {number}")
            member(shape, "points", list, f"shape {number}")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return content


def _image(path: Path, name: str, root: Path, images: str | Path | None) -> Path | None:
    places = [Path(images)] if images else [path.parent, root]
    found = find_image(name, places)
    if found:
        return found
    same = (place / f"{path.stem}{s}" for place in places for s in IMAGE_SUFFIXES)
    return next((image for image in same if image.is_file()), None)


def _shape(shape: dict) -> Shape:
    # LabelMe before version 3 wrote polygons only, and no type.
    kind = shape.get("shape_type") or "polygon"
    points = shape["points"]

    def draw(size: tuple[int, int]) -> Patch:
        if kind == "polygon":
            return fill([ring(points)], size)
        if kind not in AREAS:
            raise ValueError(f"a {kind!r} has no area; draw a polygon, or delete it")
        first, second = _two(points)
        if kind == "rectangle":
            corners = [first, (second[0], first[1]), second, (first[0], second[1])]
            return fill([ring(corners)], size)
        if kind == "circle":
            return _circle(first, second, size)
        return bitmap(shape.get("mask"), (round(first[0]), round(first[1])), size)

    return Shape(shape["label"].strip(), draw)


def _two(points: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    try:
        pairs = np.asarray(points, np.float64).reshape(2, 2)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("its points are no two pairs of numbers") from None
    if not np.isfinite(pairs).all() or np.abs(pairs).max() > FARTHEST:
        raise ValueError("a coordinate is not finite or far outside")
    (x0, y0), (x1, y1) = pairs.tolist()
    return (x0, y0), (x1, y1)


def _circle(
    centre: tuple[float, float], edge: tuple[float, float], size: tuple[int, int]
) -> Patch:
    (x, y), (height, width) = centre, size
    radius = np.hypot(edge[0] - x, edge[1] - y)
    rows = (np.arange(height) + 0.5 - y) ** 2
    columns = (np.arange(width) + 0.5 - x) ** 2
    return Patch(0, 0, rows[:, None] + columns <= radius**2)


def bitmap(data: Any, corner: tuple[int, int], size: tuple[int, int]) -> Patch:
    """Returns the mask of a PNG as base64 text, at its place in a frame.

    Args:
        data: The text; every pixel but 0 counts. Where the PNG has an alpha channel,
            every pixel that is not transparent.
        corner: Column and row of its upper left pixel.
        size: (H, W) of the frame.

    Raises:
        ValueError: The text is no PNG, or the mask is not inside the frame.
    """
    if not isinstance(data, str):
        raise ValueError("its mask is no text")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("its mask is no base64 text") from None
    return placed(decoded(content), corner, size)


def decoded(content: bytes) -> np.ndarray:
    """Returns the (h, w) bool mask in a PNG; raises ValueError."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            bands = np.asarray(image)
    except Exception as error:
        # Pillow raises a dozen types for bytes that are no PNG.
        raise ValueError(f"its mask is no PNG ({type(error).__name__})") from None
    return (bands if bands.ndim == 2 else bands[..., -1]) != 0


def placed(mask: np.ndarray, corner: tuple[int, int], size: tuple[int, int]) -> Patch:
    """Returns a mask with its corner (column, row); raises ValueError outside."""
    (left, top), (height, width) = corner, mask.shape
    if min(corner) < 0 or top + height > size[0] or left + width > size[1]:
        raise ValueError(
            f"its mask of {height}x{width} pixels at row {top}, column {left} is not "
            f"inside the image of {size[0]}x{size[1]} (height x width)"
        )
    return Patch(top, left, mask)
