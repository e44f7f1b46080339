"""The scores of several reports in one table."""

from collections.abc import Mapping

from segnet.report.tables import percent, text_table

SUMS = {
    "miou": "mean IoU",
    "pixel_accuracy": "pixel accuracy",
    "frequency_weighted_iou": "weighted IoU",
}


def side_by_side(reports: Mapping[str, dict]) -> str:
    """Returns the IoU of each class in percent, a column for each report.

    Args:
        reports: Name -> what `evaluate` returned, all on the same frames and classes.

    Raises:
        ValueError: There is none, or their frames or classes differ.
    """
    if not reports:
        raise ValueError("no reports to put side by side")
    (first, report), *others = reports.items()
    for name, other in others:
        if _frames(other) != _frames(report):
            raise ValueError(
                f"{name} was scored on other frames or classes than {first}"
            )
    columns = list(reports.values())
    rows = [
        [name, *(percent(column["per_class"][name], 2) for column in columns)]
        for name in report["per_class"]
    ]
    rows.append([""] * (1 + len(columns)))
    for key, name in SUMS.items():
        rows.append([name, *(percent(c[key], 2, none="none") for c in columns)])
    lines = [
        f"IoU in percent on {report['frames']} {report['split']} frames of "
        f"{report['source']}",
        f"split: {report['split_rule']}",
        "",
        text_table(["class", *reports], rows),
    ]
    if report["absent"]:
        lines.append(f"absent, not in the mean: {', '.join(report['absent'])}")
    return "\n".join(lines)


def _frames(report: dict) -> list:
    names = ("split", "source", "split_rule", "frames", "class_mapping", "class_map")
    return [*(report[name] for name in names), list(report["per_class"])]
