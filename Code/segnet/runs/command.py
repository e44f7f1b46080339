"""The commands that begin a run again and go on with it, and where its stores are."""

import dataclasses
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from segnet.recipe import Recipe
from segnet.recipes import closest
from segnet.system.text import brief_path

HOME = "~"
KERAS = "keras"


def train_command(
    recipe: Recipe,
    store: str | Path,
    out: str | Path,
    extra: str | Path | None = None,
    kernels: str = KERAS,
) -> str:
    """Returns the `segnet train` command that begins such a run.

    Args:
        recipe: Written as the closest named recipe and the values that differ.
        store: Its paths are cut as `brief_path` does.
        out: The run folder.
        extra: A second store, or None.
        kernels: As for `segnet.train.train`.
    """
    name, changed = closest(recipe)
    if any(getattr(recipe, field) in (None, ()) for field in changed):
        # No option stands for "none".
        name, changed = "", _from_default(recipe)
    if name and "epochs" in changed:
        # With fewer epochs the command would choose it by itself.
        changed = [*changed, "validate_every"]
    words = ["segnet", "train", brief_path(store), "--out", brief_path(out)]
    words += ["--recipe", name] if name else []
    for field in dataclasses.fields(Recipe):
        if field.name in changed and not field.metadata.get("hidden"):
            words += _words(field, getattr(recipe, field.name))
    words += ["--extra", brief_path(extra)] if extra else []
    words += ["--kernels", kernels] if kernels != KERAS else []
    return shlex.join(words)


def _from_default(recipe: Recipe) -> list[str]:
    default = Recipe()
    names = (field.name for field in dataclasses.fields(Recipe))
    return [name for name in names if getattr(recipe, name) != getattr(default, name)]


def _words(field: dataclasses.Field, value: object) -> Iterator[str]:
    """Yields the option for a field of a recipe and its value."""
    flag = field.name.replace("_", "-")
    if isinstance(value, bool):
        yield f"--{flag}" if value else f"--no-{flag}"
        return
    yield f"--{flag}"
    for part in value if isinstance(value, tuple) else (value,):
        is_path = field.name in ("init", "teacher") and part
        yield brief_path(str(part)) if is_path else str(part)


def resume_command(out: str | Path) -> str:
    """Returns the command that goes on with the run in a folder."""
    return shlex.join(["segnet", "train", "--out", str(out), "--resume"])


def place_of(path: str | Path, out: str | Path) -> str:
    """Returns where a store is, for the record of a run: it names no user.

    Args:
        path: The store.
        out: The run folder.

    Returns:
        The path from the run folder, or from the home folder as `~/...`; the last two
        parts of what lies in another user's home or on another drive.
    """
    path, out, home = (Path(p).resolve() for p in (path, out, Path.home()))
    if path.is_relative_to(home):
        if not out.is_relative_to(home):
            return f"{HOME}/{path.relative_to(home).as_posix()}"
    elif home.parent != home.parent.parent and path.is_relative_to(home.parent):
        return brief_path(path)
    try:
        return Path(os.path.relpath(path, out)).as_posix()
    except ValueError:
        return brief_path(path)


def path_of_place(place: str, out: str | Path) -> Path:
    """Returns the path that `place_of` wrote down, as short as it can be said."""
    if place.startswith(f"{HOME}/"):
        return Path(place).expanduser()
    return Path(os.path.normpath(Path(out, place)))
