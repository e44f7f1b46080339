"""Report folders of `segnet evaluate --out`, gathered by recipe and named."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet.scores.frame_counts import FrameCounts, three_means
from segnet.scores.intervals import Intervals, intervals
from segnet.system.text import shown_in_line

REPORT, FRAMES = "report.json", "frames.npz"
# A name lists no more settings than these.
MOST_SETTINGS = 3


@dataclass(frozen=True)
class Report:
    """One report folder of `segnet evaluate --out`.

    Args:
        folder: Where it is.
        facts: Its report.json.
        counts: Its frames.npz.
    """

    folder: Path
    facts: dict
    counts: FrameCounts

    @property
    def recipe(self) -> dict:
        """The settings of the training run, empty where they are not known."""
        return (self.facts.get("training") or {}).get("recipe") or {}

    @property
    def settings(self) -> dict:
        """The settings without the seed, and which weights of the run it is of."""
        same = {name: value for name, value in self.recipe.items() if name != "seed"}
        if same:
            same["weights"] = self.facts["training"].get("weights", "")
        return same


@dataclass(frozen=True)
class Group:
    """Reports of one recipe that differ in the seed alone, or one report.

    Args:
        name: For tables.
        reports: At least one.
        scores: mIoU over the set of each, 0 to 1.
        intervals: Of the first report.
    """

    name: str
    reports: tuple[Report, ...]
    scores: tuple[float, ...]
    intervals: Intervals

    @property
    def spread(self) -> float | None:
        """Sample standard deviation of the seeds' mIoU, None for one seed."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None


def read_report(folder: str | Path) -> Report:
    """Returns a report folder.

    Raises:
        FileNotFoundError: The folder or a file in it is missing.
        ValueError: A file in it is damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder}: no such folder; `segnet evaluate MODEL STORE --out {folder}` "
            f"writes one"
        )
    path = folder / REPORT
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file; is {folder} what `segnet evaluate --out` wrote?"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: damaged, no JSON ({error})") from error
    if not isinstance(facts, dict) or "split" not in facts:
        raise ValueError(f"{path}: no report of `segnet evaluate`")
    training = facts.get("training") or {}
    recipe = training.get("recipe") or {} if isinstance(training, dict) else None
    if not isinstance(recipe, dict):
        raise ValueError(f"{path}: damaged (training is {training!r})")
    if not (folder / FRAMES).is_file() and (folder / "recipe.json").is_file():
        raise FileNotFoundError(
            f"{folder}: a run folder; give what `segnet evaluate --out` wrote, or "
            f"--store STORE to evaluate it first"
        )
    if not (folder / FRAMES).is_file():
        raise FileNotFoundError(
            f"{folder / FRAMES}: no such file; reports of segnet 0.1 have no counts of "
            f"frames, so evaluate again"
        )
    return Report(folder, facts, FrameCounts.load(folder / FRAMES))


def grouped(reports: list[Report], blocks: np.ndarray, seed: int) -> tuple[Group, ...]:
    """Returns the reports with those of one recipe together, in the order of the first.

    Args:
        reports: On the same frames.
        blocks: (N,) block of each frame.
        seed: Of the bootstrap.
    """
    members: dict[str, list[Report]] = {}
    for index, report in enumerate(reports):
        # Without a recipe nobody knows whether two reports differ in the seed alone.
        known = json.dumps(report.settings, sort_keys=True) if report.recipe else ""
        members.setdefault(known or f"report {index}", []).append(report)
    groups = list(members.values())
    return _named(groups, _names(groups), blocks, seed)


def by_seed(group: Group, blocks: np.ndarray, seed: int) -> tuple[Group, ...]:
    """Returns a group for each seed of a recipe; arguments as for `grouped`."""
    names = [f"{group.name}, seed {r.recipe.get('seed')}" for r in group.reports]
    if len({*names}) < len(names):
        # The same seed twice: on other machines the result may differ.
        names = [f"{group.name}, {r.folder}" for r in group.reports]
    return _named([[report] for report in group.reports], names, blocks, seed)


def _named(
    groups: list[list[Report]], names: list[str], blocks: np.ndarray, seed: int
) -> tuple[Group, ...]:
    return tuple(
        Group(
            # The names go into files, whose encoding lacks some bytes of a folder's.
            shown_in_line(name),
            tuple(same),
            tuple(three_means(report.counts).over_set for report in same),
            intervals(same[0].counts, blocks, seed),
        )
        for name, same in zip(names, groups, strict=True)
    )


def _names(groups: list[list[Report]]) -> list[str]:
    """Returns the network of each group and, where two have one, what they differ in.

    That is a few settings, or else the weights that were given, or else the folder.
    """
    firsts = [same[0] for same in groups]
    networks = [str(first.facts.get("model", first.folder.name)) for first in firsts]
    names = []
    for network, first in zip(networks, firsts, strict=True):
        alike = [f for n, f in zip(networks, firsts, strict=True) if n == network]
        names.append(_name(network, first, alike))
    return names


def _name(network: str, report: Report, alike: list[Report]) -> str:
    """Returns a name for one of the reports `alike` of a network."""
    if len(alike) == 1:
        return network
    fields = dict.fromkeys(name for other in alike for name in other.settings)
    changed = [
        name
        for name in fields
        if len({json.dumps(other.settings.get(name)) for other in alike}) > 1
    ]
    if all(other.recipe for other in alike) and len(changed) <= MOST_SETTINGS:
        return ", ".join([network, *(_setting(report, name) for name in changed)])
    given = [(other.facts.get("provenance") or {}).get("model") for other in alike]
    if all(given) and len({*given}) == len(given):
        return f"{network} ({given[alike.index(report)]})"
    return f"{network} ({report.folder})"


def _setting(report: Report, name: str) -> str:
    value = report.settings.get(name)
    return f"{value} {name}" if name == "weights" else f"{name}={value}"
