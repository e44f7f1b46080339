"""Scoring a network: one pass over a split, one confusion matrix, one report."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import keras
import numpy as np

from segnet import __version__
from segnet.data.store import Split, Store, open_store
from segnet.evaluate.alerts import alerts_of
from segnet.evaluate.counting import Counts, count
from segnet.evaluate.details import details_of
from segnet.evaluate.match import Match, match
from segnet.evaluate.page import headline
from segnet.evaluate.provenance import provenance_of
from segnet.evaluate.tta import averaged
from segnet.evaluate.writing import UnwrittenReport, worst_frames, write
from segnet.metrics import Scores, scores
from segnet.predict.engine import FileEngine
from segnet.report.tables import percent, text_table
from segnet.runs.loading import class_names_of, load, trained_on_val, training_of
from segnet.runtimes.opening import format_of, open_runtime
from segnet.scores.frame_counts import FrameCounts, number_or_none
from segnet.system.files import check_writable


def evaluate(
    model: keras.Model | str | Path,
    store: Store | str | Path,
    split: str = "val",
    out: str | Path | None = None,
    batch_size: int = 4,
    progress: bool = False,
    mapping: str | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
) -> dict:
    """Returns the report of a model on one split of a store.

    The report is ready for JSON and holds what `docs/report.md` lists: `miou`,
    `per_class` (None where absent from the ground truth), `confusion` (K rows of
    ground truth; one more column for predictions of classes that are not scored),
    `details`, `alerts`, `provenance`, and what was scored on what.

    Args:
        model: A model, or what `find_weights` takes: a file, a run folder, a name.
        store: An open store or its file.
        split: "train", "val" or "test".
        out: Folder for report.html, report.json and more; None for none.
        batch_size: Frames at a time.
        progress: Show a progress bar.
        mapping: Key of `segnet.classes.mappings.MAPPINGS` that brings the classes of
            the model and of the store together; None when they are the same.
        flip: Average over the frame and its mirror image (`segnet.evaluate.tta`).
        scales: Average over these scales of the frame.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The store has no such split, a file is damaged, size or classes
            differ from the model's, or a scale is out of range or of an exported file.
        OSError: `out` cannot be written; after the scoring an `UnwrittenReport`.
    """
    with ExitStack() as stack:
        if not isinstance(store, Store):
            store = stack.enter_context(open_store(store))
        frames = store[split]
        if out is not None:
            check_writable(out)
        origin = None
        if not isinstance(model, keras.Model):
            origin, model = model, _opened(model)
            if mapping is None:
                _check_classes(origin, frames)
        matched = match(model, frames, mapping)
        network, test_time = _with_views(matched.model, flip, scales)
        report, counts, per_frame = _scored(
            matched, network, frames, batch_size, progress
        )
        report |= {"class_mapping": mapping, "test_time": test_time}
        report |= _origin(origin, report, frames)
        if out is not None:
            try:
                write(Path(out), report, matched, network, frames, counts, per_frame)
            except OSError as error:
                raise UnwrittenReport(report, error) from error
    return report


def _opened(model: str | Path) -> keras.Model | FileEngine:
    if format_of(model) is not None:
        return FileEngine(open_runtime(model))
    return load(model)


def _origin(origin: str | Path | None, report: dict, frames: Split) -> dict:
    """Returns the training, alerts and provenance of a report."""
    training, seen = None, False
    if origin is not None:
        training = training_of(origin)
        seen = frames.name == "train" or (
            frames.name == "val" and trained_on_val(origin, report["source"])
        )
    views = report["test_time"] or {"flip": False, "scales": [1.0]}
    options = {
        "classes": report["class_mapping"],
        "flip": views["flip"],
        "scales": views["scales"] if views["scales"] != [1.0] else None,
    }
    given = {name: value for name, value in options.items() if value}
    return {
        "training": training,
        "alerts": [vars(alert) for alert in alerts_of(report, frames, seen)],
        "provenance": provenance_of(
            origin, frames, given, (report["exported"] or {}).get("runtime")
        ),
    }


def _with_views(
    model: keras.Model | FileEngine, flip: bool, scales: Sequence[float]
) -> tuple[keras.Model | FileEngine, dict | None]:
    """Returns the network to score and the views it averages over, None for none."""
    if not flip and tuple(scales) == (1.0,):
        return model, None
    if isinstance(model, FileEngine):
        raise ValueError(
            f"{model.name}: an exported file cannot be averaged over mirror images or "
            f"scales; give the weights that it was made from"
        )
    return averaged(model, flip, scales), {"flip": flip, "scales": list(scales)}


def _scored(
    matched: Match,
    network: keras.Model | FileEngine,
    frames: Split,
    batch_size: int,
    progress: bool,
) -> tuple[dict, Counts, FrameCounts]:
    """Returns the scores and their details, and the counts behind them."""
    counts = count(matched, network, frames, batch_size, progress)
    names = matched.class_map.names
    per_frame = FrameCounts.of(tuple(frames.frame_ids), names, counts.matrices)
    report = _report(matched, frames, counts.matrices)
    report["details"] = details_of(counts, per_frame, frames.size)
    return report, counts, per_frame


def _check_classes(path: str | Path, frames: Split) -> None:
    """Refuses weights for as many classes as the store has, but other ones."""
    known = class_names_of(path)
    names = list(frames.store.class_map.names)
    if known and len(known) == len(names) and known != names:
        raise ValueError(
            f"{path} has the classes {', '.join(known)}; {frames.store.path} has "
            f"{', '.join(names)}"
        )


def table(report: dict) -> str:
    """Returns the report as a table of text, a line for each class."""
    matrix = np.array(report["confusion"])
    shares = matrix.sum(1) / max(matrix.sum(), 1)
    lines = [
        f"{report['model']} ({_described(report)}) on "
        f"{report['frames']} {report['split']} frames of {report['source']}",
        f"split: {report['split_rule']}",
        "",
    ]
    pairs = zip(report["per_class"].items(), shares, strict=True)
    rows = [[name, percent(iou, 2), percent(share, 2)] for (name, iou), share in pairs]
    rows.append([""] * 3)
    for key, name in (
        ("miou", "mean IoU"),
        ("pixel_accuracy", "pixel accuracy"),
        ("frequency_weighted_iou", "weighted IoU"),
    ):
        rows.append([name, percent(report[key], 2, none="none"), ""])
    lines.append(text_table(["class", "IoU %", "share %"], rows))
    # Reports of segnet 0.1 have no details.
    if "details" in report:
        lines.append(headline(report))
    if report.get("test_time"):
        mirrored = " and their mirror images" if report["test_time"]["flip"] else ""
        scales = ", ".join(f"{scale:g}" for scale in report["test_time"]["scales"])
        lines.append(f"averaged at test time over scales {scales}{mirrored}")
    if report["class_mapping"]:
        lines.append(f"classes: {report['class_map']}, by {report['class_mapping']}")
    if matrix.shape[1] > len(matrix):
        other = 100 * matrix[:, -1].sum() / max(matrix.sum(), 1)
        lines.append(f"predicted as none of them, and wrong: {other:.2f} % of pixels")
    if report["absent"]:
        lines.append(f"absent, not in the mean: {', '.join(report['absent'])}")
    return "\n".join(lines)


def _described(report: dict) -> str:
    """Returns the parameters of a network, or how an exported file was run."""
    exported = report.get("exported")
    if exported:
        return f"{exported['precision']}, in {exported['runtime']}"
    return f"{report['parameters']:,} parameters"


def _exported(model: keras.Model | FileEngine) -> dict | None:
    if not isinstance(model, FileEngine):
        return None
    facts = model.facts
    return {
        "runtime": model.runtime,
        "precision": facts.precision,
        "outputs": facts.outputs,
        "network": facts.network,
        "weights": facts.weights,
    }


def _report(matched: Match, frames: Split, matrices: np.ndarray) -> dict:
    model, attributes = matched.model, frames.store.attributes
    matrix = matrices.sum(0)
    found = scores(matrix)
    names = frames.frame_ids
    worst = [
        [names[i], number_or_none(scores(matrices[i]).miou)]
        for i in worst_frames(matrices)
    ]
    return {
        **_rounded(found, matched.class_map.names),
        "worst": worst,
        "model": matched.name,
        # Files do not say how many they have.
        "parameters": None if isinstance(model, FileEngine) else model.count_params(),
        "exported": _exported(model),
        "split": frames.name,
        "split_rule": attributes.get("split_rule", "unknown"),
        "source": attributes.get("source", "unknown"),
        "frames": len(frames),
        "size": [int(side) for side in frames.size],
        "class_map": matched.class_map.name,
        "segnet_version": __version__,
        "confusion": matrix.tolist(),
    }


def _rounded(found: Scores, names: tuple[str, ...]) -> dict:
    values = [number_or_none(value) for value in found.per_class]
    return {
        "miou": number_or_none(found.miou),
        "pixel_accuracy": number_or_none(found.pixel_accuracy),
        "frequency_weighted_iou": number_or_none(found.frequency_weighted_iou),
        "per_class": dict(zip(names, values, strict=True)),
        "absent": [names[k] for k in found.absent],
    }
