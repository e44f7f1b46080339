"""Training: one recipe and one store in, one run folder out; stopped and resumed.

Two models share one set of weights (`segnet.train.pair`): the training model takes
crops, the inference model whole frames. The second gets the averaged weights (or the
plain ones, where the recipe keeps no average), is scored on val, and is what
`best.keras` holds; the first trains on undisturbed.
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import keras

from segnet.data.store import Split, Store, open_store
from segnet.evaluate import evaluate
from segnet.models import check_network
from segnet.recipe import Recipe
from segnet.recipes import with_parts
from segnet.runs import folder as run_folder
from segnet.runs.command import place_of, train_command
from segnet.runs.record import recorded
from segnet.runs.state import Progress
from segnet.system.files import replacing
from segnet.system.text import shown
from segnet.train.checks import check_crop, check_labels
from segnet.train.epoch_end import ValidateAndSave
from segnet.train.epoch_lines import EpochLines
from segnet.train.header import header
from segnet.train.kernels import use_kernels
from segnet.train.run import Run
from segnet.train.step_bar import StepBar


def train(
    store_path: str | Path,
    recipe: Recipe,
    out: str | Path,
    resume: bool = False,
    verbose: str | int = "auto",
    extra: str | Path | None = None,
    kernels: str = "keras",
    pictures: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Path:
    """Trains a network and returns its run folder.

    It holds recipe.json, class_map.json, history.csv, best.keras (the highest mIoU on
    val), last.npz, report.json (`last` and `best` on val) and run.json. A recipe that
    trains on val keeps its last weights as best.keras, and writes no report.

    Args:
        store_path: A store with the splits train and val.
        recipe: How to train.
        out: The run folder, new unless `resume`.
        resume: Continue after the last finished epoch, if there is one. Only `epochs`
            may have grown: the learning rate then follows the longer schedule.
        verbose: 0 prints nothing; 1, 2 and "auto" a line an epoch with the time left,
            and on a terminal a bar of its steps.
        extra: A second store with the same classes, whose train frames fill
            `recipe.extra_share` of each batch.
        kernels: "keras", or "fast" for those of `segnet.train.kernels`.
        pictures: Draw curves.png, predictions.jpg, train_batch.jpg and classes.png.
        callbacks: For `keras.Model.fit`; their logs hold the columns of history.csv.

    Raises:
        FileNotFoundError: The store or a file that the recipe names is missing.
        OSError: Another process trains into the folder.
        ValueError: Recipe, store and run folder do not fit together, files of the run
            are missing or damaged, or the loss is not finite.
    """
    recipe = _checked(recipe, extra)
    out = Path(out)
    with ExitStack() as opened:
        # First: the folder must not change between the checks and the first file.
        opened.enter_context(run_folder.claimed(out))
        has_state = run_folder.check(out, recipe, resume)
        opened.enter_context(use_kernels(kernels))
        store, second = _open_stores(opened, store_path, extra)
        marks = _check_data(store, second, recipe, verbose)
        run = Run(store, recipe, second, begun=has_state, marks=marks)
        progress = run.resume(out) if has_state else Progress(run.data)
        run_folder.start(out, recipe, store.class_map)
        if verbose:
            print(shown(header(run, progress, out)), flush=True)
        if (done := len(progress.rows)) < recipe.epochs:
            # Only here, so that a refused call leaves the record unchanged.
            record = recorded(out, *_facts(store.path, run, out, extra, kernels))
            opened.enter_context(record)
            own = _callbacks(run, out, progress, verbose, pictures)
            run.fit(done, [*own, *callbacks])
        if not recipe.include_val:
            _write_report(out, store, progress, pictures)
    return out


def _open_stores(
    opened: ExitStack, store: str | Path, extra: str | Path | None
) -> tuple[Store, Split | None]:
    """Returns the store and the training frames of the second one."""
    first = opened.enter_context(open_store(store))
    second = opened.enter_context(open_store(extra))["train"] if extra else None
    return first, second


def _facts(
    store: Path, run: Run, out: Path, extra: str | Path | None, kernels: str
) -> tuple[dict, str]:
    """For the record: what resuming alone needs and what was trained on; the command.

    The path of a store is relative and names no user.
    """
    facts = {
        "store": place_of(store, out),
        "extra": place_of(extra, out) if extra else None,
        "kernels": kernels,
        "seal": run.data.get("seal"),
        "frames": run.data["train"],
        "backend": keras.backend.backend(),
    }
    return facts, train_command(run.recipe, store, out, extra, kernels)


def _callbacks(
    run: Run, out: Path, progress: Progress, verbose: str | int, pictures: bool
) -> list[keras.callbacks.Callback]:
    """Returns the callbacks in order: the others read the logs written by the first."""
    callbacks = [ValidateAndSave(run, out, progress)]
    if verbose:
        callbacks += [StepBar(), EpochLines(run.recipe, progress)]
    if pictures:
        from segnet.train.run_pictures import DrawRun

        callbacks.append(DrawRun(run, out))
    return callbacks


def _checked(recipe: Recipe, extra: str | Path | None) -> Recipe:
    """Returns the recipe with the checksums of a user's own functions."""
    check_network(recipe.model)
    if bool(recipe.extra_share) != (extra is not None):
        raise ValueError(
            f"recipe: extra_share is {recipe.extra_share}, and the second store is "
            f"{extra}; name a store (--extra) and a share above 0, or neither"
        )
    return with_parts(recipe)


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


def _write_report(out: Path, store: Store, progress: Progress, pictures: bool) -> None:
    """Scores the last weights and the best ones on val, and writes both reports."""
    reports = {"last": len(progress.rows), "best": progress.best_epoch}
    found = {}
    best = evaluate(out / run_folder.BEST, store, "val")
    for name, epoch in reports.items():
        report = best
        if name == "last" and epoch != progress.best_epoch:
            report = evaluate(out / run_folder.STATE, store, "val")
        weights = {"training": report["training"] | {"weights": name}}
        found[name] = {"epoch": epoch} | report | weights
    with replacing(out / run_folder.REPORT) as part:
        part.write_text(json.dumps(found, indent=2) + "\n")
    if pictures:
        from segnet.train.run_pictures import draw_classes

        draw_classes(found["last"], out)
