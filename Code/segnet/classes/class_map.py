"""Class maps: which id, name and display colour each class of a dataset has.

The order of the rows is the order of the ids, and it never changes: a trained
network's last layer counts on it. A `ClassMap` is saved as JSON, which is
authoritative, and as a pickle of plain dictionaries for programs that want one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet.classes import files as class_files
from segnet.classes import tables as class_tables
from segnet.classes.colours import (
    VOID_COLOUR,
    VOID_COLOURS,
    Colour,
    ColourTable,
    check_colour,
    look_up,
)
from segnet.system.files import replacing


@dataclass(frozen=True)
class ClassMap:
    """Names and display colours of the classes 0 to K-1, in the order of the ids.

    Args:
        name: Name of the map, for example "vkitti1".
        names: K class names, K from 1 to 255.
        colours: K RGB triples, 0-255. Black is void, unless a class has it.
        void: Id of pixels without a class, K to 255.

    Raises:
        ValueError: Names or colours repeat, or a value is out of range.
    """

    name: str
    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    void: int = 255

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "colours", tuple(tuple(c) for c in self.colours))
        _check_rows(f"class map {self.name!r}", self.names, self.colours)
        if type(self.name) is not str or not self.name:
            raise ValueError(f"a class map cannot be called {self.name!r}")
        if type(self.void) is not int or not self.num_classes <= self.void <= 255:
            raise ValueError(
                f"class map {self.name!r}: void is {self.void!r}, expected an integer "
                f"from {self.num_classes} (the number of classes) to 255"
            )

    @property
    def num_classes(self) -> int:
        """K, the number of classes, void not counted."""
        return len(self.names)

    @property
    def colour_to_class(self) -> dict[Colour, int]:
        """Display colour -> id, with black for void unless it is a class's."""
        table = {colour: index for index, colour in enumerate(self.colours)}
        return {VOID_COLOUR: self.void} | table

    @property
    def void_colour(self) -> Colour:
        """Display colour of void: black, or another one where a class is black."""
        free = (colour for colour in VOID_COLOURS if colour not in self.colours)
        return next(free, VOID_COLOUR)

    def id(self, name: str) -> int:
        """Returns the id of the class called `name`.

        Raises:
            ValueError: The name is unknown; the message lists the known ones.
        """
        if name not in self.names:
            raise ValueError(
                f"{name!r} is not a class of {self.name}, which has "
                f"{', '.join(self.names)}"
            )
        return self.names.index(name)

    def encode(
        self,
        rgb: np.ndarray,
        table: ColourTable | None = None,
        source: str | Path | None = None,
    ) -> np.ndarray:
        """Returns the class id of every pixel of a colour-coded label image.

        Args:
            rgb: (H, W, 3) uint8 colours.
            table: Colour -> id, if labels have other colours than the display
                colours, such as the instance colours of Virtual KITTI 1
                (`vkitti.read_encoding`).
            source: The file of the pixels, for the error message.

        Returns:
            (H, W) uint8 class ids, void included.

        Raises:
            UnknownColour: A colour is not in the table; a ValueError.
            ValueError: The array is not an RGB image.
        """
        where = self.name if source is None else f"{source} ({self.name})"
        return look_up(rgb, self.colour_to_class if table is None else table, where)

    def colourise(self, ids: np.ndarray) -> np.ndarray:
        """Returns the display colours of class ids; void has `void_colour`.

        Args:
            ids: (..., H, W) integer class ids, void allowed.

        Returns:
            (..., H, W, 3) uint8 RGB.

        Raises:
            ValueError: An id is neither a class nor void.
        """
        ids = np.asarray(ids)
        wrong = ids[((ids < 0) | (ids >= self.num_classes)) & (ids != self.void)]
        if wrong.size:
            raise ValueError(
                f"id {wrong[0]} is not in {self.name}, which has 0 to "
                f"{self.num_classes - 1} and void {self.void}"
            )
        palette = np.full((256, 3), self.void_colour, np.uint8)
        palette[: self.num_classes] = self.colours
        return palette[ids]

    def to_json(self) -> str:
        """Returns the map as JSON text, one class a line."""
        return class_files.to_json(self._fields())

    @classmethod
    def from_json(cls, text: str) -> "ClassMap":
        """Returns the map of a text from `to_json`.

        Raises:
            ValueError: The text is not such JSON, or is of a newer version.
        """
        return cls(*class_files.from_json(text))

    def save(
        self,
        path: str | Path,
        encodings: Mapping[str, ColourTable] | None = None,
    ) -> None:
        """Writes the map to a `.json` or `.pkl` file.

        The pickle holds dictionaries, lists, tuples, strings and integers only:
        `name`, `names`, `name_to_class`, `colour_to_class`, `class_to_colour`,
        `void`, `version` and `encodings`.

        Args:
            path: File name; the suffix chooses the format.
            encodings: Colour -> id for each sequence, for the pickle; for example
                `{"0001/sunset": {(200, 200, 200): 12}}`.
        """
        content = self.to_bytes(class_files.form(Path(path)), encodings)
        with replacing(path) as part:
            part.write_bytes(content)

    def to_bytes(
        self, form: str, encodings: Mapping[str, ColourTable] | None = None
    ) -> bytes:
        """Returns the content of a file with the suffix `form`."""
        if form == ".json":
            return self.to_json().encode()
        return class_files.to_pickle(self._fields(), encodings or {})

    @classmethod
    def load(cls, path: str | Path) -> "ClassMap":
        """Returns the map saved at `path`, compared with the other form beside it.

        Args:
            path: A `.json` or `.pkl` file. If the other one is beside it, both must
                agree.

        Raises:
            FileNotFoundError: The file is missing.
            ValueError: The file is damaged or hostile, or the two disagree.
        """
        path = Path(path)
        other = path.with_suffix(class_files.OTHER_FORM[class_files.form(path)])
        fields = class_files.read(path)
        if other.exists():
            where = class_files.difference(fields, class_files.read(other))
            if where:
                raise ValueError(
                    f"{path} and {other.name} beside it disagree: {where}; the .json "
                    f"is authoritative, delete or rewrite the .pkl"
                )
        try:
            return cls(*fields)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def _fields(self) -> class_files.Fields:
        return class_files.Fields(self.name, self.names, self.colours, self.void)


def _check_rows(where: str, names: tuple, colours: tuple) -> None:
    if not 1 <= len(names) <= 255 or len(names) != len(colours):
        raise ValueError(
            f"{where}: {len(names)} names and {len(colours)} colours, expected 1 to "
            f"255, and the same number of both"
        )
    for name in names:
        if type(name) is not str or not name:
            raise ValueError(f"{where}: {name!r} is not a class name")
    for colour in colours:
        check_colour(colour, where)
    for values in (names, colours):
        twice = [value for value in values if values.count(value) > 1]
        if twice:
            raise ValueError(f"{where}: {twice[0]} is used twice")


def class_map(name: str, rows: class_tables.Rows) -> ClassMap:
    """Returns the class map of (name, colour) rows; void is 255."""
    names, colours = zip(*rows, strict=True)
    return ClassMap(name, names, colours)


VKITTI1 = class_map("vkitti1", class_tables.VKITTI1)
VKITTI2 = class_map("vkitti2", class_tables.VKITTI2)
CITY16 = class_map("city16", class_tables.CITY16)
CAMVID11 = class_map("camvid11", class_tables.CAMVID11)
CAMVID32 = class_map("camvid32", class_tables.CAMVID32)
CITYSCAPES19 = class_map("cityscapes19", class_tables.CITYSCAPES19)
CITYSCAPES10 = class_map("cityscapes10", class_tables.CITYSCAPES10)
CATEGORIES6 = class_map("categories6", class_tables.CATEGORIES6)

CLASS_MAPS = {
    found.name: found
    for found in (
        *(VKITTI1, VKITTI2, CITY16, CAMVID11, CAMVID32),
        *(CITYSCAPES19, CITYSCAPES10, CATEGORIES6),
    )
}
