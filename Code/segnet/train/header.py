"""The lines printed before a run starts: what is trained, on what, from where."""

from pathlib import Path

import keras

from segnet.recipes import described
from segnet.runs import folder as run_folder
from segnet.runs.state import Progress
from segnet.train.augmented_model import device_name
from segnet.train.run import Run

# Names of layers that are printed; more are counted.
MOST_LAYERS = 4


def header(run: Run, progress: Progress, out: Path) -> str:
    """Returns the header of a run, a line for each fact.

    Args:
        run: Ready for its next epoch.
        progress: The finished epochs.
        out: The run folder.
    """
    recipe, data, done = run.recipe, run.data, len(progress.rows)
    if done == recipe.epochs:
        return f"{out}: {done} of {recipe.epochs} epochs done"
    frames = f"{data['train']} of {_by(data['size'])}"
    frames += f", {data['extra']} of a second store" if "extra" in data else ""
    frames += f"; {data['val']} {'of them' if recipe.include_val else 'others'} of val"
    batches = f"{recipe.batch_size} at {_by(recipe.crop or data['size'])}"
    rows = {
        "network": f"{run.inference.name}, {run.inference.count_params():,} "
        f"parameters, {len(data['classes'])} classes",
        "recipe": described(recipe),
        "loss": recipe.loss + _weighted(recipe.class_weights),
        "start": _start(run, progress),
        "teachers": ", ".join(recipe.teacher),
        "frames": f"{frames}; batches of {batches}",
        "device": f"{device_name()}, {keras.backend.backend()}, {recipe.precision}",
        "folder": str(out),
    }
    lines = [f"{name:8} {text}" for name, text in rows.items() if text]
    return "\n".join([*lines, "compiling the first step, up to a minute"])


def _by(size: tuple[int, int] | list[int]) -> str:
    return "{}x{}".format(*size)


def _weighted(rule: str) -> str:
    return "" if rule == "none" else f", class weights by {rule}"


def _start(run: Run, progress: Progress) -> str:
    """Returns which weights the run starts from, and what is new."""
    recipe, done = run.recipe, len(progress.rows)
    if done:
        text = f"after epoch {done} of {recipe.epochs}, from {run_folder.STATE}"
        return text + _grown(run, progress)
    if not recipe.init:
        return f"random weights, seed {recipe.seed}"
    if not run.new_layers:
        return f"{recipe.init}, all layers"
    names = ", ".join(run.new_layers[:MOST_LAYERS])
    more = len(run.new_layers) - MOST_LAYERS
    return f"{recipe.init}; new: {names}{f' and {more} more' if more > 0 else ''}"


def _grown(run: Run, progress: Progress) -> str:
    """Returns what more epochs do to the learning rate, which fell for fewer."""
    before = progress.rows[-1]["learning_rate"]
    expected = run.learning_rate
    # The last rate of the state differs from that of the schedule as it is now.
    if before is None or abs(before - expected) <= 1e-4 * expected:
        return ""
    return (
        f"; the schedule is now one of {run.recipe.epochs} epochs, so the learning "
        f"rate goes on from {expected:.2g}, after {before:.2g}"
    )
