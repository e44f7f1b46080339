"""Checks of names and paths before Keras is imported, which takes seconds."""

from collections.abc import Iterable
from pathlib import Path

from segnet.recipe import Recipe
from segnet.runtimes.formats import check_exists, format_of


def check_store(path: str | Path, split: str | None = None) -> None:
    """Refuses a store that cannot be read, or has no such split.

    Raises:
        FileNotFoundError: There is no such store.
        ValueError: It is damaged or has no such split.
    """
    from segnet.data.store import open_store

    with open_store(path) as store:
        if split is not None:
            store[split]


def check_models(models: Iterable[str | Path]) -> None:
    """Refuses models that are no file, exported or not, run folder or shipped name.

    Raises:
        FileNotFoundError: There is no such model.
    """
    for model in models:
        if format_of(model) is not None:
            check_exists(model)
            continue
        # Not for exported files, which are to be predicted in under a second.
        from segnet.runs.loading import find_weights

        find_weights(model)


def check_training(
    recipe: Recipe, store: Path, extra: Path | None, out: Path, resume: bool
) -> None:
    """Refuses a run for which a name, a store or the run folder is wrong.

    Raises:
        FileNotFoundError: A store or a file that the recipe names is missing.
        ValueError: The network is unknown, a store cannot be read, or the folder
            holds another run.
    """
    from segnet.models import check_network
    from segnet.runs import folder as run_folder

    check_network(recipe.model)
    check_store(store, "train")
    check_store(store, "val")
    if extra:
        check_store(extra, "train")
    if not run_folder.check(out, recipe, resume):
        check_models(filter(None, [recipe.init]))
    check_models(recipe.teacher)
