"""The facts of an exported file that come from its weights: name, checksum, scores."""

from pathlib import Path
from typing import Any

import keras

from segnet import __version__
from segnet.classes import ClassMap
from segnet.models import MODELS
from segnet.runs import folder as run_folder
from segnet.runs.loading import (
    Weights,
    card_of,
    find_weights,
    sha256_of_weights,
)
from segnet.runs.state import read_progress
from segnet.runtimes.facts import FileFacts


def facts_of(
    model: keras.Model,
    weights: str | Path | None,
    class_map: ClassMap,
    batch_size: int,
    outputs: str,
    precision: str,
) -> FileFacts:
    """Returns the facts of a file that is about to be written.

    Args:
        model: As it will be written.
        weights: What `segnet.runs.loading.find_weights` takes; None for a network in
            memory.
        class_map: Of the network.
        batch_size: B.
        outputs: As in `FileFacts`.
        precision: As there.

    Raises:
        ValueError: One is out of range.
    """
    known: dict[str, Any] = {}
    if weights is not None:
        found = find_weights(weights)
        known = {
            "weights": found.file.name if found.file else found.name,
            "weights_sha256": sha256_of_weights(weights),
            **_known(found),
        }
    return FileFacts(
        class_map=class_map,
        size=model.input_shape[1:3],
        batch_size=batch_size,
        outputs=outputs,
        precision=precision,
        network=model.name if model.name in MODELS else "",
        segnet_version=__version__,
        **known,
    )


def _known(found: Weights) -> dict[str, Any]:
    """Returns `scores` and `licence` where a card or a run says them."""
    if found.file is None or found.is_packed:
        card = card_of(found)
        if card is None:
            return {}
        reports = card["scores"] or card["scores_without_val"]
        return {
            "scores": _score_of(card, reports[0]) if reports else None,
            "licence": card.get("licence"),
        }
    if found.is_state:
        return {}
    try:
        progress = read_progress(found.file.parent / run_folder.STATE)
    except (FileNotFoundError, ValueError):
        return {}
    if progress.best is None:
        return {}
    frames = progress.data.get("val")
    return {"scores": {"miou": progress.best, "split": "val", "frames": frames}}


def _score_of(card: dict, report: dict) -> dict[str, Any]:
    score = {key: report[key] for key in ("miou", "split", "source", "frames")}
    if not card["scores"]:
        score["note"] = "of a run without val; these weights were trained on val too"
    return score
