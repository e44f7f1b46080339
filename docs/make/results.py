"""Rewrites the tables of docs/results.md from the files that hold their figures.

    python docs/make/results.py

In `docs/figures/`, `latency.json` and `training.json` are from `segnet bench`,
`folds.json` and `exported.json` from `experiments/folds.py` and `exported.py`,
`street.json`, `short.json` and `long.json` from `experiments/budget.py`, and
`peers.json` holds published figures of others.
The scores are from the cards of the shipped weights. Each table stands between two
markers; the text around them is written by hand.
"""

import json
from pathlib import Path

from markers import filled

from segnet.models.shipped import read_cards
from segnet.report.tables import markdown_table, percent
from segnet.runs.cards import on_same_frames, spread, weights_table
from segnet.system.files import replacing

DOCS = Path(__file__).parents[1]
RESULTS = DOCS / "results.md"
CARDS = "../Code/segnet/weights"
OURS, NONE = "camvid11", "-"
# Marks a score on val of a network that was later trained on val as well.
WITHOUT_VAL = "*"


def networks(latency: dict, training: dict, cards: list[dict], peers: dict) -> str:
    """Returns our networks and those of others in one table."""
    header = ["network", "figures from", "input", "parameters", "MACs"]
    header += ["frames trained on", "val mIoU", "test mIoU", "ms", "training"]
    size = "x".join(map(str, latency["size"]))
    rows = []
    for name, figures in latency["networks"].items():
        fitting = [c for c in cards if (c["network"], c["class_map"]) == (name, OURS)]
        for card in fitting or [None]:
            rows.append(
                [
                    f"`{card['name']}`" if card else f"`{name}`",
                    "measured here",
                    size,
                    f"{figures['parameters'] / 1e6:.2f} M",
                    f"{figures['macs'] / 1e9:.2f} G",
                    str(card["training"]["train_frames"]) if card else NONE,
                    *(_own_score(card, split) for split in ("val", "test")),
                    f"{figures['min_ms']:.1f}",
                    f"{training['networks'][name]['ratio']:.2f}",
                ]
            )
    return markdown_table(header, [*rows, *map(_peer, peers["networks"])], left=2)


def _own_score(card: dict | None, split: str) -> str:
    if card is None:
        return NONE
    for key, mark in (("scores", ""), ("scores_without_val", WITHOUT_VAL)):
        for same in on_same_frames(card[key]):
            if same[0]["split"] == split and same[0]["class_mapping"] is None:
                return spread(same, "miou") + mark
    return NONE


def _peer(peer: dict) -> list[str]:
    def cell(key: str, pattern: str) -> str:
        return pattern.format(peer[key]) if key in peer else NONE

    return [
        peer["network"],
        peer["source"],
        peer.get("size", NONE),
        cell("parameters", "{:.2f} M"),
        NONE,
        cell("frames", "{}"),
        NONE,
        cell("test", "{:.1f}"),
        cell("ms", "{} (elsewhere)"),
        NONE,
    ]


def folds(scores: dict) -> str:
    """Returns the score on each drive of a network trained on the others."""
    drives = sorted({drive for entry in scores.values() for drive in entry["drives"]})
    header = ["recipe", "network", "from", "epochs", *drives, "mean"]
    rows = []
    for _, entry in sorted(scores.items()):
        budget = entry["budget"]
        found = {drive: row["miou"] for drive, row in entry["drives"].items()}
        mean = sum(found.values()) / len(found) if len(found) == len(drives) else None
        rows.append(
            [
                f"`{budget['recipe']}`",
                f"`{budget['model']}`",
                f"`{budget['init']}`" if budget["init"] else "scratch",
                str(budget["epochs"]),
                *(percent(found[d]) if d in found else NONE for d in drives),
                NONE if mean is None else percent(mean),
            ]
        )
    return markdown_table(header, rows, left=3)


def speed(latency: dict) -> str:
    """Returns the latencies as a table with the conditions below."""
    header = ["network", "GMACs", "lowest ms", "median ms", "times as fast"]
    header += ["limit ms", "times the limit"]
    rows = [
        [
            f"`{name}`",
            f"{row['macs'] / 1e9:.2f}",
            f"{row['min_ms']:.1f}",
            f"{row['median_ms']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['limit_ms']:.1f}",
            f"{row['times_limit']:.1f}",
        ]
        for name, row in latency["networks"].items()
    ]
    height, width = latency["size"]
    conditions = (
        f"{height}x{width}, {latency['num_classes']} classes, "
        f"{latency['turns']} turns, {latency['engine']}, {latency['cpu']}, load "
        f"{latency['load']} on {latency['cores']} cores; the convolution reached "
        f"{latency['convolution']['gmacs_per_second']:.1f} GMAC/s."
    )
    return f"{markdown_table(header, rows, left=1)}\n\n{conditions}"


def training_speed(training: dict) -> str:
    """Returns the training speeds as a table with the conditions below."""
    header = ["network", "images/s", "times as fast", "limit", "times below it"]
    rows = [
        [
            f"`{name}`",
            f"{row['images_per_second']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['limit']:.1f}",
            f"{row['times_slower']:.1f}",
        ]
        for name, row in training["networks"].items()
    ]
    height, width = training["size"]
    conditions = (
        f"{height}x{width}, {training['num_classes']} classes, batches of "
        f"{training['batch_size']}, median of {training['rounds']} steps, "
        f"{training['backend']}, {training['cpu']}, load {training['load']} on "
        f"{training['cores']} cores; the convolutions reached "
        f"{training['convolution']['gmacs_per_second']:.1f} GMAC/s."
    )
    return f"{markdown_table(header, rows, left=1)}\n\n{conditions}"


def one_budget(found: dict) -> str:
    """Returns the results of experiments/budget.py with the budget below."""
    header = ["network", "parameters", "minutes", "mIoU", "pixel accuracy"]
    rows = [
        [
            f"`{name}`",
            f"{row['parameters']:,}",
            f"{row['minutes']:.1f}",
            percent(row["miou"]),
            percent(row["pixel_accuracy"]),
        ]
        for name, row in found["networks"].items()
    ]
    budget, (row, *_) = found["budget"], found["networks"].values()
    below = (
        f"Recipe `{budget['recipe']}`, {budget['epochs']} epochs, seed "
        f"{budget['seed']}; {row['frames']} val frames of {row['source']}."
    )
    return f"{markdown_table(header, rows, left=1)}\n\n{below}"


def exported(found: dict) -> str:
    """Returns the reports of `segnet export` as a table."""
    header = ["weights", "format", "numbers", "MB", "other class, %", "mIoU"]
    header += ["mIoU of Keras", "frames"]
    order = ("float32", "float16", "int8")
    rows = sorted(
        found["files"],
        key=lambda row: (row["weights"], row["format"], order.index(row["precision"])),
    )
    table = markdown_table(header, map(_exported, rows), left=3)
    return (
        f"{table}\n\n{found['cpu']}; "
        f"{', '.join(sorted({row['runtime'] for row in rows}))}."
    )


def _exported(row: dict) -> list[str]:
    return [
        f"`{row['weights']}`",
        row["format"],
        row["precision"],
        f"{row['bytes'] / 1e6:.2f}",
        f"{100 * row['share']:.4f}",
        percent(row["miou"], 2, none=NONE),
        percent(row["keras_miou"], 2, none=NONE),
        row["frames"],
    ]


def weights(cards: list[dict]) -> str:
    """Returns the shipped weights as a table, with links to their cards."""
    if not cards:
        return "No weights are shipped."
    links = (f"[{card['name']}]({CARDS}/{card['name']}.md)" for card in cards)
    return f"{weights_table(cards)}\n\nCards: {', '.join(links)}."


def results(text: str, cards: list[dict]) -> str:
    """Returns docs/results.md with all its tables made anew."""
    budgets = ("street", "short", "long")
    names = ("latency", "training", "peers", "folds", "exported", *budgets)
    read = {
        name: json.loads((DOCS / "figures" / f"{name}.json").read_text())
        for name in names
    }
    latency, training = read["latency"], read["training"]
    parts = {
        "exported": exported(read["exported"]),
        "folds": folds(read["folds"]),
        "networks": networks(latency, training, cards, read["peers"]),
        "speed": speed(latency),
        "training": training_speed(training),
        "weights": weights(cards),
    }
    parts |= {name: one_budget(read[name]) for name in budgets}
    return filled(text, parts)


def main() -> None:
    """Rewrites docs/results.md."""
    text = results(RESULTS.read_text(encoding="utf-8"), read_cards())
    with replacing(RESULTS) as part:
        part.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
