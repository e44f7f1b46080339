"""What readers share: finding files, and saying what is missing."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path


def check_pairs(
    images: Mapping[str, Path],
    labels: Mapping[str, Path],
    image_path: Callable[[str], Path],
    label_path: Callable[[str], Path],
) -> None:
    """Raises FileNotFoundError when an image has no label image or the reverse.

    Args:
        images: Frame name -> image there.
        labels: Frame name -> label image there.
        image_path: Where the image of a frame should be.
        label_path: Where the label image of a frame should be.
    """
    for name in sorted(images.keys() ^ labels.keys()):
        missing = label_path(name) if name in images else image_path(name)
        partner = images.get(name) or labels[name]
        raise FileNotFoundError(
            f"{missing}: missing, its partner {partner} is there; the copy is not "
            f"complete"
        )


def chosen(
    kind: str, wanted: Iterable[str] | None, there: set[str], root: Path
) -> set[str]:
    """Returns what is wanted, or all that is there.

    Args:
        kind: What is chosen, for the message: "world".
        wanted: Names, or None for all.
        there: Names to choose from.
        root: The dataset, for the message.

    Raises:
        ValueError: Something wanted is not there, or nothing is wanted.
    """
    wanted = there if wanted is None else set(wanted)
    if not wanted or not wanted <= there:
        missing = ", ".join(sorted(wanted - there)) or "in an empty choice"
        raise ValueError(
            f"{root} has no {kind} {missing}; it has {', '.join(sorted(there))}"
        )
    return wanted


def child(folder: Path, name: str) -> Path:
    """Returns `folder / name`, or what is there under that name in other case."""
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    same = [path for path in folder.iterdir() if path.name.lower() == name.lower()]
    return min(same, default=exact)


def visible(folder: Path, pattern: str) -> list[Path]:
    """Returns the files in `folder` that match, sorted, without hidden ones."""
    paths = (path for path in folder.glob(pattern) if path.is_file())
    return sorted(path for path in paths if not path.name.startswith("."))
