"""The last weights of a run; its `best.keras` holds those that scored best on val."""

from pathlib import Path

import keras

from segnet.models.build import build_inference_model
from segnet.models.weight_file import assign_variables, name_variables
from segnet.runs import folder as run_folder
from segnet.runs.state import AVERAGE, read_state


def load_last(path: str | Path) -> keras.Model:
    """Returns the network of a run with the weights after its last epoch.

    They are the averaged ones, or the plain ones where the recipe keeps no average.

    Args:
        path: A run folder, or its last.npz; recipe.json must be in the folder.

    Raises:
        FileNotFoundError: One of the files is missing.
        ValueError: A file is damaged, the network has changed since, or it is
            not of this package.
    """
    path = Path(path)
    if path.is_dir():
        path = path / run_folder.STATE
    recipe = run_folder.read_recipe(path.parent)
    progress, arrays = read_state(path)
    size, num_classes = progress.data["size"], len(progress.data["classes"])
    try:
        model = build_inference_model(recipe, size, num_classes)
    except ValueError as error:
        raise ValueError(f"{path.parent / run_folder.RECIPE}: {error}") from error
    variables = name_variables(model)
    found = {}
    for name in variables:
        array = arrays.get(f"{AVERAGE}/{name}", arrays.get(name))
        if array is not None:
            found[name] = array
    assign_variables(variables, found, f"{path}: not the state of this {model.name}")
    return model
