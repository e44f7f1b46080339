"""Reads annotation files, and says what those of other formats look like."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from segnet.classes.reading import LabelClasses, read_classes
from segnet.data.listing import visible

FIRST_BYTES = 4096
# A file of annotations of a million objects has about half of this.
MOST_LOOKED_AT = 5
MOST_BYTES = 2_000_000_000


class Look(NamedTuple):
    """What a file or folder looks like.

    Args:
        text: In words, such as "COCO JSON".
        reader: Key of `segnet.data.READERS` that reads it, or "".
        way_out: What to do where there is no such reader.
    """

    text: str
    reader: str = ""
    way_out: str = ""

    def __str__(self) -> str:
        if self.reader:
            return f"this is {self.text}; use `segnet prepare {self.reader}`"
        return f"this is {self.text}; {self.way_out}"


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is no JSON, with what it looks like.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(
            f"{path}: {path.stat().st_size} bytes, expected up to {MOST_BYTES}; export "
            f"it in parts"
        )
    content = path.read_bytes()
    try:
        return json.loads(content.decode(json.detect_encoding(content)))
    except (ValueError, RecursionError) as error:
        look = look_of(path)
        text = f"; {look}" if look and look.reader else ""
        raise ValueError(f"{path}: no JSON ({error}){text}") from error


def read_lines(path: Path) -> list[str]:
    """Returns the lines of a text file; raises ValueError where it is not UTF-8."""
    try:
        # Editors on Windows begin files with a mark.
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error


def wrong_document(path: Path, expected: str) -> ValueError:
    """Returns the error for a file that is not of the format `expected`."""
    look = look_of(path)
    return ValueError(f"{path}: no {expected}{f'; {look}' if look else ''}")


def wrong_folder(root: Path, expected: str) -> FileNotFoundError:
    """Returns the error for a folder without the files of a format."""
    if not root.exists():
        return FileNotFoundError(f"{root}: no such file or folder")
    look = look_of(root)
    return FileNotFoundError(f"{root}: {expected}{f'; {look}' if look else ''}")


def member(content: Any, key: str, kind: type | tuple[type, ...], what: str) -> Any:
    """Returns `content[key]`.

    Args:
        content: Should be a JSON object.
        key: Of the member.
        kind: Type or types of the member.
        what: The object in words, for the message.

    Raises:
        ValueError: There is no such member, or it has another type.
    """
    value = content.get(key) if isinstance(content, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        names = " or ".join(_TYPES[k] for k in kinds)
        raise ValueError(f"{what} has no {key!r} that is {names}")
    return value


_TYPES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
}


def pixel_size(content: Any, what: str) -> tuple[int, int]:
    """Returns (H, W) from the members height and width; errors as `member`."""
    height, width = (member(content, key, int, what) for key in ("height", "width"))
    if height < 1 or width < 1:
        raise ValueError(f"{what} is {height}x{width} pixels")
    return height, width


def read_own_classes(given: str | Path) -> LabelClasses:
    """Returns what `segnet.classes.reading.read_classes` does, and names other files.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds no classes, with what it looks like.
    """
    try:
        return read_classes(given)
    except ValueError as error:
        look = look_of(Path(given)) if Path(given).is_file() else None
        if look is None:
            raise
        raise ValueError(f"{given}: no list of classes; {look}") from error


def look_of(path: Path) -> Look | None:
    """Returns what a file or folder looks like, None if it is no known format."""
    try:
        return _look_of_folder(path) if path.is_dir() else _look_of_file(path)
    except (OSError, ValueError, RecursionError):
        return None


def _look_of_folder(root: Path) -> Look | None:
    for pattern, look in _FOLDERS:
        if visible(root, pattern):
            return look
    if (root / "SegmentationClass").is_dir():
        return Look("a Pascal VOC folder", "voc")
    for path in visible(root, "**/*.json")[:MOST_LOOKED_AT]:
        found = _look_of_file(path)
        if found:
            return found
    return None


_FOLDERS = (
    ("labelmap.txt", Look("a CVAT segmentation mask export", "cvat")),
    ("class_dict.csv", Look("a set with class_dict.csv", "class-dict")),
    ("**/_classes.csv", Look("a Roboflow export of PNG masks", "roboflow")),
    ("**/_annotations.coco.json", Look("a Roboflow export in COCO JSON", "coco")),
    ("data.yaml", Look("an Ultralytics set with data.yaml", "ultralytics")),
    ("meta.json", Look("a Supervisely project", "supervisely")),
    ("*.ndjson", Look("a Labelbox export", "labelbox")),
)


def _look_of_file(path: Path) -> Look | None:
    with path.open("rb") as file:
        start = file.read(FIRST_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return _look_of_xml(start)
    if not start.startswith((b"{", b"[")):
        return None
    if path.suffix.lower() == ".ndjson":
        start = start.split(b"\n")[0]
        content = json.loads(start)
    else:
        content = json.loads(path.read_bytes())
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return None
    for keys, look in _DOCUMENTS:
        if keys <= first.keys():
            return look
    return None


def _look_of_xml(start: bytes) -> Look | None:
    if b"<annotations>" in start:
        return Look(
            "CVAT's own XML",
            way_out="export the task as `Segmentation mask 1.1` or `COCO 1.0`",
        )
    if b"<annotation" in start:
        return Look(
            "XML with boxes or polygons, of Pascal VOC or the old LabelMe",
            way_out="export masks, or COCO JSON",
        )
    return None


_DOCUMENTS = (
    ({"images", "annotations", "categories"}, Look("COCO JSON", "coco")),
    ({"shapes", "imagePath"}, Look("LabelMe JSON", "labelme")),
    ({"data_row"}, Look("a Labelbox export", "labelbox")),
    ({"classes", "projectType"}, Look("the meta.json of Supervisely", "supervisely")),
    ({"objects", "size"}, Look("an annotation of Supervisely", "supervisely")),
    ({"classes", "tags"}, Look("the meta.json of Supervisely", "supervisely")),
    (
        {"_via_img_metadata"},
        Look("a project of the VGG Image Annotator", way_out="export it as COCO JSON"),
    ),
    (
        {"Labeled Data"},
        Look("an old Labelbox export", way_out="export it again as NDJSON (export v2)"),
    ),
    (
        {"annotations", "data"},
        Look("Label Studio's own JSON", way_out="export it as COCO"),
    ),
    (
        {"type", "features"},
        Look("GeoJSON", way_out="export masks or COCO JSON"),
    ),
    (
        {"classes", "void"},
        Look("a class map", way_out="name it with --classes"),
    ),
)
