"""Which class each name of an export gets, and what uncovered pixels are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segnet.classes import ClassMap
from segnet.classes.colours import VOID_COLOUR, Colour
from segnet.classes.reading import (
    BACKGROUND_NAMES,
    VOID_NAMES,
    display_colours,
)
from segnet.data.exports.documents import read_own_classes
from segnet.data.source import WrongOption

# A user's word for it, where it is among --classes and not in the export.
OTHER = "other"
BACKGROUND, VOID = "background", "void"
MOST_NAMED = 12


@dataclass(frozen=True)
class Names:
    """The class of each name in an export.

    Args:
        class_map: Ids, names and display colours.
        ids: Name in the export -> id, or void.
        rest: Id of pixels that no annotation covers, or void.
        notes: What a user should know about the choice.
    """

    class_map: ClassMap
    ids: Mapping[str, int]
    rest: int
    notes: tuple[str, ...] = ()


def classes_of(
    root: str | Path,
    names: Iterable[str],
    classes: str | Path | None = None,
    background: str | None = None,
    colours: Mapping[str, Colour] | None = None,
) -> Names:
    """Returns the classes of the names that an export holds.

    Without `classes` they are all names in their order. Pixels that nothing covers
    are the class `background`: the export's own one, else one put in front. Names
    such as "__ignore__" and "void" are void.

    With `classes`, only these become classes. The other names count as uncovered. A
    class "background" or "other" among them that the export lacks is what nothing
    covers; without one, that is void.

    Args:
        root: The export, for messages.
        names: As found, in the order of the export, repeats allowed.
        classes: What `segnet.classes.reading.read_classes` takes, or None.
        background: "void", or the class of uncovered pixels, in place of these rules.
        colours: Display colours by name, where the export has some.

    Raises:
        WrongOption: `classes` or `background` names what the export lacks.
        ValueError: No class is left, or there are too many.
    """
    found = list(dict.fromkeys(names))
    chosen = [name for name in found if name.lower() not in VOID_NAMES]
    known = dict(colours or {})
    if classes is not None:
        given = read_own_classes(classes).class_map
        chosen = list(given.names)
        known |= dict(zip(given.names, given.colours, strict=True))
    if background == VOID:
        chosen = [name for name in chosen if name.lower() not in BACKGROUND_NAMES]
    rest = _rest(root, found, chosen, classes is not None, background)
    missing = [n for n in chosen if n not in found and n != rest]
    if classes is not None and missing:
        raise WrongOption(f"{root} has no {_listed(missing)}; it has {_listed(found)}")
    if rest:
        chosen = chosen if rest in chosen else [rest, *chosen]
        known.setdefault(rest, VOID_COLOUR)
    if not chosen:
        raise ValueError(f"{root}: no annotation has a class")
    if len(chosen) > 255:
        raise ValueError(
            f"{root}: {len(chosen)} classes, expected up to 255; choose some of them: "
            f"--classes road,car"
        )
    class_map = ClassMap(
        Path(root).resolve().stem or "export",
        tuple(chosen),
        display_colours([known.get(name) for name in chosen]),
    )
    rest_id = chosen.index(rest) if rest else class_map.void
    ids = {name: chosen.index(name) if name in chosen else rest_id for name in found}
    ids |= {n: class_map.void for n in found if n.lower() in VOID_NAMES and n != rest}
    return Names(class_map, ids, rest_id, _notes(ids, class_map, rest, chosen))


def _rest(
    root: str | Path,
    found: Sequence[str],
    chosen: Sequence[str],
    is_chosen: bool,
    background: str | None,
) -> str | None:
    """Returns the class of uncovered pixels, None for void."""
    if background is not None:
        if background == VOID:
            return None
        if is_chosen and background not in chosen:
            raise WrongOption(
                f"--background {background} is not among --classes, {_listed(chosen)}"
            )
        return background
    own = [name for name in chosen if name.lower() in BACKGROUND_NAMES]
    if own:
        return own[0]
    if not is_chosen:
        return BACKGROUND
    return OTHER if OTHER in chosen and OTHER not in found else None


def _notes(
    ids: Mapping[str, int], class_map: ClassMap, rest: str | None, chosen: list[str]
) -> tuple[str, ...]:
    if rest:
        notes = [
            f"pixels that no annotation covers are {rest}; --background void leaves "
            f"them out of training and scores"
        ]
    else:
        notes = [
            "pixels that no annotation covers are void, neither trained on nor scored; "
            "--background NAME makes them a class"
        ]
    void = [name for name, index in ids.items() if index == class_map.void]
    if void:
        notes.append(f"annotated, but void: {_listed(void)}")
    merged = [name for name in ids if name not in chosen and name not in void]
    if merged:
        notes.append(f"annotated, but part of {rest}: {_listed(merged)}")
    return tuple(notes)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return ", ".join(names[:MOST_NAMED]) + rest if names else "none"
