"""Six ideas for a slim network, each as one change to `slim`, under equal budget.

    python benchmarks/ideas.py STORE OUT [--epochs 20] [--seeds 0] [--only NAME ...]

Every variant is trained with the same recipe on the train split of STORE and scored on
its val split after the last epoch; the rows go to OUT/ideas.csv as they come, and a
variant that has its row is not trained again. What the rows said is in
docs/experiments.md.
"""

import argparse
import csv
import dataclasses
import json
import statistics
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from keras import layers

from segnet.models import MODELS, blocks
from segnet.recipes import Recipe
from segnet.train import train

# The package has a function of the same name.
slim_module = import_module("segnet.models.slim")

RECIPE = Recipe(
    epochs=20, learning_rate=3e-3, class_weights="enet", validate_every=10**6
)


def dense_residual(x, dilation=1, *, name: str):
    """A full 3x3 convolution where `slim` has a depthwise one and a 1x1."""
    y = blocks.conv_bn(x, x.shape[-1], 3, 1, dilation, name=name)
    return blocks.add_relu(x, y, name=name)


def transposed_upsample(x, factor: int = 2, *, name: str):
    """A learnt transposed convolution where `slim` enlarges bilinearly."""
    return layers.Conv2DTranspose(
        x.shape[-1], 2 * factor, factor, padding="same", name=f"{name}_upsample"
    )(x)


@contextmanager
def replaced(owner, **values):
    """Attributes of a module, changed for a while."""
    before = {name: getattr(owner, name) for name in values}
    try:
        for name, value in values.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


# Name -> (what is changed in the modules, what is changed in the recipe).
VARIANTS = {
    "slim": ({}, {}),
    "dense 3x3 for depthwise": ({blocks: {"residual_separable": dense_residual}}, {}),
    "transposed convolutions": ({blocks: {"upsample": transposed_upsample}}, {}),
    "more layers": (
        {slim_module: {"DETAIL_BLOCKS": 8, "CONTEXT_DILATIONS": (1, 2, 4, 8) * 3}},
        {},
    ),
    "no class weights": ({}, {"class_weights": "none"}),
    "median-frequency weights": ({}, {"class_weights": "median"}),
    "focal": ({}, {"loss": "focal"}),
    "ohem": ({}, {"loss": "ohem"}),
    "lovasz": ({}, {"loss": "lovasz"}),
    "dice": ({}, {"loss": "dice"}),
    "rare windows": ({}, {"rare": 0.5, "balance": 0.5}),
    "auxiliary heads": ({}, {"auxiliary": 0.4}),
    "rotation": ({}, {"rotate": 8.0}),
    "cut-mix": ({}, {"cutmix": 0.5}),
    "no colour changes": ({}, {"colour": 0.0}),
    "no scale changes": ({}, {"scale": (1.0, 1.0)}),
    "no averaging": ({}, {"ema": 0.0}),
    "no padding": ({}, {"crop": (176, 240)}),
    "learning rate 1e-3": ({}, {"learning_rate": 1e-3}),
    "learning rate 6e-3": ({}, {"learning_rate": 6e-3}),
    "edgesegnet": ({}, {"model": "edgesegnet"}),
    "fast_scnn": ({}, {"model": "fast_scnn"}),
    "reference_multibranch": ({}, {"model": "reference_multibranch"}),
}


def run(name: str, store: Path, out: Path, epochs: int, seed: int, init: str) -> dict:
    """Trains one variant and returns its row."""
    modules, changes = VARIANTS.get(name, ({}, {"init": init}))
    recipe = dataclasses.replace(RECIPE, epochs=epochs, seed=seed, **changes)
    folder = out / f"{name.replace(' ', '_')}_{seed}"
    with _all_replaced(list(modules.items())):
        parameters = MODELS[recipe.model]((64, 64, 3), 11).count_params()
        train(store, recipe, folder, resume=True, verbose=0)
    report = json.loads((folder / "report.json").read_text())
    with open(folder / "history.csv") as file:
        speeds = [float(row["images_per_second"]) for row in csv.DictReader(file)]
    scores = {key: f"{100 * (v or 0):.1f}" for key, v in report["per_class"].items()}
    return {
        "variant": name,
        "seed": seed,
        "epochs": epochs,
        "parameters": parameters,
        "images/s": f"{statistics.median(speeds):.0f}",
        "mIoU": f"{100 * report['miou']:.1f}",
        **scores,
    }


@contextmanager
def _all_replaced(modules: list):
    if not modules:
        yield
        return
    (owner, values), *rest = modules
    with replaced(owner, **values), _all_replaced(rest):
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", default=list(VARIANTS))
    parser.add_argument(
        "--init", default="", help="a .keras file: adds the variant 'pre-trained'"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    table = arguments.out / "ideas.csv"
    done = []
    if table.is_file():
        with open(table) as file:
            done = list(csv.DictReader(file))
    finished = {(row["variant"], row["seed"]) for row in done}
    names = [*arguments.only, *["pre-trained"] * bool(arguments.init)]
    for seed in arguments.seeds:
        for name in names:
            if (name, str(seed)) in finished:
                continue
            row = run(
                name,
                arguments.store,
                arguments.out,
                arguments.epochs,
                seed,
                arguments.init,
            )
            print(" ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            with open(table, "a", newline="") as file:
                writer = csv.DictWriter(file, row)
                if not done:
                    writer.writeheader()
                writer.writerow(row)
            done.append(row)


if __name__ == "__main__":
    main()
