"""Finds a dataset by its name, and maps its classes to those of another one."""

import inspect
import pickle
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segnet.classes.mappings import find_mapping
from segnet.data import READERS
from segnet.data.source import Frame, Reader, Source, WrongOption
from segnet.system.own_parts import OwnPart, find_own


def find_source(
    name: str,
    root: str | Path,
    classes: str | Path | None = None,
    *,
    partial: bool = False,
    drive: str | None = None,
    **options: Any,
) -> Source:
    """Returns the frames and labels that the reader called `name` finds below `root`.

    Args:
        name: Key of `segnet.data.READERS`.
        root: Folder of the dataset, or of the images for "folder".
        classes: For "folder" the JSON file of its class map; for any other source a
            key of `segnet.classes.mappings.MAPPINGS`, in whose classes the labels
            are given.
        partial: Accept files without partners, as `Reader` does.
        drive: A regular expression that finds the drive in the name of each frame, in
            its first group if it has one.
        options: Options of the reader; None counts as not given. `worlds`: only these
            worlds of Virtual KITTI, or cities of Cityscapes; `variations`: only these
            of Virtual KITTI; `cameras`: only these of Virtual KITTI 2; `masks`: the
            folder of the masks, for "folder", and `ids`, `first_id`, `void` and
            `palette`, what these hold.

    Raises:
        Incomplete: Some files have no partner; a FileNotFoundError.
        FileNotFoundError: A folder of the dataset is missing.
        WrongOption: The mapping is unknown, or an option does not fit.
        ValueError: The source is unknown, or its files are not as expected.
    """
    reader = find_reader(name)
    if "classes" in reader.options:
        source = reader(root, partial=partial, classes=classes, **options)
    else:
        source = reader(root, partial=partial, **options)
        if classes is not None:
            try:
                source = with_classes(source, str(classes))
            except ValueError as error:
                raise WrongOption(str(error)) from error
    return source if drive is None else with_drives(source, drive)


def find_reader(name: str) -> Reader:
    """Returns the reader of a name, or a user's own.

    Args:
        name: Key of `READERS`, or what `segnet.system.own_parts` takes: a function
            `reader(root, **options) -> Source`.

    Raises:
        FileNotFoundError: The user's file is missing.
        ValueError: There is no such reader.
    """
    if name in READERS:
        return READERS[name]
    part = find_own(name, "readers")
    if part is None:
        raise ValueError(
            f"source {name!r}, expected one of {', '.join(READERS)}, or a function of "
            f"yours, my_reader.py:name"
        )
    _, *options = inspect.signature(part.function).parameters
    return OwnReader(name, "", tuple(options), published=False, part=part)


@dataclass(frozen=True)
class OwnReader(Reader):
    """A reader that a user wrote.

    Args:
        part: The function; its arguments beside the folder are options.
    """

    part: OwnPart | None = None

    def _source(self, root: str | Path, given: dict[str, Any]) -> Source:
        if self.part is None:
            raise ValueError(f"{self.name}: no function")
        source = self.part(Path(root), **given)
        if not isinstance(source, Source):
            raise ValueError(
                f"{self.name}: it returned a {type(source).__name__}, expected a "
                f"segnet.data.Source"
            )
        if not source.frames and not source.orphans:
            raise FileNotFoundError(f"{self.name}: it found no frames in {root}")
        twice = Counter(frame.id for frame in source.frames).most_common(1)
        if twice and twice[0][1] > 1:
            raise ValueError(f"{self.name}: {twice[0][0]} names {twice[0][1]} frames")
        read_labels = _OwnLabels(self.part, source.read_labels)
        return replace(source, name=self.name, read_labels=read_labels)


class _OwnLabels:
    """Calls a user's `read_labels`, in worker processes too, and checks its result.

    Python knows functions by their modules, and workers have not read the user's file:
    it is read there before the function is looked up.
    """

    def __init__(self, part: OwnPart, read: Callable[[Frame], np.ndarray]):
        self.part, self.read = part, read
        try:
            pickle.dumps(read)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(
                f"{part.text}: read_labels cannot be sent to worker processes "
                f"({error}); define it at the top of the file, not inside a function"
            ) from error

    def __call__(self, frame: Frame) -> np.ndarray:
        labels = replace(self.part, function=self.read)(frame)
        kind, shape = getattr(labels, "dtype", None), getattr(labels, "shape", ())
        if kind != np.uint8 or len(shape) != 2:
            raise ValueError(
                f"{frame.label}: {self.part.text} gave {kind} {shape} for its labels, "
                f"expected uint8 (H, W)"
            )
        return labels

    def __getstate__(self) -> tuple[str, bytes]:
        place, _, name = self.part.text.rpartition(":")
        if place.endswith(".py"):
            place = str(Path(place).resolve())
        return f"{place}:{name}" if place else name, pickle.dumps(self.read)

    def __setstate__(self, state: tuple[str, bytes]) -> None:
        text, read = state
        part = find_own(text, "readers")
        if part is None:
            raise ValueError(f"{text}: no such reader")
        self.part, self.read = part, pickle.loads(read)


def with_drives(source: Source, pattern: str) -> Source:
    """Returns the source with the drives that a pattern finds in the frames' names.

    Args:
        source: What a reader found.
        pattern: As `drive` of `find_source`.

    Raises:
        WrongOption: It is no regular expression, or a name does not match.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise WrongOption(f"--drive {pattern}: {error}") from error
    found = [expression.search(frame.id) for frame in source.frames]
    unmatched = [f.id for f, m in zip(source.frames, found, strict=True) if not m]
    if unmatched:
        raise WrongOption(
            f"--drive {pattern} matches nothing in {len(unmatched)} of "
            f"{len(found)} names, such as {unmatched[0]}"
        )
    frames = tuple(
        replace(frame, drive=match[1 if expression.groups else 0] or "")
        for frame, match in zip(source.frames, found, strict=True)
        if match
    )
    return replace(source, frames=frames)


def reader_of(origin: str) -> Reader | None:
    """Returns the reader behind `Source.origin`, None where no reader made the frames.

    Args:
        origin: That text, also found in the attribute `source` of a store.
    """
    return READERS.get(origin.partition(",")[0])


def with_classes(source: Source, mapping: str) -> Source:
    """Returns the source with its labels, class map and encodings mapped.

    Args:
        source: What a reader found.
        mapping: Key of `segnet.classes.mappings.MAPPINGS`; classes that its target does
            not have become void.

    Raises:
        ValueError: The mapping is unknown, or does not know these classes.
    """
    found = find_mapping(mapping)
    ids = found.label_ids(source.class_map)
    return replace(
        source,
        class_map=found.target,
        read_labels=_MappedLabels(source.read_labels, ids),
        encodings={
            sequence: {colour: int(ids[index]) for colour, index in table.items()}
            for sequence, table in source.encodings.items()
        },
    )


@dataclass(frozen=True)
class _MappedLabels:
    read_labels: Callable[[Frame], np.ndarray]
    ids: np.ndarray

    def __call__(self, frame: Frame) -> np.ndarray:
        return self.ids[self.read_labels(frame)]
