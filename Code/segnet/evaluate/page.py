"""The page of a report: report.html, which opens offline and runs no script."""

from pathlib import Path

import numpy as np

from segnet.classes import ClassMap
from segnet.report.images import Picture, data_uri
from segnet.report.pages import write_page
from segnet.report.tables import percent

PICTURE_WIDTH = 320
# Pale rows of the confusion matrix still show their largest mistakes.
STRONGEST = 0.85


def write_report(
    path: Path,
    report: dict,
    class_map: ClassMap,
    worst: list["Shown"],
    confident: list["Shown"],
) -> None:
    """Writes the page of a report.

    Args:
        path: The HTML file.
        report: What `evaluate` returns.
        class_map: The classes that were scored.
        worst: The frames with the lowest mIoU.
        confident: The frames with the most confident mistakes.
    """
    details = report["details"]
    write_page(
        path,
        "evaluate.html",
        title=f"{report['model']} on {report['split']} of {report['source']}",
        report=report,
        headline=headline(report),
        facts=_facts(report),
        alerts=report["alerts"],
        classes=_classes(report, class_map),
        confusion=_confusion(report, class_map),
        drives=[
            (row["name"], row["frames"], percent(row["miou"], none="-"))
            for row in details["drives"]
        ],
        ways=_ways(details),
        trimap=_trimap(details),
        calibration=_calibration(details),
        boundary=percent(details["boundary_iou"], none="-"),
        boundary_width=details["boundary_width"],
        worst=[_figure(shown, class_map) for shown in worst],
        confident=[_figure(shown, class_map) for shown in confident],
        confidence=f"{100 * details['confident_mistakes']['confidence']:.0f}",
        provenance=report["provenance"],
    )


class Shown:
    """A frame for the gallery.

    Args:
        caption: One line.
        image: (H, W, 3) uint8.
        labels: (H, W) scored class ids or void.
        predictions: (H, W) scored class ids, void where a class is not scored.
    """

    def __init__(
        self,
        caption: str,
        image: np.ndarray,
        labels: np.ndarray,
        predictions: np.ndarray,
    ):
        self.caption = caption
        self.image = image
        self.labels = labels
        self.predictions = predictions


def headline(report: dict) -> str:
    """Returns the mIoU with its interval, and what the interval is over."""
    interval = report["details"]["interval"]
    score = f"mIoU {percent(report['miou'], none='-')} %"
    if not interval["miou"]:
        return f"{score}, over the set; one block of frames, so no interval"
    low, high = (percent(end) for end in interval["miou"])
    drives = interval["drives"]
    return (
        f"{score}, over the set; 95 % interval {low} to {high}, over "
        f"{interval['blocks']} blocks of neighbouring frames of {drives} "
        f"drive{'s' * (drives != 1)}"
    )


def _facts(report: dict) -> list[tuple[str, str]]:
    height, width = report["size"]
    return [
        ("frames", str(report["frames"])),
        ("scored at", f"{width}x{height}, the size of the labels"),
        ("split", report["split_rule"]),
        ("classes", f"{len(report['per_class'])} of {report['class_map']}"),
        _network(report),
        ("pixel accuracy", f"{percent(report['pixel_accuracy'], none='-')} %"),
    ]


def _network(report: dict) -> tuple[str, str]:
    exported = report.get("exported")
    if exported:
        return "run in", f"{exported['runtime']}, {exported['precision']}"
    return "parameters", f"{report['parameters']:,}"


def _classes(report: dict, class_map: ClassMap) -> list[dict]:
    rows = []
    for (name, iou), colour in zip(
        report["per_class"].items(), class_map.colours, strict=True
    ):
        found = report["details"]["per_class"][name]
        interval = found["interval"]
        span = " to ".join(percent(end) for end in interval) if interval else "-"
        keys = ("precision", "recall", "f1", "boundary_iou")
        rows.append(
            {
                "name": name,
                "colour": colour,
                "iou": percent(iou),
                "length": iou or 0,
                "interval": span if iou is not None else "-",
                "others": [percent(found[key], none="-") for key in keys],
                "share": percent(found["share"], 2),
            }
        )
    return rows


def _confusion(report: dict, class_map: ClassMap) -> dict:
    """Row percentages; a last column for predictions of no scored class."""
    matrix = np.array(report["confusion"], np.float64)
    sums = matrix.sum(1, keepdims=True)
    shares = np.divide(matrix, sums, out=np.zeros_like(matrix), where=sums > 0)
    head = list(class_map.names) + ["other"] * (matrix.shape[1] > len(matrix))
    rows = []
    for i, (name, row) in enumerate(zip(class_map.names, shares, strict=True)):
        cells = [
            {
                "text": f"{100 * share:.0f}" if share >= 0.005 else "",
                "shade": round(STRONGEST * float(share) ** 0.5, 3),
                "right": i == j,
                "title": f"{name} predicted as {said}: {100 * share:.2f} %",
            }
            for j, (said, share) in enumerate(zip(head, row, strict=True))
        ]
        rows.append((name, cells))
    return {"head": head, "rows": rows}


def _ways(details: dict) -> list[tuple[str, str, str]]:
    ways = details["miou_in_three_ways"]
    worst = f"{100 * ways['share']:.0f} %"
    return [
        (
            "over the set",
            percent(ways["over_set"], none="-"),
            "All frames as one large image: what benchmarks state. Large objects weigh "
            "most.",
        ),
        (
            "per image",
            percent(ways["per_image"], none="-"),
            "The mean over the frames, each over its own classes: what one frame can "
            "expect.",
        ),
        (
            "per class over images",
            percent(ways["per_class"], none="-"),
            "The mean over the classes, each over the frames that show it: small "
            "objects weigh as much as large ones.",
        ),
        (
            f"worst {worst} of images",
            percent(ways["worst_images"], none="-"),
            "As per image, over the worst frames alone.",
        ),
        (
            f"worst {worst} per class",
            percent(ways["worst_of_classes"], none="-"),
            "As per class, over the worst frames of each class alone.",
        ),
    ]


def _trimap(details: dict) -> dict:
    """Points of a line in a box of 300x160: log width to the right, accuracy up."""
    known = [row for row in details["trimap"] if row["accuracy"] is not None]
    widest = np.log2(max((row["width"] for row in known), default=1)) or 1
    points = [
        (
            round(300 * float(np.log2(row["width"])) / widest, 1),
            round(160 * (1 - row["accuracy"]), 1),
            row["width"],
            percent(row["accuracy"]),
        )
        for row in known
    ]
    return {"points": points, "line": " ".join(f"{x},{y}" for x, y, *_ in points)}


def _calibration(details: dict) -> dict:
    """Bars in a box of 160x160: confidence to the right, accuracy up."""
    bins = details["calibration"]["bins"]
    width = 160 / len(bins)
    bars = [
        {
            "x": round(i * width, 1),
            "width": round(width - 1, 1),
            "height": round(160 * row["accuracy"], 1),
            "title": f"{percent(row['share'])} % of the pixels, confidence "
            f"{percent(row['confidence'])} %, right {percent(row['accuracy'])} %",
        }
        for i, row in enumerate(bins)
        if row["accuracy"] is not None
    ]
    error = details["calibration"]["error"]
    return {"bars": bars, "error": percent(error, none="-")}


def _figure(shown: Shown, class_map: ClassMap) -> tuple[list[Picture], str]:
    from segnet.pictures.frames import wrong_pixels

    pictures = (
        ("image", shown.image),
        ("ground truth", class_map.colourise(shown.labels)),
        ("prediction", class_map.colourise(shown.predictions)),
        ("mistakes", wrong_pixels(shown.labels, shown.predictions, class_map)),
    )
    return (
        [
            Picture(data_uri(picture, PICTURE_WIDTH), f"{text} of {shown.caption}")
            for text, picture in pictures
        ],
        shown.caption,
    )
