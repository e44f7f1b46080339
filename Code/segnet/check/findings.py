"""What `segnet check` found, as plain data.

An "error" stops a training or spoils it; a "warning" makes its scores mislead; a
"note" is good to know. Errors and warnings together are the problems.
"""

from dataclasses import dataclass

from segnet.check.views import Item
from segnet.classes import ClassMap
from segnet.classes.colours import Colour

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or good to know.

    Args:
        severity: One of `SEVERITIES`.
        kind: One word: "unreadable", "damaged", "colours", "sizes", "split",
            "classes", "void", "leakage" or "drives".
        text: One sentence or two.
        frames: The frames concerned, a line each, with the reason.
    """

    severity: str
    kind: str
    text: str
    frames: tuple[str, ...] = ()


@dataclass(frozen=True)
class SplitFacts:
    """What a split holds; `pixels` are (K,) pixels of each class."""

    name: str
    frames: int
    pixels: tuple[int, ...]
    void: int

    @property
    def shares(self) -> tuple[float, ...]:
        """(K,) share of each class in the pixels that are not void, 0 to 1."""
        total = max(sum(self.pixels), 1)
        return tuple(count / total for count in self.pixels)

    @property
    def void_share(self) -> float:
        """Share of void in all pixels, 0 to 1."""
        return self.void / max(sum(self.pixels) + self.void, 1)


@dataclass(frozen=True)
class Twin:
    """A frame of val or test and the train frame that looks like it.

    Args:
        item: The frame that shall judge a network.
        train: The frame that trains it.
        by: "image" or "labels", whatever showed it.
        bits: In how many bits their hashes differ.
    """

    item: Item
    train: Item
    by: str
    bits: int


@dataclass(frozen=True)
class Findings:
    """Everything `segnet check` found.

    Args:
        name: What was checked.
        split_rule: How the frames are split, in words.
        class_map: None where the data could not be opened at all.
        frames: Number of frames, damaged ones included.
        sizes: (H, W) of the images -> how many have it.
        splits: What each split holds; the first is "all", which includes frames that
            the rule leaves out.
        unknown_colours: Colour -> pixels and label images that have it, the most
            frequent first.
        twins: Near-duplicates across the split.
        problems: The worst first.
    """

    name: str
    split_rule: str = ""
    class_map: ClassMap | None = None
    frames: int = 0
    sizes: tuple[tuple[tuple[int, int], int], ...] = ()
    splits: tuple[SplitFacts, ...] = ()
    unknown_colours: tuple[tuple[Colour, int, int], ...] = ()
    twins: tuple[Twin, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> int:
        """The exit status of the command: 1 with an error or a warning, else 0."""
        return int(any(problem.severity != "note" for problem in self.problems))

    @property
    def verdict(self) -> str:
        """How many errors, warnings and notes there are, in words."""
        kinds = [problem.severity for problem in self.problems]
        counts = [(kinds.count(name), name) for name in SEVERITIES if name in kinds]
        text = ", ".join(f"{n} {name}{'s' * (n > 1)}" for n, name in counts)
        if self.status:
            return text
        return "nothing wrong" + (f" ({text})" if text else "")


def unreadable(name: str, error: Exception) -> Findings:
    """Returns the findings on data that a reader refuses as a whole."""
    text = f"cannot be read, so nothing else was checked: {error}"
    return Findings(name, problems=(Problem("error", "unreadable", text),))
