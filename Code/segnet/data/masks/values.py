"""Says which class each value of a grey mask stands for.

The options are `--ids`, `--first-id` and `--void`. Without them the value is the id of
the class, and the class map's void is void.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from segnet.classes import ClassMap
from segnet.classes.reading import LabelClasses
from segnet.data.source import WrongOption

VALUES = 1 << 16
UNKNOWN = -1
VOID = "void"
MOST_KEPT = 8

Ids = Mapping[int, str] | str


class UnknownId(ValueError):
    """Pixels of a grey mask have values that stand for no class.

    Args:
        where: The file.
        class_map: Of the classes.
        most: The most frequent of these values, each with its number of pixels.
        values: All values of the mask.
    """

    def __init__(
        self,
        where: str,
        class_map: ClassMap,
        most: tuple[tuple[int, int], ...],
        values: tuple[int, ...],
    ):
        # All are arguments of the base class, so that the error can be pickled.
        super().__init__(where, class_map, most, values)
        self.where, self.class_map, self.most, self.values = self.args

    def __str__(self) -> str:
        value, count = self.most[0]
        class_map = self.class_map
        return (
            f"{self.where}: id {value} on {count} pixels, {class_map.name} has 0 to "
            f"{class_map.num_classes - 1} and void {class_map.void}; "
            f"{likely_values(class_map, self.values)}"
        )


def value_table(
    classes: LabelClasses,
    ids: Ids | None = None,
    first_id: int | None = None,
    void: str | int | Iterable[int] | None = None,
) -> np.ndarray:
    """Returns the id of each value of a mask, (65536,) int16, -1 where it has none.

    Args:
        classes: And what stands for them in masks without options.
        ids: Value -> name of its class or "void", as a mapping or as the text
            "0=background,255=car"; values that are not listed have no id.
        first_id: The value of class 0; class 1 has the next one, and so on.
        void: Further values that are void, for example 0 or "0,254".

    Raises:
        WrongOption: A value or name is wrong, or `ids` and `first_id` are both given.
    """
    class_map, table = classes.class_map, np.full(VALUES, UNKNOWN, np.int16)
    # An option below may give this value to a class.
    table[class_map.void] = class_map.void
    if ids is not None and first_id is not None:
        raise WrongOption("both --ids and --first-id; --ids names every value already")
    if first_id is not None:
        if not 0 <= first_id <= VALUES - class_map.num_classes:
            raise WrongOption(f"--first-id {first_id}, expected 0 or more")
        table[first_id : first_id + class_map.num_classes] = range(
            class_map.num_classes
        )
    elif ids is None:
        table[list(classes.ids)] = list(classes.ids.values())
    else:
        for value, name in _pairs(ids):
            _check_value(value)
            table[value] = class_map.void if name == VOID else _id(class_map, name)
    for value in _values(void):
        _check_value(value)
        table[value] = class_map.void
    return table


def in_words(
    ids: Ids | None = None,
    first_id: int | None = None,
    void: str | int | Iterable[int] | None = None,
) -> str:
    """Returns these options of `value_table` as a sentence, "" without any."""
    parts = []
    if ids is not None:
        parts.append(", ".join(f"{value} = {name}" for value, name in _pairs(ids)))
    if first_id is not None:
        parts.append(f"{first_id} = the first class")
    if void is not None:
        parts.append(", ".join(f"{value} = void" for value in _values(void)))
    return f"values of grey masks: {'; '.join(parts)}" if parts else ""


def likely_values(class_map: ClassMap, values: Iterable[int]) -> str:
    """Returns what the values of masks may mean, and the option that says so.

    Args:
        class_map: Whose ids do not fit them.
        values: All values found.
    """
    found = sorted(set(values) - {class_map.void})
    names, count = class_map.names, class_map.num_classes
    if not found:
        return "all of it is void"
    if found[0] == 1 and found[-1] == count:
        return "do ids start at 1? Then say --first-id 1"
    if found[0] == 0 and found[-1] == count:
        return (
            "is 0 void, and do classes start at 1? Then say --first-id 1 --void 0; "
            "else the class map lacks a class"
        )
    if found[:-1] == list(range(count)):
        return f"is {found[-1]} void? Then say --void {found[-1]}"
    both = sorted(set(values))
    if len(both) == count:
        found = both
    if len(found) <= count:
        pairs = zip(found, names, strict=False)
        example = ",".join(f"{value}={name}" for value, name in pairs)
        return f"if these values are classes, name them, such as --ids {example!r}"
    return (
        f"{len(found)} values are more than its {count} classes: is it an instance "
        f"image, or was the mask resized? Name the values that are classes, such as "
        f"--ids '{found[0]}={names[0]},{found[1]}={names[-1]}'"
    )


def look_up_ids(
    values: np.ndarray, table: np.ndarray, class_map: ClassMap, where: str
) -> np.ndarray:
    """Returns the ids of a mask's values.

    Args:
        values: (H, W) uint8 or uint16.
        table: From `value_table`.
        class_map: Of the classes.
        where: The file, for the error.

    Returns:
        (H, W) uint8 ids, void included.

    Raises:
        UnknownId: A value has no id.
    """
    ids = table[values]
    if ids.min() == UNKNOWN:
        counts = np.bincount(values.ravel())
        found = counts.nonzero()[0]
        unknown = found[table[found] == UNKNOWN]
        order = unknown[np.argsort(-counts[unknown], kind="stable")]
        most = tuple((int(value), int(counts[value])) for value in order[:MOST_KEPT])
        raise UnknownId(where, class_map, most, tuple(found[:256].tolist()))
    return ids.astype(np.uint8)


def _pairs(ids: Ids) -> list[tuple[int, str]]:
    if not isinstance(ids, str):
        return [(int(value), str(name)) for value, name in ids.items()]
    pairs = []
    for part in ids.split(","):
        value, equals, name = part.partition("=")
        if not equals or not value.strip().isdecimal() or not name.strip():
            raise WrongOption(
                f"--ids {ids!r}: {part!r} is no value=name; write it as in "
                f"0=background,255=car"
            )
        pairs.append((int(value), name.strip()))
    values = [value for value, _ in pairs]
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise WrongOption(f"--ids {ids!r} names {twice[0]} twice")
    return pairs


def _values(void: str | int | Iterable[int] | None) -> list[int]:
    if void is None:
        return []
    if isinstance(void, int):
        return [void]
    parts = void.split(",") if isinstance(void, str) else list(void)
    if not all(str(part).strip().isdecimal() for part in parts):
        raise WrongOption(f"--void {void!r}, expected a value such as 0, or 0,254")
    return [int(part) for part in parts]


def _check_value(value: int) -> None:
    if not 0 <= value < VALUES:
        raise WrongOption(f"value {value} of a mask, expected 0 to {VALUES - 1}")


def _id(class_map: ClassMap, name: str) -> int:
    try:
        return class_map.id(name)
    except ValueError as error:
        raise WrongOption(f"--ids: {error}; or void") from error
