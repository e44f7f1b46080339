r"""Draws the training runs on CamVid: camvid_*.png in docs/pictures.

    python docs/make/camvid_pictures.py STORE \
        slim=RUN/last.npz edgesegnet=RUN/last.npz --curves slim=RUN edgesegnet=RUN

Draws camvid_classes.png and camvid_mistakes.png, and camvid_curves.png for the runs
after `--curves`. The models are trained without val. The pictures show scores and
predictions; the photographs are not ours to show.
"""

import argparse
from pathlib import Path

from segnet.data.store import open_store
from segnet.evaluate import evaluate
from segnet.pictures import curves, mistakes, per_class_bars
from segnet.predict.predicting import predict
from segnet.runs.loading import load

PICTURES = Path(__file__).parents[1] / "pictures"


def chosen(reports: dict, names: list[str]) -> list[int]:
    """Returns the worst frame of each network and the middle one of the split."""
    worst = [report["worst"][0][0] for report in reports.values()]
    return list(dict.fromkeys([*map(names.index, worst), len(names) // 2]))


def named(pairs: list[str], parser: argparse.ArgumentParser) -> dict[str, str]:
    """Returns name -> file or folder from texts like "slim=runs/slim"."""
    for pair in pairs:
        if "=" not in pair:
            parser.error(f"{pair!r} is not NAME=PATH, such as slim=RUN/last.npz")
    return dict(pair.split("=", 1) for pair in pairs)


def draw_scores(store: str, paths: dict[str, str]) -> None:
    """Draws the scores of some networks and where they are wrong."""
    models = {name: load(path) for name, path in paths.items()}
    with open_store(store) as opened:
        val = opened["val"]
        reports = {name: evaluate(m, opened, "val") for name, m in models.items()}
        names = list(val.frame_ids)
        rows = sorted(chosen(reports, names))
        images, truths = val.read(rows)
        found = {name: predict(model, images) for name, model in models.items()}
        titles = [names[row] for row in rows]
        per_class_bars(reports, PICTURES / "camvid_classes.png")
        path = PICTURES / "camvid_mistakes.png"
        mistakes(truths, found, opened.class_map, titles, path)


def main() -> None:
    """Draws scores, mistakes and, with `--curves`, the curves of training runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="store of CamVid")
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL")
    parser.add_argument("--curves", nargs="+", default=[], metavar="NAME=RUN")
    arguments = parser.parse_args()
    models, runs = named(arguments.models, parser), named(arguments.curves, parser)
    if runs:
        histories = {name: Path(run) / "history.csv" for name, run in runs.items()}
        curves(histories, PICTURES / "camvid_curves.png")
    draw_scores(arguments.store, models)


if __name__ == "__main__":
    main()
