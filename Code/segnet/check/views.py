"""One interface to the frames of a dataset and to those of a store."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from segnet.classes import ClassMap
from segnet.classes.colours import Colour, UnknownColour
from segnet.data.images import read_rgb
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
class Reading:
    """The parts of a frame that could be read.

    Args:
        image: (H, W, 3) uint8 RGB, or None.
        labels: (H, W) uint8 class ids, or None.
        damage: Why something could not be read, apart from unknown colours.
        unknown: The unknown colours, if they are the reason.
    """

    image: np.ndarray | None = None
    labels: np.ndarray | None = None
    damage: tuple[str, ...] = ()
    unknown: Unknown | None = None


@dataclass(frozen=True)
class SourceView:
    """The frames of a source, each with its split by some rule."""

    source: Source
    name: str
    split_rule: str
    items: tuple[Item, ...]

    @classmethod
    def of(cls, source: Source, split: SplitRule | str | None = None) -> "SourceView":
        """Returns the view; frames too few for the default rule are all "val".

        Args:
            source: The dataset, from a reader.
            split: A rule, its name, or None for the default one.

        Raises:
            ValueError: The rule does not fit, or none is given and only some frames
                have a published split.
        """
        split, few = SplitRule.of(split), ""
        rule = split.resolved(source.frames)
        try:
            names, text = split_frames(source.frames, rule)
        except ValueError:
            if split.changed:
                raise
            names, text = split_frames(source.frames, "val-only")
            few = "; there are too few to split by default"
        text = in_words(text, Counter(names)) + few
        items = tuple(
            Item(frame.id, name, frame.drive, frame)
            for frame, name in zip(source.frames, names, strict=True)
        )
        return cls(source, f"{source.name} in {source.root}", text, items)

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
        """(H, W) to which frames of several sizes are cropped or padded, or None."""
        return self.source.size

    def read(self, item: Item) -> Reading:
        """Returns the readable parts of a frame; a bad file raises nothing."""
        frame = item.place
        image, image_error = _attempt(lambda: np.asarray(read_rgb(frame.image)))
        labels, label_error = _attempt(lambda: self.source.read_labels(frame))
        unknown = None
        if isinstance(label_error, UnknownColour):
            unknown, label_error = Unknown.of(label_error), None
        damage = (str(error) for error in (image_error, label_error) if error)
        return Reading(image, labels, tuple(damage), unknown)

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
