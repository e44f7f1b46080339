"""Virtual KITTI 2.0.3, read from the folders as published.

    Scene01/clone/frames/rgb/Camera_0/rgb_00000.jpg                      JPEG
    Scene01/clone/frames/classSegmentation/Camera_0/classgt_00000.png    8-bit RGB
    Scene01/clone/colors.txt                                             if fetched

Case does not matter in any of these names. Colours stand for classes, never for single
vehicles, and black for void. Copies of the table differ in GuardRail, 250 100 255 or
255 100 255: both are read, and `guard_rail_pixels` counts them.

Source: Cabon, Murray and Humenberger, Virtual KITTI 2, arXiv 2001.10773, 2020. Licence
of the data: CC BY-NC-SA 3.0.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet.classes import VKITTI1, VKITTI2
from segnet.classes.colours import Colour, ColourTable, check_colour
from segnet.data.images import read_colour_labels
from segnet.data.listing import child, chosen, folders, paired, visible
from segnet.data.source import Frame, Source, WrongOption

IMAGES, LABELS, COLOURS = "rgb", "classSegmentation", "colors.txt"
UNDEFINED = "Undefined"
GUARD_RAILS = tuple(
    found.colours[found.id("GuardRail")] for found in (VKITTI2, VKITTI1)
)
TABLE = VKITTI2.colour_to_class | dict.fromkeys(GUARD_RAILS, VKITTI2.id("GuardRail"))


def reader(
    root: str | Path,
    worlds: Iterable[str] | None = None,
    variations: Iterable[str] | None = None,
    cameras: Iterable[str] | None = None,
) -> Source:
    """Returns the frames found below `root`, in the order of their ids.

    A frame's group is its scene and number: all variations and both cameras of a
    moment stay together when frames are split.

    Args:
        root: The folder that holds `Scene01` and so on.
        worlds: Only these, for example ["Scene01"] or ["0001"]; all by default.
        variations: Only these, for example ["clone", "fog"].
        cameras: Only these, ["Camera_0"] is the left one.

    Raises:
        FileNotFoundError: No scene is found, or one file of a pair is missing.
        ValueError: A world, variation or camera does not exist, or a colors.txt
            contradicts the published colours.
    """
    root = Path(root)
    sequences = _sequences(root)
    worlds = chosen(
        "world", _names("Scene", worlds, 2), {world for world, _ in sequences}, root
    )
    if variations is not None:
        variations = [name.lower() for name in variations]
    variations = chosen("variation", variations, {name for _, name in sequences}, root)
    found = {
        sequence: folder
        for sequence, folder in sequences.items()
        if sequence[0] in worlds and sequence[1] in variations
    }
    there = {camera for folder in found.values() for camera in _cameras(folder)}
    if not there:
        have = ", ".join("/".join(sequence) for sequence in sequences)
        raise WrongOption(f"{root}: no frames of the sequences asked for among {have}")
    cameras = chosen("camera", _names("Camera_", cameras, 1), there, root)
    parts = [
        _frames("/".join(sequence), folder, camera)
        for sequence, folder in found.items()
        for camera in sorted(cameras & _cameras(folder))
    ]
    encodings = {
        "/".join(sequence): read_colours(child(folder, COLOURS))
        for sequence, folder in found.items()
    }
    return Source(
        "vkitti2",
        root,
        VKITTI2,
        tuple(frame for frames, _ in parts for frame in frames),
        _Labels(encodings),
        encodings,
        orphans=tuple(line for _, lines in parts for line in lines),
    )


def read_colours(path: str | Path) -> dict[Colour, int]:
    """Returns colour -> class id: the published colours and those of a colors.txt.

    Args:
        path: A header line, then `Category r g b`; the file may be missing.

    Raises:
        ValueError: A line is not of that form, names an unknown class, or gives a
            published colour to another class.
    """
    path, table = Path(path), dict(TABLE)
    if not path.is_file():
        return table
    try:
        lines = path.read_bytes().decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file: {error}") from error
    if not lines or not lines[0].startswith("Category"):
        raise ValueError(
            f"{path}: line 1 is {(lines or [''])[0][:80]!r}, expected 'Category r g b' "
            f"as in Virtual KITTI 2.0.3"
        )
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        name, colour = _row(line, where)
        index = VKITTI2.void if name == UNDEFINED else VKITTI2.id(name)
        if table.setdefault(colour, index) != index:
            raise ValueError(
                f"{where}: {line.strip()!r} gives a colour of another class to {name}; "
                f"without this file the published colours are used"
            )
    return table


def guard_rail_pixels(frame: Frame) -> dict[Colour, int]:
    """Returns how many pixels of a frame have each of the two GuardRail colours."""
    rgb = read_colour_labels(frame.label)
    return {
        colour: int((rgb == np.array(colour, np.uint8)).all(-1).sum())
        for colour in GUARD_RAILS
    }


@dataclass(frozen=True)
class _Labels:
    encodings: Mapping[str, ColourTable]

    def __call__(self, frame: Frame) -> np.ndarray:
        sequence = "/".join(frame.id.split("/")[:2])
        rgb = read_colour_labels(frame.label)
        return VKITTI2.encode(rgb, self.encodings[sequence], source=frame.label)


def _row(line: str, where: str) -> tuple[str, Colour]:
    fields = line.split()
    numbers = fields[1:]
    if len(numbers) != 3 or not all(n.isdecimal() and len(n) <= 3 for n in numbers):
        raise ValueError(f"{where}: {line[:80]!r}, expected `Category r g b`, 0-255")
    if fields[0] not in (*VKITTI2.names, UNDEFINED):
        raise ValueError(
            f"{where}: {fields[0]!r} is not a class of Virtual KITTI 2, which has "
            f"{', '.join(VKITTI2.names)}"
        )
    red, green, blue = (int(number) for number in numbers)
    colour = red, green, blue
    check_colour(colour, where)
    return fields[0], colour


def _names(prefix: str, wanted: Iterable[str] | None, digits: int) -> set[str] | None:
    """`0001`, `1`, `scene01` or `Scene01` as `Scene01`; cameras in the same way."""
    if wanted is None:
        return None
    names = set()
    for text in [wanted] if isinstance(wanted, str) else wanted:
        match = re.fullmatch(rf"(?:{prefix})?(\d{{1,4}})", str(text), re.IGNORECASE)
        names.add(f"{prefix}{int(match[1]):0{digits}d}" if match else str(text))
    return names


def _sequences(root: Path) -> dict[tuple[str, str], Path]:
    """Returns (scene, variation) -> its folder, in the order of the names."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder")
    found: dict[tuple[str, str], Path] = {}
    for scene in folders(root):
        match = re.fullmatch(r"scene(\d+)", scene.name, re.IGNORECASE)
        if match:
            for folder in folders(scene):
                key = f"Scene{match[1]}", folder.name.lower()
                if key in found:
                    raise ValueError(f"{folder}: {found[key]} differs in case only")
                if child(folder, "frames").is_dir():
                    found[key] = folder
    if not found:
        raise FileNotFoundError(
            f"{root}: no Scene01/clone/frames or the like in it; give the folder that "
            f"the tars of Virtual KITTI 2.0.3 were unpacked in"
        )
    return dict(sorted(found.items()))


def _kinds(folder: Path) -> list[Path]:
    return [child(child(folder, "frames"), kind) for kind in (IMAGES, LABELS)]


def _cameras(folder: Path) -> set[str]:
    return {
        path.name.capitalize()
        for kind in _kinds(folder)
        for path in folders(kind)
        if path.name.lower().startswith("camera_")
    }


def _frames(sequence: str, folder: Path, camera: str) -> tuple[list[Frame], list[str]]:
    places = [child(kind, camera) for kind in _kinds(folder)]
    patterns = r"rgb_(\d+)\.jpe?g", r"classgt_(\d+)\.png"
    images, labels = (
        {
            match[1]: path
            for path in visible(place, "*")
            if (match := re.fullmatch(pattern, path.name, re.IGNORECASE))
        }
        for place, pattern in zip(places, patterns, strict=True)
    )
    names, orphans = paired(
        images,
        labels,
        lambda number: places[0] / f"rgb_{number}.jpg",
        lambda number: places[1] / f"classgt_{number}.png",
    )
    if not images and not labels:
        raise FileNotFoundError(f"{places[0]}: no frame in it")
    scene = sequence.partition("/")[0]
    frames = [
        Frame(
            id=f"{sequence}/{camera}/{number}",
            drive=scene,
            group=f"{scene}/{number}",
            image=images[number],
            label=labels[number],
        )
        for number in names
    ]
    return frames, orphans
