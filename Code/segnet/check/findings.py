"""The findings of `segnet check` as plain data.

An "error" is what `prepare` would refuse; a "warning" teaches the wrong thing or makes
scores misleading; a "note" is for information. Errors and warnings set the exit status,
except warnings of the kinds in `ADVICE`, which do so only where that is asked for.
"""

from dataclasses import dataclass

from segnet.check.views import Item
from segnet.classes import ClassMap
from segnet.classes.colours import Colour

SEVERITIES = ("error", "warning", "note")
# The data may be used as they are by someone who knows this.
ADVICE = ("leakage", "balance")


@dataclass(frozen=True)
class Problem:
    """One problem, or one note.

    Args:
        severity: One of `SEVERITIES`.
        kind: One word: "unreadable", "missing", "damaged", "colours", "ids", "sizes",
            "split", "classes", "balance", "void", "leakage", "drives" or "labels".
        text: One or two sentences.
        frames: The frames affected, one line each, with the reason.
    """

    severity: str
    kind: str
    text: str
    frames: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it is more than a note."""
        return self.severity != "note"


@dataclass(frozen=True)
class SplitFacts:
    """Contents of a split; `pixels` holds the (K,) pixel counts of the classes."""

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
class NearDuplicate:
    """A frame of val or test and the train frame that looks like it.

    Args:
        item: The frame of val or test.
        train: The train frame.
        by: "image" or "labels", whichever is alike.
        bits: Number of bits in which their hashes differ.
    """

    item: Item
    train: Item
    by: str
    bits: int


@dataclass(frozen=True)
class Findings:
    """All findings on a dataset or a store.

    Args:
        name: The dataset and its folder, or the file of the store.
        split_rule: How the frames are split, in words.
        class_map: None if the data could not be opened.
        frames: Number of frames, damaged ones included.
        sizes: Each image size (H, W) with the number of images that have it.
        splits: Contents of each split; the first is "all", which includes frames
            that the rule leaves out.
        unknown_colours: Each unknown colour with its pixels and label images, the
            most frequent first.
        near_duplicates: Near-duplicates across the split.
        problems: Errors, warnings and notes, in this order.
    """

    name: str
    split_rule: str = ""
    class_map: ClassMap | None = None
    frames: int = 0
    sizes: tuple[tuple[tuple[int, int], int], ...] = ()
    splits: tuple[SplitFacts, ...] = ()
    unknown_colours: tuple[tuple[Colour, int, int], ...] = ()
    near_duplicates: tuple[NearDuplicate, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> int:
        """The exit status: 1 with an error, or a warning that is no advice, else 0."""
        return int(any(p.counts and p.kind not in ADVICE for p in self.problems))

    @property
    def strict_status(self) -> int:
        """The exit status with --strict: 1 with any error or warning, else 0."""
        return int(any(problem.counts for problem in self.problems))

    @property
    def verdict(self) -> str:
        """Number of errors, warnings and notes, in words."""
        kinds = [problem.severity for problem in self.problems]
        counts = [(kinds.count(name), name) for name in SEVERITIES if name in kinds]
        text = ", ".join(f"{n} {name}{'s' * (n > 1)}" for n, name in counts)
        if self.strict_status:
            return text
        return "no problems" + (f" ({text})" if text else "")


def unreadable(name: str, error: Exception) -> Findings:
    """Returns the findings on data that a reader refuses as a whole."""
    text = f"cannot be read, so nothing else was checked: {error}"
    return Findings(name, problems=(Problem("error", "unreadable", text),))
