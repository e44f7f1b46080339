"""COCO JSON with polygons or run lengths, of CVAT, Roboflow, FiftyOne, VIA and others.

    _annotations.coco.json           beside its images, in train, valid and test
    annotations/instances_train.json and images in train/, images/train/ or images/

`images`, `annotations` and `categories` are read. The pixels of an object get its
category, the later objects over the earlier, crowds (`iscrowd`) below all others, since
COCO says nothing on which object is in front.

Source: https://cocodataset.org/#format-data
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

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
from segnet.data.exports.polygons import Patch, fill, ring, run_lengths
from segnet.data.listing import visible
from segnet.data.source import Frame, Source
from segnet.data.split import named_split

ROBOFLOW = "_annotations.coco.json"
EXPECTED = (
    f"no COCO JSON in it; expected {ROBOFLOW} beside images, annotations/"
    f"instances_*.json, or the name of a .json file"
)


class _Document(NamedTuple):
    path: Path
    split: str
    names: dict[Any, str]
    images: list[dict]
    shapes: dict[Any, list[tuple[str, Any]]]


def reader(
    root: str | Path,
    classes: str | Path | None = None,
    background: str | None = None,
    images: str | Path | None = None,
) -> Source:
    """Returns the frames of all images that the files list, sorted.

    Args:
        root: A COCO JSON file, or a folder with one or several.
        classes: Only these classes, in this order; see `names.classes_of`.
        background: "void", or the class of the pixels that nothing covers.
        images: The folder of the images, where it is another one.

    Raises:
        FileNotFoundError: No COCO JSON is found.
        ValueError: A file is no COCO JSON, or contradicts itself.
    """
    root = Path(root)
    base = root if root.is_dir() else root.parent
    documents = [_document(path, base) for path in _paths(root)]
    names = [name for document in documents for name in document.names.values()]
    table = classes_of(root, names, classes, background)
    frames: dict[str, Frame] = {}
    orphans: list[str] = []
    empty = 0
    for document in documents:
        for entry in document.images:
            frame = _frame(document, entry, base, Path(images) if images else None)
            if isinstance(frame, str):
                orphans.append(frame)
                continue
            if frame.id in frames:
                raise ValueError(
                    f"{document.path}: {frame.image.name} is listed twice, there or in "
                    f"{frames[frame.id].label}; keep one"
                )
            empty += not document.shapes.get(entry["id"])
            frames[frame.id] = frame
    if not frames and not orphans:
        raise ValueError(f"{root}: it lists no images")
    notes = table.notes
    if empty:
        notes += (f"{empty} images have no annotation: all of them is uncovered",)
    return Source(
        "coco",
        root,
        table.class_map,
        tuple(frames[name] for name in sorted(frames)),
        AnnotatedLabels(table, read_annotation),
        orphans=tuple(orphans),
        notes=notes,
    )


def read_annotation(frame: Frame) -> Annotated:
    """Returns the size and the objects of a frame.

    Raises:
        ValueError: An object has neither polygon nor run lengths.
    """
    content = json.loads(frame.annotation) if isinstance(frame, AnnotatedFrame) else {}
    size = content["size"]
    shapes = [_shape(*shape) for shape in content["shapes"]]
    return Annotated((size[0], size[1]) if size else None, shapes)


def _shape(name: str, segmentation: Any) -> Shape:
    def draw(size: tuple[int, int]) -> Patch:
        if isinstance(segmentation, dict):
            if segmentation.get("size") != list(size):
                raise ValueError(
                    f"its run lengths are of {segmentation.get('size')}, the image is "
                    f"{size[0]}x{size[1]} (height x width)"
                )
            return run_lengths(segmentation.get("counts"), size)
        if not isinstance(segmentation, list) or not segmentation:
            raise ValueError("it has a box only, neither polygon nor run lengths")
        return _union([fill([ring(part)], size) for part in segmentation], size)

    return Shape(name, draw)


def _union(patches: list[Patch], size: tuple[int, int]) -> Patch:
    """Returns the parts of one object as one patch."""
    import numpy as np

    if len(patches) == 1:
        return patches[0]
    mask = np.zeros(size, bool)
    for top, left, part in patches:
        height, width = part.shape
        mask[top : top + height, left : left + width] |= part
    return Patch(0, 0, mask)


def _paths(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    every = visible(root, "**/*.json")
    for wanted in (
        lambda name: name == ROBOFLOW,
        lambda name: name.startswith("instances"),
    ):
        paths = [path for path in every if wanted(path.name)]
        if paths:
            return paths
    if len(every) == 1:
        return every
    raise wrong_folder(root, EXPECTED)


def _document(path: Path, base: Path) -> _Document:
    content = read_json(path)
    if not (isinstance(content, dict) and {"images", "annotations"} <= content.keys()):
        raise wrong_document(path, "COCO JSON")
    try:
        names = _categories(member(content, "categories", list, "the file"))
        images = member(content, "images", list, "the file")
        _check_images(images)
        shapes = _objects(member(content, "annotations", list, "the file"), names)
        unknown = shapes.keys() - {entry["id"] for entry in images}
        if unknown:
            raise ValueError(
                f"{len(unknown)} annotated images are not listed, such as the image_id "
                f"{min(map(str, unknown))}"
            )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    parts = path.relative_to(base).with_suffix("").parts
    words = [re.sub(r"\d+", "", word) for p in parts for word in re.split(r"[_.-]", p)]
    return _Document(path, named_split(words), names, images, shapes)


def _categories(rows: list) -> dict[Any, str]:
    names = {}
    for number, row in enumerate(rows):
        what = f"category {number}"
        key = _key(row, "id", what)
        if key in names:
            raise ValueError(f"the category id {key} is there twice")
        names[key] = member(row, "name", str, what).strip()
    # Roboflow puts the group of all classes first, as a category of its own.
    groups = {row.get("supercategory") for row in rows}
    for row in rows:
        if row.get("supercategory") == "none" and row["name"] in groups - {"none"}:
            names[row["id"]] = ""
    return {key: names[key] for key in sorted(names, key=_by_number)}


def _by_number(key: Any) -> tuple:
    return (0, key, "") if isinstance(key, int) else (1, 0, str(key))


def _key(row: Any, name: str, what: str) -> Any:
    return member(row, name, (int, str), what)


def _check_images(rows: list) -> None:
    seen = set()
    for number, row in enumerate(rows):
        key = _key(row, "id", f"image {number}")
        member(row, "file_name", str, f"image {number}")
        if key in seen:
            raise ValueError(f"the image id {key} is there twice")
        seen.add(key)


def _objects(rows: list, names: dict[Any, str]) -> dict[Any, list[tuple[str, Any]]]:
    """Returns the objects of each image, crowds first, and drops unused groups."""
    found: dict[Any, list[tuple[str, Any]]] = {}
    segmented = False
    for crowd in (True, False):
        for number, row in enumerate(rows):
            what = f"annotation {number}"
            category = _key(row, "category_id", what)
            if category not in names:
                raise ValueError(f"{what} has the unknown category_id {category!r}")
            if bool(row.get("iscrowd")) != crowd:
                continue
            if not names[category]:
                raise ValueError(
                    f"{what} is of the category {category}, a group of classes"
                )
            segmentation = row.get("segmentation")
            segmented |= bool(segmentation)
            pair = (names[category], segmentation)
            found.setdefault(_key(row, "image_id", what), []).append(pair)
    if rows and not segmented:
        raise ValueError(
            "its annotations are boxes only, without polygons or run lengths"
        )
    for key in [key for key, name in names.items() if not name]:
        del names[key]
    return found


def _frame(
    document: _Document, entry: dict, base: Path, images: Path | None
) -> Frame | str:
    """Returns the frame of an image, or a line for `Source.orphans`."""
    name, folder = entry["file_name"], document.path.parent
    split = re.sub(r"^(instances|annotations)_", "", document.path.stem)
    places = [folder, base, base / split, base / "images" / split, base / "images"]
    image = find_image(name, [images] if images else places)
    if image is None:
        return f"{name}: missing, {document.path} lists it" + (
            "" if images else "; name the folder of the images with --images"
        )
    size = None
    if "height" in entry or "width" in entry:
        try:
            size = pixel_size(entry, f"image {name}")
        except ValueError as error:
            raise ValueError(f"{document.path}: {error}") from error
    annotation = json.dumps(
        {"size": size, "shapes": document.shapes.get(entry["id"], [])}
    )
    places = [place for place in (images, base) if place and place in image.parents]
    relative = image.relative_to(places[0]) if places else Path(name)
    frame = frame_of(relative.as_posix(), image, document.path, annotation)
    return replace(frame, publisher_split=frame.publisher_split or document.split)
