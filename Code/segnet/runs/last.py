"""The last weights of a run, where `best.keras` holds those that val chose."""

from pathlib import Path

import keras

from segnet.losses import LOSSES
from segnet.models.build import build_judge
from segnet.recipe import Recipe
from segnet.runs import folder as run_folder


def load_last(path: str | Path) -> keras.Model:
    """Returns the network of a run as val would have seen it after its last epoch.

    It has the averaged weights after the last epoch, or the plain ones where the
    recipe keeps no average.

    Args:
        path: A run folder, or its last.npz; recipe.json must be in the folder.

    Raises:
        FileNotFoundError: One of the files is missing.
        ValueError: A file is damaged, or the network has changed since.
    """
    path = Path(path)
    if path.is_dir():
        path = path / run_folder.STATE
    recipe = run_folder.read_recipe(path.parent)
    progress, arrays = run_folder.read_state(path)
    size, num_classes = progress.data["size"], len(progress.data["classes"])
    judge = build_judge(recipe, size, num_classes)
    from segnet.train.pair import hand_over

    trained = _trained(recipe, recipe.crop or size, num_classes)
    variables = [*trained.variables, *trained.optimizer.variables]
    if [tuple(v.shape) for v in variables] != [array.shape for array in arrays]:
        raise ValueError(
            f"{path}: not the state of this {judge.name}; it has changed since the "
            f"run was begun"
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    hand_over(trained, judge)
    return judge


def _trained(recipe: Recipe, size: tuple[int, int], num_classes: int) -> keras.Model:
    """The network that learnt, with an optimizer as it had; neither trains here."""
    from segnet.train.optimizer import AveragedAdamW, WarmupDecay
    from segnet.train.pair import build_trained, compile_trained

    trained = build_trained(recipe, size, num_classes)
    rate = WarmupDecay(recipe.learning_rate, 1, 0, recipe.schedule)
    averaged = AveragedAdamW(rate, recipe.ema)
    optimizer = averaged if recipe.ema else keras.optimizers.AdamW(rate)
    optimizer.build(trained.trainable_variables)
    compile_trained(trained, optimizer, LOSSES[recipe.loss](None, 255), recipe)
    return trained
