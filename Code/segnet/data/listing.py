"""Finds the files of a dataset, and names those that are missing.

All readers list files through `visible` and `folders`. Hidden files and folders, and
those that systems add such as `@eaDir`, do not count. Links are followed. A link that
leads nowhere is an error, since the frames behind it would be missing without a
message.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from segnet.data.source import WrongOption

DEEP = "**/"
# What systems keep beside the files of users: thumbnails, bins and previews, in lower
# case. Names that begin with a dot are hidden anyway.
SYSTEM_NAMES = {
    "@eadir",  # Synology
    "@tmp",
    "@recycle",  # QNAP
    "@recently-snapshot",
    "#recycle",
    "#snapshot",
    "$recycle.bin",  # Windows
    "system volume information",
    "thumbs.db",
    "desktop.ini",
    "__macosx",  # zip files of macOS
    "lost+found",
}


def paired(
    images: Mapping[str, Path],
    labels: Mapping[str, Path],
    image_path: Callable[[str], Path],
    label_path: Callable[[str], Path],
    reasons: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[str], list[str]]:
    """Returns the names of whole frames, sorted, and a line for each file without one.

    Args:
        images: Frame name -> its image.
        labels: Frame name -> its label image.
        image_path: Where the image of a frame should be.
        label_path: Where the label image of a frame should be.
        reasons: Frame name -> the line to give for it, where more is known.

    Returns:
        The names with both files; for `Source.orphans`, a line for each other file.
    """
    orphans = []
    for name in sorted(images.keys() ^ labels.keys()):
        missing = label_path(name) if name in images else image_path(name)
        partner = images.get(name) or labels[name]
        usual = f"{missing}: missing, its partner {partner} exists"
        orphans.append(reasons.get(name, usual))
    return sorted(images.keys() & labels.keys()), orphans


def chosen(
    kind: str, wanted: Iterable[str] | None, there: set[str], root: Path
) -> set[str]:
    """Returns the wanted names, or all of them.

    Args:
        kind: Of the things named, for the message: "world".
        wanted: Names, or a single one, or None for all.
        there: Names to choose from.
        root: The dataset, for the message.

    Raises:
        WrongOption: A wanted name does not exist, or none is wanted.
    """
    wanted = {wanted} if isinstance(wanted, str) else wanted
    wanted = there if wanted is None else set(wanted)
    if not wanted or not wanted <= there:
        missing = ", ".join(sorted(wanted - there)) or "in an empty choice"
        raise WrongOption(
            f"{root} has no {kind} {missing}; it has {', '.join(sorted(there))}"
        )
    return wanted


def child(folder: Path, name: str) -> Path:
    """Returns `folder / name`, or the entry whose name differs in case only.

    Raises:
        FileNotFoundError: It is a link that leads nowhere.
    """
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    same = [path for path in folder.iterdir() if path.name.lower() == name.lower()]
    return _sound(min(same, default=exact))


def is_hidden(name: str) -> bool:
    """Returns whether a file or folder of that name is no data of the user."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def visible(folder: Path, pattern: str) -> list[Path]:
    """Returns the files in `folder` that match, sorted, without hidden ones.

    Args:
        folder: Where to look; a folder that is missing has no files.
        pattern: What their names match, such as "*.png". "**/*.png" looks into
            sub-folders too, linked ones included. Each real folder is read once: a
            link back to a folder that it lies in is not followed.

    Raises:
        FileNotFoundError: A link leads nowhere.
        ValueError: Two names lead to one folder.
        OSError: A folder cannot be read.
    """
    name = pattern.removeprefix(DEEP)
    places = _tree(folder) if pattern.startswith(DEEP) else [folder]
    return sorted(
        place / entry.name
        for place in places
        for entry in _entries(place)
        if fnmatchcase(entry.name, name) and entry.is_file()
    )


def folders(folder: Path) -> list[Path]:
    """Returns the sub-folders of `folder`, sorted, without hidden ones.

    Raises:
        FileNotFoundError: A link leads nowhere.
        OSError: The folder cannot be read.
    """
    return sorted(folder / entry.name for entry in _entries(folder) if entry.is_dir())


def _entries(folder: Path) -> list[os.DirEntry]:
    """Returns the entries of a folder except hidden ones; none if it is missing.

    Links that lead nowhere are refused, whatever their names: nothing shows whether
    a folder of frames was behind them.
    """
    if not _sound(folder).is_dir():
        return []
    with os.scandir(folder) as found:
        entries = [entry for entry in found if not is_hidden(entry.name)]
    for name in sorted(entry.name for entry in entries if entry.is_symlink()):
        _sound(folder / name)
    return entries


def _sound(path: Path) -> Path:
    """Returns the path, unless it is a link that leads nowhere."""
    if path.is_symlink() and not os.path.exists(path):
        raise FileNotFoundError(
            f"{path}: a link to {os.readlink(path)}, which does not exist; repair "
            f"or remove the link"
        )
    return path


def _tree(root: Path) -> Iterator[Path]:
    """Yields `root` and all folders below it, links after all real folders."""
    seen: dict[Path, Path] = {}
    waiting, links = [root], list[Path]()
    while waiting or links:
        folder = waiting.pop() if waiting else links.pop(0)
        real = Path(os.path.realpath(folder))
        if folder != root and _holds_itself(folder, real):
            continue
        if real in seen:
            raise ValueError(
                f"{folder}: the same folder as {seen[real]}, whose files are read "
                f"already; remove one of the two, or make it a copy"
            )
        seen[real] = folder
        yield folder
        for path in folders(folder):
            (links if path.is_symlink() else waiting).append(path)


def _holds_itself(folder: Path, real: Path) -> bool:
    """Returns whether the real folder behind a name is one that the name lies in."""
    place = Path(os.path.realpath(folder.parent))
    above = [Path(os.path.realpath(parent)) for parent in folder.parents]
    return real in (place, *place.parents, *above)
