"""The result of a reader: the frames of a dataset and a function for their labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segnet.system.text import shown

if TYPE_CHECKING:
    import numpy as np

    from segnet.classes import ClassMap

SPLITS = ("train", "val", "test")


# The most names that one message lists.
NAMED = 20


class Incomplete(FileNotFoundError):
    """Images or label images of a dataset lack their partners."""

    def __init__(self, orphans: Sequence[str]):
        rest = len(orphans) - NAMED
        more = [f"and {rest} more"] if rest > 0 else []
        way_out = "complete the copy, or leave these frames out (--skip-bad)"
        text = f"{orphans[0]}; {way_out}" if orphans else way_out
        if len(orphans) > 1:
            lines = "\n  ".join([*orphans[:NAMED], *more])
            count = f"{len(orphans)} files have no partner that can be read"
            text = f"{count}; {way_out}:\n  {lines}"
        super().__init__(text)


class WrongOption(ValueError):
    """An option does not fit the dataset, whose files need not be at fault."""


@dataclass(frozen=True)
class Frame:
    """One image with its label image.

    Args:
        id: Unique name within the source, for example "0001/sunset/00042".
        drive: The video, world or city it belongs to; neighbours in a drive look
            alike.
        group: Frames of one group show the same view, as the variations of a
            Virtual KITTI frame do; groups of a drive sort in the order of time.
        image: Image file.
        label: Label file.
        publisher_split: "train", "val" or "test" as published, "" without such a split.
    """

    id: str
    drive: str
    group: str
    image: Path
    label: Path
    publisher_split: str = ""


@dataclass(frozen=True)
class Source:
    """A dataset as a reader found it.

    Args:
        name: Key of `READERS`.
        root: The folder it was read from.
        class_map: Ids, names and display colours.
        frames: At least one frame, sorted; none only where all files are `orphans`.
        read_labels: Gives a frame's class ids, (H, W) uint8, and raises ValueError
            with the file's name; picklable, since worker processes call it.
        encodings: Colour -> id for each sequence, where the dataset has such tables.
        size: (H, W) that frames are cropped or padded to at the right and the bottom,
            where their sizes differ; by default all must have one size.
        made_by: How the frames came about, where they are not the published ones:
            "rendered by segnet".
        orphans: A line for each image or label image without its partner.
        notes: Sentences on how the files are read, for `check` and `prepare` to print.
        grey_ids: The labels are ids as the files hold them, so that a class that
            occurs nowhere may be a wrong id.

    Raises:
        ValueError: The name of a frame is not UTF-8.
    """

    name: str
    root: Path
    class_map: ClassMap
    frames: tuple[Frame, ...]
    read_labels: Callable[[Frame], np.ndarray]
    encodings: Mapping[str, Mapping[tuple[int, int, int], int]] = field(
        default_factory=dict
    )
    size: tuple[int, int] | None = None
    made_by: str = ""
    orphans: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    grey_ids: bool = False

    def __post_init__(self) -> None:
        for frame in self.frames:
            try:
                frame.id.encode()
            except UnicodeEncodeError:
                # Neither a store nor a page could hold the name.
                raise ValueError(
                    f"{shown(frame.image)}: its name is not UTF-8; rename it"
                ) from None

    @property
    def origin(self) -> str:
        """Name and `made_by`, as a store keeps them in its attribute `source`."""
        return f"{self.name}, {self.made_by}" if self.made_by else self.name


@dataclass(frozen=True)
class Reader:
    """Finds the frames of one dataset: `READERS["vkitti1"](root, worlds=["0001"])`.

    Args:
        name: Key of `READERS`.
        module: Holds the function `reader(root, **options)`. It loads when called, so
            that naming it costs no import.
        options: What that function takes besides the folder.
        published: The labels follow a published table, which defines void. False for a
            user's own labels.
        about: What it reads, in a few words.
        example: The words after `segnet prepare`.
    """

    name: str
    module: str
    options: tuple[str, ...] = ()
    published: bool = True
    about: str = ""
    example: str = ""

    def __call__(
        self, root: str | Path, *, partial: bool = False, **options: Any
    ) -> Source:
        """Returns the source below `root`; options that are None count as not given.

        Args:
            root: Folder of the dataset.
            partial: Accept images and label images without their partners; they are
                the `orphans` of the source.
            options: Of this reader.

        Raises:
            Incomplete: Some images or label images have no partner, or all of them
                although `partial` is set; a FileNotFoundError.
            FileNotFoundError: A folder is missing.
            WrongOption: The dataset has no such option, or nothing that fits it.
        """
        given = {name: value for name, value in options.items() if value is not None}
        for name in given.keys() - set(self.options):
            known = f"only {', '.join(self.options)}" if self.options else "nothing"
            raise WrongOption(
                f"{self.name} has no {name} to choose: apart from its folder it takes "
                f"{known}"
            )
        source = self._source(root, given)
        if source.orphans and not (partial and source.frames):
            raise Incomplete(source.orphans)
        return source

    def _source(self, root: str | Path, given: dict[str, Any]) -> Source:
        return import_module(self.module).reader(root, **given)
