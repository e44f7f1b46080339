"""Training: one recipe and one store in, one run folder out; stopped and resumed.

Two models share one set of weights (`segnet.train.pair`): the training model takes
crops, the inference model whole frames. The second gets the averaged weights (or the
plain ones, where the recipe keeps no average), is scored on val, and is what
`best.keras` holds; the first trains on undisturbed.
"""

import json
from contextlib import ExitStack
from pathlib import Path

import keras

from segnet.data.store import Split, Store, open_store
from segnet.evaluate import evaluate
from segnet.models import check_network
from segnet.recipe import Recipe
from segnet.runs import folder as run_folder
from segnet.runs.record import recorded
from segnet.runs.state import Progress
from segnet.system.files import replacing
from segnet.system.text import shown
from segnet.train.checks import check_crop, check_labels
from segnet.train.epoch_end import ValidateAndSave
from segnet.train.epoch_lines import EpochLines
from segnet.train.kernels import use_kernels
from segnet.train.run import Run


def train(
    store_path: str | Path,
    recipe: Recipe,
    out: str | Path,
    resume: bool = False,
    verbose: str | int = "auto",
    extra: str | Path | None = None,
    kernels: str = "keras",
    pictures: bool = False,
) -> Path:
    """Trains a network and returns its run folder.

    The folder holds recipe.json, class_map.json, history.csv (a row an epoch),
    best.keras (the weights with the highest mIoU on val, loadable with plain Keras),
    last.npz (what resuming needs) and report.json (best.keras scored on val). A recipe
    that trains on val keeps the last weights as best.keras and writes no report.

    Args:
        store_path: A store with the splits train and val.
        recipe: How to train.
        out: The run folder, new unless `resume`.
        resume: Continue after the last finished epoch; a folder in which no epoch was
            finished starts from the beginning.
        verbose: 0 prints nothing, 1 shows the progress bar of Keras, 2 and "auto"
            print a line an epoch with the time left.
        extra: A second store with the same classes, whose train frames fill
            `recipe.extra_share` of each batch; rendered frames beside real ones, say.
        kernels: "keras", or "fast" for those of `segnet.train.kernels`.
        pictures: Draw curves.png, predictions.jpg, train_batch.jpg and classes.png.

    Raises:
        FileNotFoundError: The store or a file that the recipe names is missing.
        OSError: Another process trains into the folder.
        ValueError: Recipe, store and run folder do not fit together, files of the run
            are missing or damaged, or the loss is not finite.
    """
    _check_recipe(recipe, extra)
    out = Path(out)
    with ExitStack() as opened:
        # First: the folder must not change between the checks and the first file.
        opened.enter_context(run_folder.claimed(out))
        has_state = run_folder.check(out, recipe, resume)
        opened.enter_context(use_kernels(kernels))
        store = opened.enter_context(open_store(store_path))
        second = opened.enter_context(open_store(extra))["train"] if extra else None
        marks = _check_data(store, second, recipe, verbose)
        run = Run(store, recipe, second, begun=has_state, marks=marks)
        run_folder.start(out, recipe, store.class_map)
        progress = run.resume(out) if has_state else Progress(run.data)
        done = len(progress.rows)
        if verbose:
            print(_header(run, done), flush=True)
        if done < recipe.epochs:
            # Only here, so that a refused call leaves the record unchanged.
            opened.enter_context(recorded(out, _facts(store_path, run)))
            callbacks = _callbacks(run, out, progress, verbose, pictures)
            run.fit(done, callbacks, verbose=int(verbose == 1))
        if not recipe.include_val:
            _write_report(out, store, pictures)
    return out


def _facts(store_path: str | Path, run: Run) -> dict:
    """For the record: the store by the end of its path, and what it was trained on."""
    return {
        "store": "/".join(Path(store_path).parts[-2:]),
        "seal": run.data.get("seal"),
        "frames": run.data["train"],
        "backend": keras.backend.backend(),
    }


def _header(run: Run, done: int) -> str:
    """Describes the run before it starts, since the first step takes a while."""
    recipe = run.recipe
    height, width = recipe.crop or run.data["size"]
    text = f"{recipe.model}: {done} of {recipe.epochs} epochs done"
    if done == recipe.epochs:
        return text
    return (
        f"{text}; {run.data['train']} frames, batches of {recipe.batch_size} at "
        f"{height}x{width}, {recipe.loss}"
        f"{f', from {recipe.init}' if recipe.init and not done else ''}\n"
        f"compiling the first step, up to a minute"
    )


def _callbacks(
    run: Run, out: Path, progress: Progress, verbose: str | int, pictures: bool
) -> list[keras.callbacks.Callback]:
    """Returns the callbacks in order: the others read the logs written by the first."""
    callbacks = [ValidateAndSave(run, out, progress)]
    if verbose in ("auto", 2):
        callbacks.append(EpochLines(run.recipe, progress))
    if pictures:
        from segnet.train.run_pictures import DrawRun

        callbacks.append(DrawRun(run, out))
    return callbacks


def _check_recipe(recipe: Recipe, extra: str | Path | None) -> None:
    check_network(recipe.model)
    if bool(recipe.extra_share) != (extra is not None):
        raise ValueError(
            f"recipe: extra_share is {recipe.extra_share}, and the second store is "
            f"{extra}; name a store (--extra) and a share above 0, or neither"
        )


def _check_data(
    store: Store, second: Split | None, recipe: Recipe, verbose: str | int
) -> dict[str, str | None]:
    """Refuses data that no run could learn from; returns the marks of the stores."""
    own = [store["train"], store["val"]]
    for split in (own[0], second):
        if split:
            check_crop(recipe, split)
    marks, warnings = check_labels(own)
    if second:
        more_marks, more_warnings = check_labels([second], "extra_")
        marks, warnings = marks | more_marks, warnings + more_warnings
    for line in warnings if verbose else ():
        print(f"warning: {shown(line)}")
    return marks


def _write_report(out: Path, store: Store, pictures: bool) -> None:
    """Scores best.keras on val."""
    report = evaluate(out / run_folder.BEST, store, "val")
    with replacing(out / run_folder.REPORT) as part:
        part.write_text(json.dumps(report, indent=2) + "\n")
    if pictures:
        from segnet.train.run_pictures import draw_classes

        draw_classes(report, out)
