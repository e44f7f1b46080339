"""Sources to predict: images, folders, patterns, videos, cameras; output names."""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from segnet.data.listing import visible
from segnet.predict import photographs

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".m2ts"),
    *(".ts", ".mts", ".wmv", ".flv", ".ogv", ".3gp", ".mjpeg", ".mjpg"),
)
IDS, OVERLAY, CONFIDENCE = ".png", ".overlay.jpg", ".confidence.png"
SHARES, VIDEO, CONFIDENCE_VIDEO = ".json", ".mp4", ".confidence.mp4"
OUTPUTS = (IDS, OVERLAY, CONFIDENCE, SHARES, VIDEO, CONFIDENCE_VIDEO)
IMAGE_KIND, VIDEO_KIND, CAMERA_KIND = "image", "video", "camera"


@dataclass(frozen=True)
class Item:
    """One image, video or camera.

    Args:
        path: Its file; of a camera, its number.
        base: Where its outputs go, without their endings (`OUTPUTS`).
        kind: "image", "video" or "camera".
    """

    path: Path
    base: Path
    kind: str

    def output(self, ending: str) -> Path:
        """Returns the path of one of its outputs."""
        return self.base.with_name(self.base.name + ending)


def find_items(sources: Sequence[str | Path], out: str | Path) -> list[Item]:
    """Returns what the sources name, each file once, in their order.

    Folders are searched with their sub-folders, which are kept below `out`. No two
    items share an output: `a.jpg` and `a.png` in one folder become `a.jpg.png` and
    `a.png.png`.

    Args:
        sources: Images, videos, folders, patterns such as "drive/*.png", and numbers
            of cameras.
        out: The folder of the outputs. One inside a source folder is not searched.

    Raises:
        FileNotFoundError: There is no such source, or nothing in it.
        ValueError: An output would replace a source, or `out` is a source folder.
    """
    out = Path(out)
    cameras = [str(s) for s in sources if _is_camera(s)]
    found = [_found(s, out) for s in sources if not _is_camera(s)]
    single = [path for root, paths in found if root is None for path in paths]
    folders = [(root, paths) for root, paths in found if root is not None]
    relative = _relative(single, [path.parent for path in single])
    roots = [root for root, _ in folders]
    above = _common(roots) if len(set(map(os.path.realpath, roots))) > 1 else None
    for root, paths in folders:
        prefix = PurePath() if above is None else PurePath(os.path.relpath(root, above))
        relative += [(path, prefix / path.relative_to(root)) for path in paths]
    seen, once = set(), []
    for path, name in relative:
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            once.append((path, name))
    items = _named(once, out)
    _check_sources_stay(items, seen)
    items += [
        Item(Path(number), out / f"camera{number}", CAMERA_KIND) for number in cameras
    ]
    return items


def _is_camera(source: str | Path) -> bool:
    return str(source).isdecimal() and not Path(source).exists()


def _found(source: str | Path, out: Path) -> tuple[Path | None, list[Path]]:
    """Returns the files of a source, and the folder that names start from, if any."""
    path = Path(source)
    if path.is_dir():
        return path, _in_folder(path, out)
    if path.exists():
        return None, [path]
    if not glob.has_magic(str(source)):
        raise FileNotFoundError(f"{path}: no such image, video or folder")
    # What comes before the first wildcard is the folder.
    parts = path.parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:fixed])
    matched = map(Path, glob.glob(str(source), recursive=True))
    found = sorted(one for one in matched if one.is_file() and _kind(one))
    if not found:
        raise FileNotFoundError(f"{path}: no image or video matches")
    return root, found


def _in_folder(folder: Path, out: Path) -> list[Path]:
    here, inside = (Path(os.path.realpath(one)) for one in (folder, out))
    if here == inside:
        raise ValueError(
            f"{out}: results among their sources would be taken for sources next time; "
            f"name another folder with --out"
        )
    found = [path for path in visible(folder, "**/*") if _kind(path)]
    if inside.is_relative_to(here):
        found = [
            path
            for path in found
            if not Path(os.path.realpath(path)).is_relative_to(inside)
        ]
    if not found:
        raise FileNotFoundError(
            f"{folder}: no image or video in it; known are "
            f"{', '.join((*photographs.SUFFIXES, *VIDEO_SUFFIXES))}"
        )
    return found


def _kind(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return VIDEO_KIND
    return IMAGE_KIND if suffix in photographs.SUFFIXES else None


def _common(paths: Iterable[Path]) -> str:
    return os.path.commonpath([os.path.abspath(path) for path in paths])


def _relative(paths: list[Path], parents: list[Path]) -> list[tuple[Path, PurePath]]:
    """Single files by their names alone, or by their folders too where names repeat."""
    names = Counter(path.name.casefold() for path in paths)
    if all(count == 1 for count in names.values()):
        return [(path, PurePath(path.name)) for path in paths]
    above = _common(parents)
    return [(path, PurePath(os.path.relpath(path, above))) for path in paths]


def _named(files: list[tuple[Path, PurePath]], out: Path) -> list[Item]:
    """Items whose outputs have different names, for file systems without cases too."""
    stems = Counter(_key(name.with_suffix("")) for _, name in files)
    taken, items = set(), []
    for path, name in files:
        base = name.with_suffix("") if stems[_key(name.with_suffix(""))] == 1 else name
        number = 1
        while not taken.isdisjoint(_outputs(base)):
            number += 1
            base = name.with_name(f"{name.name}-{number}")
        taken |= _outputs(base)
        items.append(Item(path, out / base, _kind(path) or IMAGE_KIND))
    return items


def _outputs(base: PurePath) -> set[str]:
    return {_key(base) + ending for ending in OUTPUTS}


def _key(path: PurePath) -> str:
    return path.as_posix().casefold()


def _check_sources_stay(items: list[Item], sources: set[str]) -> None:
    for item in items:
        for ending in OUTPUTS:
            path = item.output(ending)
            if os.path.realpath(path) in sources:
                raise ValueError(
                    f"{path}: a source that would be replaced by a result; name "
                    f"another folder with --out"
                )
