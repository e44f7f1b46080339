"""Cards of shipped weights as text; the JSON of a card is the truth.

`segnet pack` makes the JSON, and everything here is generated from it: the Markdown
beside the weights, the list of `segnet models` and the tables of docs/results.md.
"""

import json
from itertools import groupby


def card_text(card: dict) -> str:
    """The Markdown of a card."""
    height, width = card["size"]
    training = card["training"]
    parts = [
        f"# {card['name']}",
        f"`{card['network']}` for the {card['num_classes']} classes of "
        f"`{card['class_map']}`: {card['parameters']:,} parameters, "
        f"{card['macs'] / 1e9:.2f} G MACs at {height}x{width}, "
        f"{card['bytes'] / 1e6:.2f} MB.",
        "```python\n"
        "from segnet.models import load\n\n"
        f'model = load("{card["name"]}", input_shape=({height}, {width}, 3))\n'
        "logits = model.predict(images)  # uint8 RGB in, float32 logits out\n"
        "```",
        f"Classes, by id: {', '.join(card['class_names'])}.",
        "## Scores",
        *score_tables(card["scores"]),
        *_without_val(card["scores_without_val"]),
        "## Training",
        _bullets(
            [
                f"{training['epochs']} of {training['recipe']['epochs']} epochs, "
                f"{training['hours']} hours of training on {card['hardware']}"
                f"{_start(training)}",
                f"{training['train_frames']} training frames, "
                f"{training['val_frames']} validation frames",
                _choice(training),
                f"seed {', '.join(map(str, training['seeds']))}; segnet "
                f"{card['segnet_version']}",
            ]
        ),
        _fenced("\n".join(card["commands"])),
        _fenced(json.dumps(training["recipe"], indent=2), "json"),
        "## Data and licence",
        card["data"],
        card["licence"],
        "## Limits",
        _bullets(card["limits"]),
        "## File",
        f"`{card['file']}`, {card['bytes']:,} bytes, sha256 `{card['sha256']}`. Made "
        f"by `segnet pack`; `{card['name']}.json` holds the same facts for programs.",
    ]
    return "\n\n".join(parts) + "\n"


def score_tables(scores: list[dict]) -> list[str]:
    """Reports as Markdown, those of the same classes in one table; then on what."""
    parts = []
    for names, group in groupby(scores, lambda report: tuple(report["per_class"])):
        reports = list(group)
        rows = [
            ["**mIoU**", *(f"**{percent(r['miou'])}**" for r in reports)],
            ["pixel accuracy", *(percent(r["pixel_accuracy"]) for r in reports)],
            *(
                [name, *(percent(r["per_class"][name]) for r in reports)]
                for name in names
            ),
        ]
        parts.append(table(["IoU, %", *(r["split"] for r in reports)], rows, left=1))
        parts.append(_bullets([_judged_on(report) for report in reports]))
    return parts


def weights_table(cards: list[dict]) -> str:
    """Shipped weights as a Markdown table, a row each."""
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
    return table(header, rows, left=3)


def all_scored(card: dict) -> list[str]:
    """The mIoU of each report of a card, those of a run without val marked."""
    without = [
        f"{scored(report)}, trained without val"
        for report in card["scores_without_val"]
    ]
    return [*(scored(report) for report in card["scores"]), *without]


def scored(report: dict) -> str:
    """The mIoU of a report in a few words."""
    classes = f" as {report['class_map']}" if report["class_mapping"] else ""
    where = f"{report['split']} of {report['source']}{classes}"
    return f"{percent(report['miou'])} ({where})"


def percent(share: float | None) -> str:
    """A share of 1 in percent, or that there is none."""
    return "absent" if share is None else f"{100 * share:.1f}"


def table(header: list[str], rows: list[list[str]], left: int) -> str:
    """A Markdown table; the first `left` columns are text, the others numbers."""
    rule = ["---"] * left + ["---:"] * (len(header) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def _without_val(scores: list[dict]) -> list[str]:
    if not scores:
        return []
    text = (
        "These weights were trained on val as well, so val says nothing about them. "
        "Another run, without it, scored:"
    )
    return [text, *score_tables(scores)]


def _judged_on(report: dict) -> str:
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


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text}\n```"
