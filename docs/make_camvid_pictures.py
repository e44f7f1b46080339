"""Makes camvid_classes.png and camvid_mistakes.png in docs/pictures.

    python docs/make_camvid_pictures.py STORE slim=RUN/last.npz edgesegnet=RUN/last.npz

The models are trained without val. What is drawn are scores and predictions; the
photographs are not ours to show.
"""

import argparse
from pathlib import Path

from segnet.data.store import open_store
from segnet.evaluate import evaluate, predict
from segnet.pictures import mistakes, per_class_bars
from segnet.trained import load

PICTURES = Path(__file__).parent / "pictures"


def chosen(reports: dict, names: list[str]) -> list[int]:
    """The frames each network does worst on, and one from the middle of the split."""
    worst = [report["worst"][0][0] for report in reports.values()]
    return list(dict.fromkeys([*map(names.index, worst), len(names) // 2]))


def main() -> None:
    """Draws what some networks score and where they are wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="store of CamVid")
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL")
    arguments = parser.parse_args()
    for model in arguments.models:
        if "=" not in model:
            parser.error(f"{model!r} is not NAME=MODEL, such as slim=RUN/last.npz")
    named = dict(model.split("=", 1) for model in arguments.models)
    models = {name: load(path) for name, path in named.items()}
    with open_store(arguments.store) as store:
        val = store["val"]
        reports = {name: evaluate(m, store, "val") for name, m in models.items()}
        names = list(val.frame_ids)
        rows = sorted(chosen(reports, names))
        images, truths = val.read(rows)
        found = {name: predict(model, images) for name, model in models.items()}
        titles = [names[row] for row in rows]
        per_class_bars(reports, PICTURES / "camvid_classes.png")
        path = PICTURES / "camvid_mistakes.png"
        mistakes(truths, found, store.class_map, titles, path)


if __name__ == "__main__":
    main()
