"""Cards of shipped weights as text.

`segnet pack` writes a card as JSON. All text is made from it: the Markdown beside the
weights, the list of `segnet models` and the tables of docs/results.md.
"""

import json
from collections.abc import Iterable
from itertools import groupby
from statistics import mean, stdev

from segnet.classes import ClassMap
from segnet.report.tables import markdown_table, percent


def card_text(card: dict) -> str:
    """Returns the Markdown of a card."""
    height, width = card["size"]
    training = card["training"]
    parts = [
        f"# {card['name']}",
        f"`{card['network']}` for the {card['num_classes']} classes of "
        f"`{card['class_map']}`: {card['parameters']:,} parameters, "
        f"{card['macs'] / 1e9:.2f} G MACs at {height}x{width}, "
        f"{card['bytes'] / 1e6:.2f} MB.",
        "```python\n"
        "import segnet\n\n"
        f'model = segnet.load("{card["name"]}", input_shape=({height}, {width}, 3))\n'
        "logits = model.predict(images)  # uint8 RGB in, float32 logits out\n"
        "```",
        f"Classes, by id: {', '.join(card['class_names'])}.",
        *_section(
            "Scores",
            *score_tables(card["scores"]),
            *_without_val(card["scores_without_val"]),
        ),
        "## Training",
        _bullets(
            [
                f"{training['epochs']} of {training['recipe']['epochs']} epochs, "
                f"{training['hours']} hours of training{_on(card['hardware'])}"
                f"{_start(training)}",
                f"{training['train_frames']} training frames, "
                f"{training['val_frames']} validation frames",
                _choice(training),
                f"seed {', '.join(map(str, training['seeds']))}; segnet "
                f"{card['segnet_version']}",
            ]
        ),
        *([_fenced("\n".join(card["commands"]))] if card["commands"] else []),
        _fenced(json.dumps(training["recipe"], indent=2), "json"),
        *_section("Data and licence", card["data"], card["licence"]),
        *_section("Limits", _bullets(card["limits"])),
        "## File",
        f"`{card['file']}`, {card['bytes']:,} bytes, sha256 `{card['sha256']}`. Made "
        f"by `segnet pack`; `{card['name']}.json` holds the same facts for programs.",
    ]
    return "\n\n".join(parts) + "\n"


def class_map_fields(class_map: ClassMap) -> dict:
    """Returns what a card says about its classes; ids are the places in the lists."""
    return {
        "class_map": class_map.name,
        "class_names": list(class_map.names),
        "class_colours": [list(colour) for colour in class_map.colours],
        "void": class_map.void,
    }


def class_map_of_card(card: dict) -> ClassMap | None:
    """Returns the class map of a card, None where it holds names alone (segnet 0.1)."""
    if "class_colours" not in card:
        return None
    return ClassMap(
        card["class_map"], card["class_names"], card["class_colours"], card["void"]
    )


def score_tables(scores: list[dict]) -> list[str]:
    """Returns reports as Markdown, a table for each set of classes.

    Several reports on the same frames are of runs with other seeds; their mean and
    spread follow. Below each table stand the frames.
    """
    parts = []
    for names, group in groupby(scores, lambda report: tuple(report["per_class"])):
        columns = [
            column for same in on_same_frames(group) for column in _columns(same)
        ]
        rows = [
            ["**mIoU**", *(f"**{spread(c, 'miou')}**" for c in columns)],
            ["pixel accuracy", *(spread(c, "pixel_accuracy") for c in columns)],
            *(
                [name, *(spread([r["per_class"] for r in c], name) for c in columns)]
                for name in names
            ),
        ]
        header = ["IoU, %", *map(_heading, columns)]
        parts.append(markdown_table(header, rows, left=1))
        frames = (_frames_of(report) for column in columns for report in column)
        parts.append(_bullets(dict.fromkeys(frames)))
    return parts


def on_same_frames(scores: Iterable[dict]) -> list[list[dict]]:
    """Returns reports in groups of the same frames and the same classes."""
    groups: dict[str, list[dict]] = {}
    for report in scores:
        groups.setdefault(_frames_of(report), []).append(report)
    return list(groups.values())


def spread(scores: list[dict], key: str) -> str:
    """Returns one score in percent; of several, mean and sample standard deviation.

    A class that is absent from the ground truth has no score in any of them.
    """
    values = [score[key] for score in scores]
    if len(values) == 1 or None in values:
        return percent(values[0])
    return f"{percent(mean(values))} ± {percent(stdev(values))}"


def _columns(same: list[dict]) -> list[list[dict]]:
    """Returns the columns for reports on the same frames: each, then all together."""
    return [*([report] for report in same), *([same] if len(same) > 1 else [])]


def _heading(column: list[dict]) -> str:
    return column[0]["split"] if len(column) == 1 else f"mean of {len(column)}"


def weights_table(cards: list[dict]) -> str:
    """Returns shipped weights as a Markdown table, a row each."""
    rows = [
        [
            f"`{card['name']}`",
            f"`{card['network']}`",
            card["class_map"],
            f"{card['parameters']:,}",
            f"{card['bytes'] / 1e6:.2f} MB",
            "; ".join(all_scored(card)),
        ]
        for card in cards
    ]
    header = ["weights", "network", "classes", "parameters", "file", "mIoU, %"]
    return markdown_table(header, rows, left=3)


def all_scored(card: dict) -> list[str]:
    """Returns the mIoU of a card on each split, marked for runs without val."""
    without = map(scored, on_same_frames(card["scores_without_val"]))
    return [
        *map(scored, on_same_frames(card["scores"])),
        *(f"{score}, trained without val" for score in without),
    ]


def scored(same: list[dict]) -> str:
    """Returns the mIoU of reports on the same frames in a few words."""
    report = same[0]
    classes = f" as {report['class_map']}" if report["class_mapping"] else ""
    seeds = f", {len(same)} seeds" if len(same) > 1 else ""
    where = f"{report['split']} of {report['source']}{classes}{seeds}"
    return f"{spread(same, 'miou')} ({where})"


def _section(title: str, *parts: str) -> list[str]:
    """Returns a section, nothing where none of its parts says anything."""
    said = [part for part in parts if part]
    return [f"## {title}", *said] if said else []


def _on(hardware: str) -> str:
    return f" on {hardware}" if hardware else ""


def _without_val(scores: list[dict]) -> list[str]:
    if not scores:
        return []
    others = "Other runs" if len(scores) > 1 else "Another run"
    text = (
        "These weights were trained on val as well, so val says nothing about them. "
        f"{others}, without it, scored:"
    )
    return [text, *score_tables(scores)]


def _frames_of(report: dict) -> str:
    height, width = report["size"]
    mapped = report["class_mapping"]
    classes = f", classes by {mapped}" if mapped else ""
    return (
        f"{report['split']}: {report['frames']} frames of {height}x{width}, "
        f"{report['source']}{classes}. Split: {report['split_rule']}"
    )


def _start(training: dict) -> str:
    init = training["recipe"]["init"]
    return f", without the hours behind `{init}`, where it started" if init else ""


def _choice(training: dict) -> str:
    if training["weights"] == "best":
        return f"the epoch with the highest mIoU on val, which was {training['epoch']}"
    return f"the weights after the last epoch, {training['epoch']}; none was chosen"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text}\n```"
