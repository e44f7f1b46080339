"""Ultralytics (YOLO) segmentation sets: polygons in text files, and data.yaml.

    data.yaml                                   names, and the folders of the splits
    images/train/0001.jpg, labels/train/0001.txt
    train/images/0001.jpg, train/labels/0001.txt

A line is `class x1 y1 x2 y2 ...`, with coordinates as shares of width and height, and
lines are painted in their order. An image without a text file has no objects, as
Ultralytics reads it. Lines of boxes (four numbers) are errors.

Source: https://docs.ultralytics.com/datasets/segment/
"""

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from segnet.data.exports.annotations import (
    IMAGE_SUFFIXES,
    Annotated,
    AnnotatedLabels,
    Shape,
    frame_of,
)
from segnet.data.exports.documents import read_lines, wrong_folder
from segnet.data.exports.names import classes_of
from segnet.data.exports.polygons import Patch, fill, ring
from segnet.data.listing import visible
from segnet.data.source import Frame, Source

SPLITS = {"train": "train", "val": "val", "valid": "val", "test": "test"}
MOST_BYTES = 1_000_000
# Polygons drawn over the edge of an image; more than this, and they are pixels.
MOST_SHARE = 1.5


def reader(
    root: str | Path,
    classes: str | Path | None = None,
    background: str | None = None,
) -> Source:
    """Returns the frames of all splits that data.yaml names, sorted.

    Args:
        root: The folder with data.yaml, or a .yaml file.
        classes: Only these classes, in this order; see `names.classes_of`.
        background: "void", or the class of the pixels that nothing covers.

    Raises:
        FileNotFoundError: There is no .yaml file, or a folder of images is missing.
        ValueError: The .yaml file is damaged, or names nothing.
    """
    root = Path(root)
    path = _yaml(root)
    content = _read(path)
    try:
        names = _names(content.get("names"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    table = classes_of(path.parent, names, classes, background)
    frames: dict[Path, Frame] = {}
    unlabelled = 0
    for key, split in SPLITS.items():
        for image in _images(path, content, key):
            if image in frames:
                raise ValueError(
                    f"{path}: {image.name} is in {frames[image].publisher_split} and "
                    f"in {split}"
                )
            label = _label(image)
            unlabelled += not label.is_file()
            # Something must be there for the store to compare on --resume.
            label = label if label.is_file() else path
            name = image.relative_to(path.parent).as_posix()
            frames[image] = replace(frame_of(name, image, label), publisher_split=split)
    if not frames:
        raise FileNotFoundError(
            f"{path}: no image in the folders that train, val and test name"
        )
    notes = table.notes
    if unlabelled:
        notes += (f"{unlabelled} images have no text file: all of them is uncovered",)
    read = _Read(tuple(names))
    return Source(
        "ultralytics",
        root,
        table.class_map,
        tuple(sorted(frames.values(), key=lambda frame: frame.id)),
        AnnotatedLabels(table, read),
        notes=notes,
    )


class _Read:
    """Gives the polygons of a frame; its names are those of data.yaml."""

    def __init__(self, names: tuple[str, ...]):
        self.names = names

    def __call__(self, frame: Frame) -> Annotated:
        if frame.label.suffix != ".txt":
            return Annotated(None, [])
        lines = read_lines(frame.label)
        return Annotated(
            None,
            [
                self._shape(line.split(), f"line {number}")
                for number, line in enumerate(lines, 1)
                if line.strip()
            ],
        )

    def _shape(self, words: list[str], what: str) -> Shape:
        index = words[0]
        if not (index.isascii() and index.isdecimal()) or int(index) >= len(self.names):
            raise ValueError(
                f"{what}: {index!r} is no class, data.yaml has 0 to "
                f"{len(self.names) - 1}"
            )
        if len(words) == 5:
            raise ValueError(f"{what} is a box, not a polygon")
        if len(words) % 2 == 0:
            raise ValueError(f"{what} has {len(words) - 1} coordinates, an odd number")

        def draw(size: tuple[int, int]) -> Patch:
            shares = ring(words[1:])
            if abs(shares).max() > MOST_SHARE:
                raise ValueError(
                    f"{what} has the coordinate {abs(shares).max():.6g}, expected "
                    f"shares from 0 to 1 of width and height; are these pixels?"
                )
            return fill([shares * (size[1], size[0])], size)

        return Shape(self.names[int(index)], draw)


def _yaml(root: Path) -> Path:
    if root.is_file():
        return root
    found = [*visible(root, "*.yaml"), *visible(root, "*.yml")]
    named = [path for path in found if path.stem == "data"]
    if len(named or found) != 1:
        raise wrong_folder(root, "no data.yaml in it")
    return (named or found)[0]


def _read(path: Path) -> dict:
    import yaml

    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path}: {path.stat().st_size} bytes are no data.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path}: no YAML ({text})") from error
    if not isinstance(content, dict) or "names" not in content:
        raise ValueError(f"{path}: no data.yaml of Ultralytics, it has no 'names'")
    return content


def _names(names: Any) -> list[str]:
    if (
        isinstance(names, dict)
        and sorted(names, key=str)
        and all(type(key) is int for key in names)
    ):
        if sorted(names) != list(range(len(names))):
            raise ValueError("the keys of 'names' are not 0, 1, 2 ...")
        names = [names[key] for key in range(len(names))]
    # YAML reads the names `yes` and `1` as other types.
    if not isinstance(names, list) or not all(
        isinstance(name, str | int | float) for name in names
    ):
        raise ValueError("'names' is no list of class names")
    texts = [str(name).strip() for name in names]
    twice = [name for name in texts if texts.count(name) > 1]
    if twice or not texts:
        raise ValueError(f"'names' has {twice[0]!r} twice" if twice else "no 'names'")
    return texts


def _images(path: Path, content: dict, key: str) -> list[Path]:
    """Returns the images of one split."""
    entries = content.get(key)
    if entries is None or entries == "":
        return []
    entries = entries if isinstance(entries, list) else [entries]
    images: list[Path] = []
    for entry in entries:
        if not isinstance(entry, str):
            raise ValueError(f"{path}: {key} is {entry!r}, expected a folder")
        place = _inside(path, content.get("path"), entry, key)
        if place.is_file():
            images += _listed(place, path)
        else:
            found = visible(place, "**/*")
            images += [f for f in found if f.suffix.lower() in IMAGE_SUFFIXES]
    return images


def _listed(place: Path, path: Path) -> list[Path]:
    """Returns the images that a text file lists, a path a line."""
    lines = read_lines(place)
    return [
        _inside(path, "", line.strip(), place.name) for line in lines if line.strip()
    ]


def _inside(path: Path, base: Any, entry: str, key: str) -> Path:
    """Returns a path of data.yaml inside its folder.

    Roboflow writes `../train/images` for a folder beside data.yaml, and `path` is
    often that of another machine.
    """
    folder = path.parent
    parts = PurePosixPath(entry.replace("\\", "/")).parts
    parts = tuple(part for part in parts if part not in ("..", ".", "/"))
    inner = str(base or "").replace("\\", "/").strip("/").rpartition("/")[2]
    for start in range(len(parts)):
        for place in (folder, folder / inner):
            found = place.joinpath(*parts[start:])
            if found.exists() and found.resolve().is_relative_to(folder.resolve()):
                return found
    raise FileNotFoundError(
        f"{path}: {key} names {entry}, which is not in {folder}; nothing outside that "
        f"folder is read"
    )


def _label(image: Path) -> Path:
    """Returns the text file of an image: `labels` in place of the last `images`."""
    parts = list(image.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return Path(*parts).with_suffix(".txt")
