"""The files of a report: numbers, counts of frames, pictures."""

import csv
import io
import json
from pathlib import Path

import keras
import numpy as np

from segnet.data.store import Split
from segnet.evaluate.counting import Counts
from segnet.evaluate.match import Match
from segnet.evaluate.page import Shown, write_report
from segnet.metrics import scores
from segnet.predict.engine import FileEngine
from segnet.predict.predicting import predict
from segnet.scores.drives import blocks_of
from segnet.scores.frame_counts import FrameCounts, image_miou, iou_of
from segnet.system.files import replacing

REPORT, FRAMES, PAGE = "report.json", "frames.npz", "report.html"
TABLE = "frames.csv"
SHEET_FRAMES = 2
WORST_FRAMES = 2
# On the page.
GALLERY_FRAMES = 6


class UnwrittenReport(OSError):
    """A report that was computed but could not be written.

    Args:
        report: As `evaluate` would have returned it.
        error: Why it was not written.
    """

    def __init__(self, report: dict, error: OSError):
        super().__init__(f"the report was not written whole: {error}")
        self.report = report


def worst_frames(matrices: np.ndarray, count: int = WORST_FRAMES) -> list[int]:
    """Returns the frames with the lowest mIoU, the worst first."""
    mious = np.array([scores(matrix).miou for matrix in matrices])
    order = np.argsort(np.where(np.isnan(mious), np.inf, mious), kind="stable")
    return [int(i) for i in order[:count]]


def write(
    out: Path,
    report: dict,
    matched: Match,
    network: keras.Model | FileEngine,
    frames: Split,
    counts: Counts,
    per_frame: FrameCounts,
) -> None:
    """Writes report.json, frames.*, report.html and two pictures into a folder."""
    with replacing(out / REPORT) as part:
        part.write_text(json.dumps(report, indent=2) + "\n")
    per_frame.save(out / FRAMES)
    _write_table(out / TABLE, per_frame)
    blocks = blocks_of(per_frame.frame_ids)
    every = worst_frames(counts.matrices, len(frames))
    worst = _apart(every, blocks)
    sure = np.argsort(-counts.confident, kind="stable")
    confident = _apart([int(i) for i in sure if counts.confident[i]], blocks)
    spread = np.linspace(0, len(frames) - 1, SHEET_FRAMES + 2)[1:-1]
    sheet = [*every[:WORST_FRAMES], *(round(i) for i in spread)]
    chosen = list(dict.fromkeys([*worst, *confident, *map(int, sheet)]))
    images, labels = frames.read(chosen)
    predictions = matched.shown(predict(network, images))
    shown = {
        index: Shown(
            f"{frames.frame_ids[index]}, mIoU "
            f"{100 * scores(counts.matrices[index]).miou:.1f}",
            image,
            matched.label_ids[label],
            prediction,
        )
        for index, image, label, prediction in zip(
            chosen, images, labels, predictions, strict=True
        )
    }
    gallery = [[shown[index] for index in group] for group in (worst, confident)]
    write_report(out / PAGE, report, matched.class_map, *gallery)
    _write_pictures(
        out, report, matched, {i: shown[i] for i in dict.fromkeys(map(int, sheet))}
    )


def _write_table(path: Path, frames: FrameCounts) -> None:
    """Writes the mIoU and the IoU of each class by frame; what is absent is empty."""
    columns = np.column_stack([image_miou(frames), iou_of(*frames.parts)])  # (N, 1+K)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["frame", "miou", *frames.class_names])
    for name, row in zip(frames.frame_ids, columns, strict=True):
        writer.writerow([name, *("" if np.isnan(x) else f"{x:.4f}" for x in row)])
    with replacing(path) as part:
        part.write_bytes(text.getvalue().encode(errors="backslashreplace"))


def _apart(order: list[int], blocks: np.ndarray) -> list[int]:
    """The first frames for a gallery, one of each block: neighbours look alike."""
    first: dict[int, int] = {}
    for index in order:
        first.setdefault(int(blocks[index]), index)
    return list(first.values())[:GALLERY_FRAMES]


def _write_pictures(
    out: Path, report: dict, matched: Match, shown: dict[int, Shown]
) -> None:
    """Writes confusion.png and sheets.png, the worst frames first."""
    from segnet import pictures

    pictures.confusion_picture(
        np.array(report["confusion"]), matched.class_map.names, out / "confusion.png"
    )
    frames = list(shown.values())
    pictures.sheet(
        np.stack([frame.image for frame in frames]),
        np.stack([frame.labels for frame in frames]),
        {matched.name: np.stack([frame.predictions for frame in frames])},
        matched.class_map,
        titles=[frame.caption for frame in frames],
        path=out / "sheets.png",
    )
