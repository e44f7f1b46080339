"""The files of a report: numbers, counts of frames, pictures."""

import json
from pathlib import Path

import numpy as np

from segnet.data.store import Split
from segnet.evaluate.counting import Counts
from segnet.evaluate.match import Match
from segnet.metrics import scores
from segnet.predict.predicting import predict
from segnet.scores.frame_counts import FrameCounts
from segnet.system.files import replacing

REPORT, FRAMES = "report.json", "frames.npz"
SHEET_FRAMES = 2
WORST_FRAMES = 2


def worst_frames(matrices: np.ndarray) -> list[int]:
    """Returns the frames with the lowest mIoU, the worst first."""
    mious = np.array([scores(matrix).miou for matrix in matrices])
    order = np.argsort(np.where(np.isnan(mious), np.inf, mious), kind="stable")
    return [int(i) for i in order[:WORST_FRAMES]]


def write(
    out: Path,
    report: dict,
    matched: Match,
    network,
    frames: Split,
    counts: Counts,
    per_frame: FrameCounts,
) -> None:
    """Writes report.json, frames.npz, confusion.png and sheets.png into a folder."""
    from segnet import pictures

    with replacing(out / REPORT) as part:
        part.write_text(json.dumps(report, indent=2) + "\n")
    per_frame.save(out / FRAMES)
    matrices = counts.matrices
    class_map = matched.class_map
    pictures.confusion_picture(
        np.array(report["confusion"]), class_map.names, out / "confusion.png"
    )
    spread = np.linspace(0, len(frames) - 1, SHEET_FRAMES + 2)[1:-1]
    chosen = [*worst_frames(matrices), *(round(i) for i in spread)]
    chosen = list(dict.fromkeys(int(i) for i in chosen))
    images, labels = frames.read(chosen)
    predictions = matched.shown(predict(network, images))
    names = frames.frame_ids
    titles = []
    for index in chosen:
        miou = scores(matrices[index]).miou
        rank = "worst, " if index in worst_frames(matrices) else ""
        titles.append(f"{names[index]}: {rank}mIoU {100 * miou:.1f}")
    pictures.sheet(
        images,
        matched.label_ids[labels],
        {matched.model.name: predictions},
        class_map,
        titles=titles,
        path=out / "sheets.png",
    )
