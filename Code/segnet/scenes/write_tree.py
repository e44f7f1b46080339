"""Writes drives as a Virtual KITTI 1.3.1 tree."""

import hashlib
import io
import json
import math
import os
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from segnet.scenes.drive import Drive
from segnet.scenes.paint.camera import WIDEST
from segnet.scenes.town.worlds import WORLDS
from segnet.scenes.variations import TURNS, VARIATIONS
from segnet.system.files import replacing
from segnet.system.parallel import ordered_map

SIZE = (375, 1242)
RGB, SCENEGT = "vkitti_1.3.1_rgb", "vkitti_1.3.1_scenegt"
_SMALLEST = 32
# Run-length matching is faster than a full search and packs noisy pictures better.
_PICTURE = {"compress_level": 1, "compress_type": zlib.Z_RLE}
_LABELS = {"compress_level": 3}


def render(
    root: str | Path,
    world: str = "0001",
    variations: Sequence[str] = ("clone",),
    frames: int = 64,
    seed: int = 0,
    size: tuple[int, int] = SIZE,
    workers: int | None = None,
    progress: bool = False,
    every: int = 1,
    focal: float | None = None,
) -> Path:
    """Writes the first frames of a drive and returns `root`.

    The tree has the layout of Virtual KITTI 1.3.1. The same arguments give the same
    bytes for any number of workers. Frames left by an interrupted call with the same
    arguments are kept, others are replaced. An encoding file is written when all frames
    of its variation are complete.

    Args:
        root: Folder for `vkitti_1.3.1_rgb` and `vkitti_1.3.1_scenegt`.
        world: One of `WORLDS`.
        variations: Some of `VARIATIONS`; those with the view of clone cost less
            together than one by one.
        frames: Number of frames, from 1 to the world's length.
        seed: 0 or more; each seed builds a different town.
        size: Height and width in pixels.
        workers: Processes; one for each core by default.
        progress: Show a progress bar.
        every: Write only every n-th frame, starting with the first, so that neighbours
            look less alike.
        focal: Focal length in pixels. By default the view is 81 degrees wide, as in
            Virtual KITTI; a longer one narrows it.

    Raises:
        ValueError: An argument is out of range, or the folder holds frames that were
            not rendered here.
    """
    from tqdm.auto import tqdm

    variations = _checked(world, variations, frames, seed, size)
    _check_options(size, focal, workers, every)
    root = Path(root)
    for variation in variations:
        _refuse_foreign(root, world, variation)
    drive = (world, seed, tuple(size), focal)
    jobs = _jobs(root, drive, variations, range(0, frames, every))
    texts: dict[str, str] = {}
    done = ordered_map(_draw, jobs, len(jobs), workers)
    options = {"total": len(jobs), "desc": f"render {world}", "unit": "frame"}
    for made in tqdm(done, **options, disable=not progress):
        texts |= made
    for variation in variations:
        text = texts.get(variation) or _drive(*drive).encoding(variation)
        with replacing(_encoding_path(root, world, variation)) as part:
            part.write_text(text, encoding="utf-8", newline="\n")
    return root


def _check_options(
    size: tuple[int, int], focal: float | None, workers: int | None, every: int
) -> None:
    if focal is not None and not WIDEST * size[1] <= focal < math.inf:
        raise ValueError(
            f"focal is {focal}, expected {WIDEST * size[1]:.1f} or more for pictures "
            f"{size[1]} wide: the view is at most 81 degrees"
        )
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}, expected 1 or more, or None for all")
    if every < 1:
        raise ValueError(f"every is {every}, expected 1 or more")


def _checked(world, variations, frames, seed, size) -> tuple[str, ...]:
    if world not in WORLDS:
        raise ValueError(f"world {world!r} is none of {', '.join(WORLDS)}")
    if isinstance(variations, str):
        variations = (variations,)
    for variation in variations:
        if variation not in VARIATIONS:
            names = ", ".join(VARIATIONS)
            raise ValueError(f"variation {variation!r} is none of {names}")
    if not variations:
        raise ValueError(f"no variation given; choose from {', '.join(VARIATIONS)}")
    longest = WORLDS[world].frames
    if not 1 <= frames <= longest:
        raise ValueError(
            f"frames is {frames}; world {world} has 1 to {longest} of them"
        )
    if seed < 0:
        raise ValueError(f"seed is {seed}, expected 0 or more")
    if len(size) != 2 or min(size) < _SMALLEST:
        raise ValueError(
            f"size is {size}, expected (height, width), each {_SMALLEST} or more"
        )
    return tuple(dict.fromkeys(variations))


def _encoding_path(root: Path, world: str, variation: str) -> Path:
    return root / SCENEGT / f"{world}_{variation}_scenegt_rgb_encoding.txt"


def _image_paths(root: Path, world: str, variation: str, frame: int):
    name = f"{frame:05d}.png"
    return tuple(root / top / world / variation / name for top in (RGB, SCENEGT))


def _jobs(root: Path, drive: tuple, variations, frames: range) -> list[tuple]:
    """Returns jobs (root, drive, frame, variations still to draw), one per view."""
    world = drive[0]
    for variation in variations:
        _clear_others(root, world, variation, frames, _record(drive))
    _write_readmes(root)
    views: dict[str, list[str]] = {}
    for variation in variations:
        views.setdefault(variation if variation in TURNS else "clone", []).append(
            variation
        )
    jobs = []
    for frame in frames:
        for view in views.values():
            missing = tuple(
                v
                for v in view
                if not all(p.exists() for p in _image_paths(root, world, v, frame))
            )
            if missing:
                jobs.append((root, drive, frame, missing))
    return jobs


def _record(drive: tuple) -> dict:
    world, seed, size, focal = drive
    return {
        "made_by": "segnet.scenes",
        "world": world,
        "seed": seed,
        "size": list(size),
        "focal": focal,
        "code": _code_digest(),
    }


@lru_cache
def _code_digest() -> str:
    digest = hashlib.sha256(f"{np.__version__} {Image.__version__}".encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _note_path(root: Path, world: str, variation: str) -> Path:
    return root / f"rendered_{world}_{variation}.json"


def _refuse_foreign(root: Path, world: str, variation: str) -> None:
    """Refuses to replace frames without a note beside them, as in a download."""
    if _note_path(root, world, variation).exists():
        return
    for top in (RGB, SCENEGT):
        folder = root / top / world / variation
        if any(folder.glob("*.png")):
            raise ValueError(
                f"{folder}: holds frames that `segnet render` did not make; render "
                f"into another folder"
            )


def _clear_others(root: Path, world, variation, frames: range, record: dict) -> None:
    """Removes frames made with other arguments, and frames not asked for."""
    note = _note_path(root, world, variation)
    kept = note.exists() and _same(note, record)
    _encoding_path(root, world, variation).unlink(missing_ok=True)
    for top in (RGB, SCENEGT):
        folder = root / top / world / variation
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.png"):
            if not (kept and path.stem.isdigit() and int(path.stem) in frames):
                path.unlink()
    if not kept:
        with replacing(note) as part:
            part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _same(note: Path, record: dict) -> bool:
    try:
        return json.loads(note.read_text(encoding="utf-8")) == record
    except ValueError:
        return False


_README = """Scenes rendered by segnet.scenes in the layout of Virtual KITTI 1.3.1.
They are not Virtual KITTI: towns, cars and light are segnet's own.
rendered_<world>_<variation>.json in the folder above this one holds the arguments.

"""
_README_OF = {
    RGB: ("README_rgb.txt", "<world>/<variation>/%05d.png: 8 bit RGB pictures.\n"),
    SCENEGT: (
        "README_scenegt.txt",
        "<world>/<variation>/%05d.png: 8 bit RGB, a colour for each class or vehicle.\n"
        "<world>_<variation>_scenegt_rgb_encoding.txt: what the colours stand for;\n"
        "rows of Car and Van carry the number of the vehicle.\n",
    ),
}


def _write_readmes(root: Path) -> None:
    for top, (name, body) in _README_OF.items():
        with replacing(root / top / name) as part:
            part.write_text(_README + body, encoding="utf-8", newline="\n")


@lru_cache(maxsize=1)
def _drive(world: str, seed: int, size: tuple[int, int], focal) -> Drive:
    return Drive(world, seed, size, focal)


def _draw(job: tuple) -> dict[str, str]:
    """Writes one view of a frame and returns its variations' encoding files."""
    root, arguments, frame, variations = job
    world, drive = arguments[0], _drive(*arguments)
    table = drive.colours(variations[0])
    labels = None
    for variation, picture, owners in drive.draw(frame, variations):
        if labels is None:
            labels = _png(Image.fromarray(table[owners]), _LABELS)
        paths = _image_paths(root, world, variation, frame)
        for content, path in zip((_png(picture, _PICTURE), labels), paths, strict=True):
            _save(content, path)
    return {variation: drive.encoding(variation) for variation in variations}


def _png(image: Image.Image, options: dict) -> bytes:
    content = io.BytesIO()
    image.save(content, format="PNG", **options)
    return content.getvalue()


def _save(content: bytes, path: Path) -> None:
    """Writes a file under a temporary name first, so a killed run leaves no part."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
