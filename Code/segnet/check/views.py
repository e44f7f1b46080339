"""One interface to the frames of a dataset and to those of a store."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from segnet.classes import ClassMap
from segnet.classes.colours import Colour, UnknownColour
from segnet.data.images import read_rgb
from segnet.data.masks import UnknownId
from segnet.data.source import Frame, Source
from segnet.data.split import SplitRule, in_words, split_frames
from segnet.data.store import Store


@dataclass(frozen=True)
class Item:
    """One frame and its place.

    Args:
        id: The frame's name.
        split: "train", "val", "test", or "" where the rule leaves it out.
        drive: The video it belongs to, "" if unknown.
        place: The frame of a source, or its index in the split of a store.
    """

    id: str
    split: str
    drive: str
    place: Frame | int


@dataclass(frozen=True)
class Unknown:
    """Colours of a label image that are in no table.

    Args:
        pixels: Number of pixels with such a colour.
        colours: Number of such colours.
        most: The most frequent of them with their pixels, the most frequent first.
    """

    pixels: int
    colours: int
    most: tuple[tuple[Colour, int], ...]

    @classmethod
    def of(cls, error: UnknownColour) -> "Unknown":
        """Returns the colours that a reader refused."""
        return cls(error.pixels, error.colours, error.most)


@dataclass(frozen=True)
class UnknownIds:
    """Ids of a mask that are no class.

    Args:
        most: The most frequent of them with their pixels, the most frequent first.
        values: All values of the mask.
    """

    most: tuple[tuple[int, int], ...]
    values: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """The parts of a frame that could be read.

    Args:
        image: (H, W, 3) uint8 RGB, or None.
        labels: (H, W) uint8 class ids, or None.
        damage: Why something could not be read, apart from unknown colours.
        unknown: The unknown colours, if they are the reason.
        unknown_ids: The ids that are no class, if they are the reason.
    """

    image: np.ndarray | None = None
    labels: np.ndarray | None = None
    damage: tuple[str, ...] = ()
    unknown: Unknown | None = None
    unknown_ids: UnknownIds | None = None


@dataclass(frozen=True)
class SourceView:
    """The frames of a source, each with its split by some rule.

    Args:
        source: The dataset.
        name: Reader and folder.
        split_rule: The rule in words.
        items: The frames.
        refusal: Why `prepare` would refuse the source, "" otherwise.
        size: (H, W) to which `prepare` would resize the frames, or None.
    """

    source: Source
    name: str
    split_rule: str
    items: tuple[Item, ...]
    refusal: str = ""
    size: tuple[int, int] | None = None

    @classmethod
    def of(
        cls,
        source: Source,
        split: SplitRule | str | None = None,
        size: tuple[int, int] | None = None,
    ) -> "SourceView":
        """Returns the view; frames that the default rule cannot split are all "val".

        Args:
            source: The dataset, from a reader.
            split: A rule, its name, or None for the default one.
            size: (H, W) to which `prepare` would resize the frames.

        Raises:
            ValueError: The rule that is given does not fit.
        """
        split, refusal = SplitRule.of(split), ""
        try:
            names, text = split_frames(source.frames, split)
        except ValueError as error:
            if split.changed:
                raise
            refusal = str(error)
            names, text = split_frames(source.frames, "val-only")
        text = in_words(text, Counter(names))
        items = tuple(
            Item(frame.id, name, frame.drive, frame)
            for frame, name in zip(source.frames, names, strict=True)
        )
        name = f"{source.name} in {source.root}"
        return cls(source, name, text, items, refusal, size)

    @property
    def origin(self) -> str:
        """The reader's name, and more where the frames are not the published ones."""
        return self.source.origin

    @property
    def class_map(self) -> ClassMap:
        """Ids, names and display colours."""
        return self.source.class_map

    @property
    def fitted_size(self) -> tuple[int, int] | None:
        """(H, W) to which frames of several sizes are fitted, or None."""
        return self.size or self.source.size

    @property
    def orphans(self) -> tuple[str, ...]:
        """A line for each file without its partner."""
        return self.source.orphans

    @property
    def notes(self) -> tuple[str, ...]:
        """How the labels are read."""
        return self.source.notes

    @property
    def grey_ids(self) -> bool:
        """Whether the labels are ids as the files hold them."""
        return self.source.grey_ids

    def read(self, item: Item) -> Reading:
        """Returns the readable parts of a frame; a bad file raises nothing."""
        frame = item.place
        image, image_error = _attempt(lambda: np.asarray(read_rgb(frame.image)))
        labels, label_error = _attempt(lambda: self.source.read_labels(frame))
        unknown = unknown_ids = None
        if isinstance(label_error, UnknownColour):
            unknown, label_error = Unknown.of(label_error), None
        elif isinstance(label_error, UnknownId):
            unknown_ids = UnknownIds(label_error.most, label_error.values)
            label_error = None
        damage = (str(error) for error in (image_error, label_error) if error)
        return Reading(image, labels, tuple(damage), unknown, unknown_ids)

    def light(self) -> "SourceView":
        """Returns the view without its list of frames, as worker processes need it."""
        return replace(self, source=replace(self.source, frames=()), items=())


@dataclass(frozen=True)
class StoreView:
    """The frames of an open store."""

    store: Store
    items: tuple[Item, ...]

    @classmethod
    def of(cls, store: Store) -> "StoreView":
        """Returns the view of all splits."""
        return cls(
            store,
            tuple(
                Item(frame_id, name, "", index)
                for name in store.splits
                for index, frame_id in enumerate(store[name].frame_ids)
            ),
        )

    @property
    def name(self) -> str:
        """The file."""
        return str(self.store.path)

    @property
    def split_rule(self) -> str:
        """The rule in words."""
        return str(self.store.attributes.get("split_rule", "unknown"))

    @property
    def origin(self) -> str:
        """`Source.origin` of what the store was made from."""
        return str(self.store.attributes.get("source", ""))

    @property
    def class_map(self) -> ClassMap:
        """Ids, names and display colours."""
        return self.store.class_map

    @property
    def fitted_size(self) -> None:
        """None: all frames of a store have one size."""
        return None

    @property
    def refusal(self) -> str:
        """Nothing: a store is prepared."""
        return ""

    @property
    def orphans(self) -> tuple[str, ...]:
        """None: a store holds whole frames."""
        return ()

    @property
    def notes(self) -> tuple[str, ...]:
        """How the labels were read."""
        return tuple(str(self.store.attributes.get("notes", "")).splitlines())

    @property
    def grey_ids(self) -> bool:
        """Whether the labels were ids in the files that the store was made from."""
        return bool(self.store.attributes.get("grey_ids", False))

    def read(self, item: Item) -> Reading:
        """Returns the readable parts of a frame; a bad one raises nothing."""
        found, error = _attempt(lambda: self.store[item.split].read([item.place]))
        if error:
            return Reading(damage=(str(error),))
        images, labels = found
        return Reading(images[0], labels[0])

    def light(self) -> "StoreView":
        """Returns the view without its list of frames, as worker processes need it."""
        return replace(self, items=())


View = SourceView | StoreView


def _attempt(read: Callable) -> tuple:
    """Returns the result and the error, one of them None."""
    try:
        return read(), None
    except (ValueError, OSError) as error:
        return None, error
