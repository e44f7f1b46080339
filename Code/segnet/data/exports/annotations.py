"""Paints the annotations of a frame into class ids, the later over the earlier."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from segnet.data.exports.names import Names
from segnet.data.exports.polygons import Patch
from segnet.data.images import image_size
from segnet.data.source import Frame
from segnet.data.split import named_split

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")


class Shape(NamedTuple):
    """One annotated object.

    Args:
        name: Its class in the export.
        draw: Gives its pixels in a frame of (H, W), and raises ValueError.
    """

    name: str
    draw: Callable[[tuple[int, int]], Patch]


class Annotated(NamedTuple):
    """The annotations of one frame.

    Args:
        size: (H, W) of the image as the export has it, or None.
        shapes: In the order in which they are painted.
    """

    size: tuple[int, int] | None
    shapes: list[Shape]


@dataclass(frozen=True)
class AnnotatedFrame(Frame):
    """A frame of an export that has all annotations in one file.

    Args:
        annotation: Its own part of that file, as JSON.
    """

    annotation: str = ""


@dataclass(frozen=True)
class AnnotatedLabels:
    """Gives the class ids of a frame; what a `Source` calls `read_labels`.

    Args:
        names: The class of each name.
        read: Gives the annotations of a frame, and raises ValueError; a function that
            can be pickled.
    """

    names: Names
    read: Callable[[Frame], Annotated]

    def __call__(self, frame: Frame) -> np.ndarray:
        """Returns (H, W) uint8 ids; raises ValueError with the file's name."""
        where = f"{frame.label}: {frame.image.name}"
        try:
            declared, shapes = self.read(frame)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        size = image_size(frame.image)
        if declared is not None and declared != size:
            raise ValueError(
                f"{where} is {declared[0]}x{declared[1]} there (height x width), but "
                f"the image is {size[0]}x{size[1]}; export both again, at one size and "
                f"upright"
            )
        labels = np.full(size, self.names.rest, np.uint8)
        for number, shape in enumerate(shapes, 1):
            try:
                top, left, mask = shape.draw(size)
                index = self.names.ids[shape.name]
            except (ValueError, KeyError) as error:
                text = error if isinstance(error, ValueError) else "an unknown class"
                raise ValueError(
                    f"{where}, annotation {number} ({shape.name!r}): {text}"
                ) from error
            height, width = mask.shape
            labels[top : top + height, left : left + width][mask] = index
        return labels


def find_image(name: str, places: Iterable[Path]) -> Path | None:
    """Returns the image that an annotation file names, None if no place has it.

    Absolute paths and such as "../a.jpg", of the machine where the labels were made,
    are looked up by their last part: nothing outside the places is read.

    Args:
        name: A path of any system.
        places: Folders to look in, the likeliest first.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    inside = not path.is_absolute() and ".." not in path.parts and ":" not in name
    tries = [path, PurePosixPath(path.name)] if inside else [PurePosixPath(path.name)]
    if "\0" in name or not path.name or path.name == "..":
        return None
    for place in places:
        for relative in tries:
            if (place / relative).is_file():
                return place / relative
    return None


def frame_of(name: str, image: Path, label: Path, annotation: str = "") -> Frame:
    """Returns the frame called `name`, whose folders may name a drive and a split.

    Args:
        name: Path of the image inside the export, with "/".
        image: The image.
        label: The file of its annotations.
        annotation: For an `AnnotatedFrame`.
    """
    stem = PurePosixPath(name).with_suffix("").as_posix()
    drive, _, _ = stem.rpartition("/")
    facts = {
        "id": stem,
        "drive": drive or ".",
        "group": stem,
        "publisher_split": named_split(drive.split("/")),
    }
    if annotation:
        return AnnotatedFrame(**facts, image=image, label=label, annotation=annotation)
    return Frame(**facts, image=image, label=label)
