"""Judging a network: one pass over a split, one confusion matrix, one report."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import keras
import numpy as np

from segnet import __version__
from segnet.data.store import Split, Store, open_store
from segnet.evaluate.counting import Counts, count
from segnet.evaluate.details import details_of
from segnet.evaluate.match import Match, match
from segnet.evaluate.tta import averaged
from segnet.metrics import Scores, scores
from segnet.predict.predicting import predict
from segnet.runs.loading import class_names_of, load, training_of
from segnet.scores.frame_counts import FrameCounts
from segnet.system.files import replacing

SHEET_FRAMES = 2
WORST_FRAMES = 2
FRAMES = "frames.npz"


def evaluate(
    model: keras.Model | str | Path,
    store: Store | str | Path,
    split: str = "val",
    out: str | Path | None = None,
    batch_size: int = 4,
    progress: bool = False,
    classes: str | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
) -> dict:
    """Returns the report of a model on one split of a store.

    The report is ready for JSON: `miou`, `pixel_accuracy`, `frequency_weighted_iou`,
    `per_class` (name -> IoU, None where absent), `absent` (names of the classes
    without a pixel in the truth), `confusion` (K rows of truth; a last column of its
    own for predictions of what is not scored), `worst` (the frames with the lowest
    mIoU), and what was judged on what: `model`, `parameters`, `split`, `split_rule`,
    `frames`, `size`, `class_map`, `class_mapping`, `source`. `test_time` is None, or
    what the predictions were averaged over: such scores stand apart. `training` holds
    the recipe of the run the model is from, None where that is not known; `details`
    what `segnet.evaluate.details` makes. The counts of each frame go to frames.npz.

    Args:
        model: A model, or what `load` takes: a file or the name of shipped weights.
        store: An open store or its file.
        split: "train", "val" or "test".
        out: Folder for report.json, frames.npz, confusion.png and sheets.png; None
            for none.
        batch_size: Frames at a time.
        progress: Show a progress bar.
        classes: Key of `segnet.classes.mappings.MAPPINGS` that brings the classes of
            the model and of the store together; None when they are the same.
        flip: Average over the frame and its mirror image (`segnet.evaluate.tta`).
        scales: Average over these scales of the frame.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The store has no such split, a scale is out of range, a file is
            damaged, or size or classes differ from the model's: their number and,
            where run folder or card tell them, their names.
    """
    with ExitStack() as stack:
        if not isinstance(store, Store):
            store = stack.enter_context(open_store(store))
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected 1 or more")
        frames = store[split]
        training = None
        if not isinstance(model, keras.Model):
            origin, model = model, load(model)
            training = training_of(origin)
            if classes is None:
                _check_classes(origin, frames)
        matched = match(model, frames, classes)
        judged, test_time = matched.model, None
        if flip or tuple(scales) != (1.0,):
            judged = averaged(matched.model, flip, scales)
            test_time = {"flip": flip, "scales": list(scales)}
        counts = count(matched, judged, frames, batch_size, progress)
        per_frame = FrameCounts.of(
            frames.frame_ids, matched.class_map.names, counts.matrices
        )
        report = _report(matched, frames, counts.matrices)
        report |= {"class_mapping": classes, "test_time": test_time}
        report["training"] = training
        report["details"] = details_of(
            counts, per_frame, matched.class_map, frames.size
        )
        if out is not None:
            _write(Path(out), report, matched, judged, frames, counts)
            per_frame.save(Path(out) / FRAMES)
    return report


def _check_classes(path: str | Path, frames: Split) -> None:
    """Refuses weights that learnt as many classes as the store has, but others."""
    learnt = class_names_of(path)
    names = list(frames.store.class_map.names)
    if learnt and len(learnt) == len(names) and learnt != names:
        raise ValueError(
            f"{path} tells apart {', '.join(learnt)}; {frames.store.path} has "
            f"{', '.join(names)}"
        )


def table(report: dict) -> str:
    """Returns the report as a table of text, a line for each class."""
    matrix = np.array(report["confusion"])
    shares = matrix.sum(1) / max(matrix.sum(), 1)
    width = max(len(name) for name in (*report["per_class"], "pixel accuracy"))
    lines = [
        f"{report['model']} ({report['parameters']:,} parameters) on "
        f"{report['frames']} {report['split']} frames of {report['source']}",
        f"split: {report['split_rule']}",
        "",
        f"{'class':{width}}   IoU %   share %",
    ]
    rows = zip(report["per_class"].items(), shares, strict=True)
    for (name, value), share in rows:
        text = "absent" if value is None else f"{100 * value:.2f}"
        lines.append(f"{name:{width}}  {text:>6}  {100 * share:8.2f}")
    lines.append("")
    for key, name in (
        ("miou", "mean IoU"),
        ("pixel_accuracy", "pixel accuracy"),
        ("frequency_weighted_iou", "weighted IoU"),
    ):
        value = report[key]
        text = "none" if value is None else f"{100 * value:.2f}"
        lines.append(f"{name:{width}}  {text:>6}")
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


def _report(matched: Match, frames: Split, matrices: np.ndarray) -> dict:
    model, attributes = matched.model, frames.store.attributes
    matrix = matrices.sum(0)
    found = scores(matrix)
    names = frames.frame_ids
    worst = [[names[i], _number(scores(matrices[i]).miou)] for i in _worst(matrices)]
    return {
        **_rounded(found, matched.class_map.names),
        "worst": worst,
        "model": model.name,
        "parameters": model.count_params(),
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
    values = [_number(value) for value in found.per_class]
    return {
        "miou": _number(found.miou),
        "pixel_accuracy": _number(found.pixel_accuracy),
        "frequency_weighted_iou": _number(found.frequency_weighted_iou),
        "per_class": dict(zip(names, values, strict=True)),
        "absent": [names[k] for k in found.absent],
    }


def _number(value: float) -> float | None:
    """JSON knows no nan."""
    return None if np.isnan(value) else float(value)


def _worst(matrices: np.ndarray) -> list[int]:
    """The frames with the lowest mIoU, the worst first."""
    mious = np.array([scores(matrix).miou for matrix in matrices])
    order = np.argsort(np.where(np.isnan(mious), np.inf, mious), kind="stable")
    return [int(i) for i in order[:WORST_FRAMES]]


def _write(
    out: Path, report: dict, matched: Match, judged, frames: Split, counts: Counts
) -> None:
    from segnet import pictures

    matrices = counts.matrices

    with replacing(out / "report.json") as part:
        part.write_text(json.dumps(report, indent=2) + "\n")
    class_map = matched.class_map
    pictures.confusion_picture(
        np.array(report["confusion"]), class_map.names, out / "confusion.png"
    )
    spread = np.linspace(0, len(frames) - 1, SHEET_FRAMES + 2)[1:-1]
    chosen = [*_worst(matrices), *(round(i) for i in spread)]
    chosen = list(dict.fromkeys(int(i) for i in chosen))
    images, labels = frames.read(chosen)
    predictions = matched.shown(predict(judged, images))
    names = frames.frame_ids
    titles = []
    for index in chosen:
        miou = scores(matrices[index]).miou
        rank = "worst, " if index in _worst(matrices) else ""
        titles.append(f"{names[index]}: {rank}mIoU {100 * miou:.1f}")
    pictures.sheet(
        images,
        matched.label_ids[labels],
        {matched.model.name: predictions},
        class_map,
        titles=titles,
        path=out / "sheets.png",
    )
