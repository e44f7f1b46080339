"""The findings of `segnet check` as one HTML page, `report/templates/check.html`."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from segnet.check.findings import SEVERITIES, Findings, NearDuplicate, Problem
from segnet.check.image_hash import BITS, IMAGE_DISTANCE, LABEL_DISTANCE
from segnet.check.views import Item, Reading, View
from segnet.classes.colours import Colour
from segnet.report.images import Picture, data_uri
from segnet.report.pages import write_page
from segnet.report.tables import percent

TEMPLATE = "check.html"
SAMPLES_A_SPLIT = 2
TRIES_A_SAMPLE = 4
PAIRS_SHOWN = 4
COLOURS_SHOWN = 24
FRAMES_OPEN = 8
SMALLEST_BAR = 1e-4

Figure = tuple[list[Picture], str]


def write_report(path: str | Path, findings: Findings, view: View | None) -> None:
    """Writes the page.

    Args:
        path: The HTML file.
        findings: The findings.
        view: The frames, for the pictures; None if the data could not be opened.
    """
    write_page(
        path,
        TEMPLATE,
        title=f"segnet check: {findings.name}",
        name=findings.name,
        verdict=findings.verdict,
        worst=_worst(findings),
        facts_of_data=_facts(findings) if view else [],
        problems=[_problem(problem) for problem in findings.problems],
        unknown_colours=findings.unknown_colours[:COLOURS_SHOWN],
        splits=[split.name for split in findings.splits],
        shares=_shares(findings) if view else [],
        frame_counts=[f"{split.frames:,}" for split in findings.splits],
        smallest_bar=f"{100 * SMALLEST_BAR:g}",
        samples=list(_samples(findings, view)) if view else [],
        pairs=list(_pairs(findings.near_duplicates, view)) if view else [],
        pair_count=len(findings.near_duplicates),
        hash_bits=BITS,
        image_distance=IMAGE_DISTANCE,
        label_distance=LABEL_DISTANCE,
    )


def _worst(findings: Findings) -> str:
    """Returns the severity of the worst problem, "good" if there are only notes."""
    found = {problem.severity for problem in findings.problems}
    return next((name for name in SEVERITIES[:-1] if name in found), "good")


def _facts(findings: Findings) -> list[tuple[str, str]]:
    sizes = [
        f"{height}x{width} ({count:,})" for (height, width), count in findings.sizes
    ]
    return [
        ("frames", f"{findings.frames:,}"),
        ("image sizes", ", ".join(sizes) or "none could be read"),
        ("classes", f"{findings.class_map.num_classes} ({findings.class_map.name})"),
        ("split", findings.split_rule),
    ]


def _problem(problem: Problem) -> dict:
    short = problem.severity == "error" and len(problem.frames) <= FRAMES_OPEN
    return {
        "severity": problem.severity,
        "text": problem.text,
        "frames": problem.frames,
        "open": short,
    }


def _shares(findings: Findings) -> list[dict]:
    splits, class_map = findings.splits, findings.class_map
    rows = zip(
        (*class_map.names, "void"),
        (*class_map.colours, class_map.void_colour),
        *((*split.shares, split.void_share) for split in splits),
        strict=True,
    )
    return [_share_row(name, colour, shares) for name, colour, *shares in rows]


def _share_row(name: str, colour: Colour, shares: Sequence[float]) -> dict:
    bars = [(percent(share or None, 2, "-"), _length(share)) for share in shares]
    return {"name": name, "colour": colour, "bars": bars}


def _length(share: float) -> float:
    """Returns the length of a bar, 0 to 1, on a logarithmic scale."""
    if not share:
        return 0.0
    return 1 - math.log(max(share, SMALLEST_BAR)) / math.log(SMALLEST_BAR)


def _samples(findings: Findings, view: View) -> Iterable[Figure]:
    from segnet.pictures import overlay

    for split in findings.splits[1:]:
        items = [item for item in view.items if item.split == split.name]
        for item, found in _spread(items, view):
            labelled = overlay(found.image, found.labels, view.class_map)
            pictures = [
                Picture(data_uri(found.image), "image"),
                Picture(data_uri(labelled), "image with its labels laid over it"),
            ]
            yield pictures, f"{split.name}: {item.id}, and its labels laid over it"


def _spread(items: Sequence[Item], view: View) -> Iterable[tuple[Item, Reading]]:
    """Yields frames spread over the split; a later frame replaces a bad one."""
    places = np.linspace(0, len(items), SAMPLES_A_SPLIT, endpoint=False)
    for start in places.astype(int):
        for item in items[start : start + TRIES_A_SAMPLE]:
            found = view.read(item)
            if _shows(found, view):
                yield item, found
                break


def _shows(found: Reading, view: View) -> bool:
    if found.image is None or found.labels is None:
        return False
    ids = found.labels[found.labels != view.class_map.void]
    known = not ids.size or ids.max() < view.class_map.num_classes
    return known and found.image.shape[:2] == found.labels.shape


def _pairs(found: Sequence[NearDuplicate], view: View) -> Iterable[Figure]:
    chosen = np.linspace(0, len(found) - 1, min(PAIRS_SHOWN, len(found)))
    for index in chosen.round().astype(int):
        pair = found[index]
        pictures = [
            Picture(data_uri(image), split)
            for split, item in ((pair.item.split, pair.item), ("train", pair.train))
            if (image := view.read(item).image) is not None
        ]
        yield (
            pictures,
            f"{pair.item.split}: {pair.item.id} and train: {pair.train.id}, alike by "
            f"{pair.by}, {pair.bits} of {BITS} bits apart",
        )
