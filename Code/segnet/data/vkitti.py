"""Virtual KITTI 1.3.1, read from the folders as published.

    vkitti_1.3.1_rgb/<world>/<variation>/00000.png        8-bit RGB
    vkitti_1.3.1_scenegt/<world>/<variation>/00000.png    8-bit RGB, a colour a class
    vkitti_1.3.1_scenegt/<world>_<variation>_scenegt_rgb_encoding.txt

Each car and van has a colour of its own, and the same colour can mean another class in
another world or variation, so each of these has its own table.

Source: Gaidon et al., Virtual Worlds as Proxy for Multi-Object Tracking Analysis,
CVPR 2016. Licence of the data: CC BY-NC-SA 3.0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from segnet.classes import VKITTI1, ClassMap
from segnet.classes.colours import Colour, ColourTable, check_colour
from segnet.data.images import read_colour_labels
from segnet.data.listing import chosen, folders, paired, visible
from segnet.data.source import Frame, Source, WrongOption

IMAGES = "vkitti_1.3.1_rgb"
LABELS = "vkitti_1.3.1_scenegt"
# `segnet render` puts such a note beside a sequence that it made.
RENDERED = "rendered_{world}_{variation}.json"
HEADER = ["Category(:id)", "r", "g", "b"]


def reader(
    root: str | Path,
    worlds: Iterable[str] | None = None,
    variations: Iterable[str] | None = None,
) -> Source:
    """Returns the frames found below `root`, in the order of their ids.

    Args:
        root: The folder that holds `vkitti_1.3.1_rgb` and `vkitti_1.3.1_scenegt`.
        worlds: Only these, for example ["0001"]; all by default.
        variations: Only these, for example ["clone", "fog"].

    Raises:
        FileNotFoundError: A folder, an encoding file or one frame of a pair is
            missing.
        ValueError: A world or variation does not exist, or an encoding file is not as
            published.
    """
    return source("vkitti1", VKITTI1, root, worlds, variations)


def source(
    name: str,
    class_map: ClassMap,
    root: str | Path,
    worlds: Iterable[str] | None,
    variations: Iterable[str] | None,
    instances: Mapping[str, str] = MappingProxyType({}),
) -> Source:
    """Returns the frames below `root` in the classes of a map.

    Args:
        name: Name of the source.
        class_map: Has all classes of Virtual KITTI 1, with the same ids.
        root: As in `reader`, like the next two.
        worlds: Only these.
        variations: Only these.
        instances: As in `read_encoding`.
    """
    root = Path(root)
    sequences = _sequences(root, worlds, variations)
    encodings = {
        f"{world}/{variation}": read_encoding(
            root / LABELS / f"{world}_{variation}_scenegt_rgb_encoding.txt",
            class_map,
            instances,
        )
        for world, variation in sequences
    }
    found = [_frames(root, world, variation) for world, variation in sequences]
    notes = [root / RENDERED.format(world=w, variation=v) for w, v in sequences]
    rendered = any(note.is_file() for note in notes)
    return Source(
        name,
        root,
        class_map,
        tuple(frame for frames, _ in found for frame in frames),
        _Labels(class_map, encodings),
        encodings,
        made_by="rendered by segnet" if rendered else "",
        orphans=tuple(line for _, lines in found for line in lines),
    )


def read_encoding(
    path: str | Path,
    class_map: ClassMap = VKITTI1,
    instances: Mapping[str, str] = MappingProxyType({}),
) -> dict[Colour, int]:
    """Returns colour -> class id from a `..._scenegt_rgb_encoding.txt` file.

    Args:
        path: A text file: a header line, then `Category r g b` or, for a car or a
            van, `Category:instance r g b`.
        class_map: Has all classes of Virtual KITTI 1, with the same ids.
        instances: `Category:instance` -> its class, where that is not the category.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: A line is not of that form, names a class that Virtual KITTI 1
            does not have, or repeats a colour or a category; the message gives file
            and line.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such encoding file; each world and variation needs its own"
        )
    try:
        lines = path.read_bytes().decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file: {error}") from error
    if not lines or lines[0].split() != HEADER:
        found = lines[0][:80] if lines else ""
        raise ValueError(
            f"{path}: line 1 is {found!r}, expected {' '.join(HEADER)!r} as in "
            f"Virtual KITTI 1.3.1"
        )
    table: dict[Colour, int] = {}
    categories: set[str] = set()
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        category, colour = _row(line, f"{path}: line {number}")
        name = instances.get(category, category.partition(":")[0])
        index = class_map.id(name)
        if category in categories or table.get(colour, index) != index:
            raise ValueError(
                f"{path}: line {number} repeats a category, or gives a colour to a "
                f"second class: {line.strip()!r}"
            )
        categories.add(category)
        table[colour] = index
    if not table:
        raise ValueError(f"{path}: only a header, no class")
    return table


@dataclass(frozen=True)
class _Labels:
    class_map: ClassMap
    encodings: Mapping[str, ColourTable]

    def __call__(self, frame: Frame) -> np.ndarray:
        rgb = read_colour_labels(frame.label)
        sequence = frame.id.rpartition("/")[0]
        table = self.encodings[sequence]
        return self.class_map.encode(rgb, table, source=frame.label)


def _row(line: str, where: str) -> tuple[str, Colour]:
    fields = line.split()
    if len(fields) != 4 or not all(_is_byte(field) for field in fields[1:]):
        raise ValueError(f"{where}: {line[:80]!r}, expected `Category r g b`, 0-255")
    category = fields[0]
    red, green, blue = (int(field) for field in fields[1:])
    name, colon, instance = category.partition(":")
    if name not in VKITTI1.names:
        raise ValueError(
            f"{where}: {name!r} is not a class of Virtual KITTI 1, which has "
            f"{', '.join(VKITTI1.names)}"
        )
    if colon and not instance:
        raise ValueError(f"{where}: {category!r} has no instance after its colon")
    colour = red, green, blue
    check_colour(colour, where)
    return category, colour


def _is_byte(field: str) -> bool:
    return field.isdecimal() and len(field) <= 3


def _sequences(
    root: Path, worlds: Iterable[str] | None, variations: Iterable[str] | None
) -> list[tuple[str, str]]:
    for folder in (IMAGES, LABELS):
        if not (root / folder).is_dir():
            raise FileNotFoundError(
                f"{root / folder}: no such folder; give the folder that holds "
                f"{IMAGES} and {LABELS}"
            )
    found = sorted(
        {
            (world.name, folder.name)
            for kind in (IMAGES, LABELS)
            for world in folders(root / kind)
            for folder in folders(world)
        }
    )
    if not found:
        raise FileNotFoundError(f"{root / IMAGES}: no <world>/<variation> folder in it")
    worlds = chosen("world", worlds, {world for world, _ in found}, root)
    variations = chosen("variation", variations, {name for _, name in found}, root)
    sequences = [(w, v) for w, v in found if w in worlds and v in variations]
    if not sequences:
        have = ", ".join("/".join(sequence) for sequence in found)
        raise WrongOption(f"{root}: none of the sequences asked for, it has {have}")
    return sequences


def _frames(root: Path, world: str, variation: str) -> tuple[list[Frame], list[str]]:
    images, labels = (
        {path.stem: path for path in visible(root / kind / world / variation, "*.png")}
        for kind in (IMAGES, LABELS)
    )
    names, orphans = paired(
        images,
        labels,
        lambda name: root / IMAGES / world / variation / f"{name}.png",
        lambda name: root / LABELS / world / variation / f"{name}.png",
    )
    if not images and not labels:
        raise FileNotFoundError(f"{root / IMAGES / world / variation}: no frame in it")
    frames = [
        Frame(
            id=f"{world}/{variation}/{name}",
            drive=world,
            group=f"{world}/{name}",
            image=images[name],
            label=labels[name],
        )
        for name in names
    ]
    return frames, orphans
