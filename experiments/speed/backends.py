"""Trains one recipe on TensorFlow, JAX and PyTorch from the same weights.

    python experiments/speed/backends.py Store/store.h5 --recipe camvid11_slim --epochs
    2

Training uses whole frames, so a store of small ones makes it quick. Each installed
backend trains in its own process. The first writes the state before the first step, and
the others begin from a copy of it, like a resumed run. So all have the same weights,
batches and steps and differ only in arithmetic. Fails if a loss differs by more than
the tolerance.
"""

import argparse
import csv
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
COLUMNS = ("loss", "val_loss", "val_miou")


def begin(store_path: Path, recipe, out: Path) -> None:
    """Writes a run folder without a finished epoch."""
    from segnet.data.store import open_store
    from segnet.runs import folder as run_folder
    from segnet.runs.state import Progress, save_state
    from segnet.train.run import Run

    with open_store(store_path) as store:
        run = Run(store, recipe)
        run_folder.start(out, recipe, store.class_map)
        save_state(out, run.variables, Progress(run.data))


def work(arguments) -> None:
    """Begins a run or trains it to its end, in its own process."""
    from segnet.recipes import RECIPES
    from segnet.train import train

    recipe = replace(
        RECIPES[arguments.recipe],
        epochs=arguments.epochs,
        warmup_epochs=0.5,
        crop=None,
        validate_every=1,
    )
    if arguments.step == "begin":
        begin(arguments.store, recipe, arguments.out)
    else:
        train(arguments.store, recipe, arguments.out, resume=True, verbose=0)


def in_process(backend: str, step: str, out: Path) -> None:
    command = [sys.executable, *sys.argv, "--step", step, "--out", str(out)]
    subprocess.run(command, check=True, env={**os.environ, "KERAS_BACKEND": backend})


def curves(out: Path) -> list[dict[str, float]]:
    with open(out / "history.csv", newline="") as file:
        return [
            {name: float(row[name]) for name in COLUMNS} for row in csv.DictReader(file)
        ]


def compare(found: dict[str, list[dict]]) -> float:
    """Prints every curve; returns the largest deviation from the first, as a share."""
    first = next(iter(found.values()))
    largest = 0.0
    for epoch, rows in enumerate(zip(*found.values(), strict=True), start=1):
        for backend, row in zip(found, rows, strict=True):
            values = "  ".join(f"{name} {row[name]:.6f}" for name in COLUMNS)
            print(f"epoch {epoch}  {backend:10}  {values}")
            for name in ("loss", "val_loss"):
                largest = max(largest, abs(row[name] / first[epoch - 1][name] - 1))
    return largest


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--recipe", default="camvid11_slim")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument(
        "--tolerance", type=float, default=0.02, help="share of a loss (default 0.02)"
    )
    parser.add_argument("--step", choices=("begin", "train"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        return work(arguments)
    backends = [name for name in BACKENDS if importlib.util.find_spec(name)]
    print("not installed:", *sorted({*BACKENDS} - {*backends}) or ["none"])
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "start"
        in_process(backends[0], "begin", start)
        for backend in backends:
            out = shutil.copytree(start, Path(folder) / backend)
            in_process(backend, "train", out)
            found[backend] = curves(out)
    largest = compare(found)
    print(f"largest difference of a loss to {backends[0]}: {largest:.2%}")
    if largest > arguments.tolerance:
        raise SystemExit(f"more than the tolerance of {arguments.tolerance:.2%}")


if __name__ == "__main__":
    main()
