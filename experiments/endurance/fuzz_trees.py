"""Changes folders of images and masks at random for `check` and `prepare`.

    PYTHONPATH=Code python experiments/endurance/fuzz_trees.py [--count 300] [--seed 0]

Each tree gets one to three changes of names, modes, sizes, links, encodings and the
class map. The store must hold the ids as they were drawn, or `prepare` must refuse the
tree in a sentence that names a file or a way out; `check` must then exit with 1, and
with 0 or a warning where `prepare` succeeds. The last line counts the outcomes.
"""

import argparse
import contextlib
import io
import json
import os
import random
import re
import shutil
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from segnet.cli import main as segnet
from segnet.data.store import open_store

SHAPE = (24, 32)
FRAMES = 8
CLASSES = 3
COLOURS = [(200, 0, 9), (200, 60, 9), (200, 120, 9)]
WARNED = "a network would learn something else, and both verbs say so"


def ids_of(number: int) -> np.ndarray:
    """Returns the ids drawn for a frame, different for each number."""
    ids = np.zeros(SHAPE, np.uint8)
    ids[4:8, number : number + 9] = 1
    ids[12:20, 2 * number : 2 * number + 6] = 2
    return ids


def make(root: Path, rng: random.Random) -> None:
    """Writes a tree whose frames are named by their numbers, flat or in drives."""
    folders = rng.choice([["."], ["a", "b"], ["train", "val"], ["train", "deep/Valid"]])
    noise = np.random.default_rng(rng.randrange(1 << 30))
    for place, folder in enumerate(folders):
        for kind in "IM":
            (root / kind / folder).mkdir(parents=True)
        for number in range(FRAMES):
            name = f"{folder}/f{place}{number}"
            pixels = noise.integers(0, 256, (*SHAPE, 3), np.uint8)
            Image.fromarray(pixels).save(root / "I" / f"{name}.png")
            Image.fromarray(ids_of(number)).save(root / "M" / f"{name}.png")
    rows = [
        {"id": index, "name": f"c{index}", "colour": list(colour)}
        for index, colour in enumerate(COLOURS)
    ]
    spec = {"version": 1, "name": "own", "void": 255, "classes": rows}
    (root / "map.json").write_text(json.dumps(spec))


def files(root: Path, kind: str) -> list[Path]:
    """Returns the images ("I") or masks ("M") of a tree, sorted."""
    return sorted(path for path in (root / kind).rglob("*.png") if path.is_file())


def one(root: Path, kind: str, rng: random.Random) -> Path:
    """Returns one of the files."""
    return rng.choice(files(root, kind))


def redraw(change: Callable, suffix: str = ".png", all_masks: bool = True) -> Callable:
    """Returns a mutation that saves masks as `change` makes them of their ids."""

    def mutation(root: Path, rng: random.Random) -> None:
        paths = files(root, "M") if all_masks else [one(root, "M", rng)]
        for path in paths:
            image = Image.open(path)
            if image.mode != "L":
                raise ValueError("a change before left no ids to draw from")
            made = change(np.asarray(image))
            made = made if isinstance(made, Image.Image) else Image.fromarray(made)
            path.unlink()
            made.save(path.with_suffix(suffix))

    return mutation


def with_alpha(mode: str, value: int) -> Callable:
    """Returns a change that adds an alpha channel."""

    def change(ids: np.ndarray) -> Image.Image:
        image = Image.fromarray(ids).convert(mode)
        image.putalpha(value)
        return image

    return change


def with_palette(colours: list, place: list[int]) -> Callable:
    """Returns a change to a palette, in which an id has the index of its place."""

    def change(ids: np.ndarray) -> Image.Image:
        table = np.zeros(256, np.uint8)
        table[: len(place)] = place
        image = Image.fromarray(table[ids]).convert("P")
        image.putpalette(np.array(colours, np.uint8).tobytes())
        return image

    return change


def rename(root: Path, rng: random.Random, name: Callable[[str], str | bytes]) -> None:
    """Gives both files of a frame another name."""
    path = one(root, "I", rng)
    inside = path.relative_to(root / "I")
    for kind in "IM":
        old = root / kind / inside
        if old.is_file():
            new = os.fsencode(old.parent) + b"/" + os.fsencode(name(old.name))
            os.rename(old, new)


def edit_image(change: Callable[[Image.Image], Image.Image], **options) -> Callable:
    """Returns a mutation that saves one image anew."""

    def mutation(root: Path, rng: random.Random) -> None:
        path = one(root, "I", rng)
        suffix = options.get("suffix", ".png")
        image = change(Image.open(path).convert("RGB"))
        path.unlink()
        image.save(path.with_suffix(suffix), **options.get("save", {}))

    return mutation


def turned(orientation: int) -> bytes:
    """Returns EXIF data with an orientation."""
    data = Image.Exif()
    data[0x112] = orientation
    return data.tobytes()


def junk(name: str) -> Callable:
    """Returns a mutation that copies a frame to where systems keep theirs."""

    def mutation(root: Path, rng: random.Random) -> None:
        for kind in "IM":
            path = one(root, kind, rng)
            target = path.parent / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)

    return mutation


def link_out(root: Path, rng: random.Random) -> None:
    """Moves a folder of both kinds elsewhere and links to it."""
    names = [path.name for path in (root / "I").iterdir() if path.is_dir()]
    for kind in "IM" if names else "":
        place = root / kind / names[0]
        if place.is_dir() and not place.is_symlink():
            (root / "far").mkdir(exist_ok=True)
            place.rename(root / "far" / f"{kind}{names[0]}")
            place.symlink_to(root / "far" / f"{kind}{names[0]}")


def resize(both: bool) -> Callable:
    """Returns a mutation that enlarges an image, and its mask too."""

    def mutation(root: Path, rng: random.Random) -> None:
        path = one(root, "I", rng)
        inside = path.relative_to(root / "I")
        for kind in "IM" if both else "I":
            file = root / kind / inside
            if file.is_file():
                big = Image.open(file).resize((64, 48), Image.Resampling.NEAREST)
                big.save(file)

    return mutation


def write_map(change: Callable[[bytes], bytes]) -> Callable:
    """Returns a mutation of the bytes of the class map."""

    def mutation(root: Path, rng: random.Random) -> None:
        path = root / "map.json"
        path.write_bytes(change(path.read_bytes()))

    return mutation


def cut(path: Path) -> None:
    """Cuts a file in half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def grey_rgb(ids: np.ndarray) -> np.ndarray:
    """Returns ids in three equal channels."""
    return np.repeat(ids[..., None], 3, 2)


MUTATIONS: dict[str, Callable[[Path, random.Random], None]] = {
    "none": lambda root, rng: None,
    "mask RGBA": redraw(with_alpha("RGBA", 255)),
    "mask LA": redraw(with_alpha("LA", 255)),
    "mask transparent": redraw(with_alpha("LA", 9), all_masks=False),
    "mask 16 bits": redraw(lambda ids: ids.astype(np.uint16)),
    "mask RGB of ids": redraw(grey_rgb),
    "mask RGB of ids, one": redraw(grey_rgb, all_masks=False),
    "mask colours": redraw(lambda ids: np.array(COLOURS, np.uint8)[ids % 3]),
    "mask colours, one": redraw(
        lambda ids: np.array(COLOURS, np.uint8)[ids % 3], all_masks=False
    ),
    "palette of classes": redraw(with_palette(COLOURS, [0, 1, 2])),
    "palette in another order": redraw(with_palette(COLOURS[::-1], [2, 1, 0])),
    "palette of VOC": redraw(
        with_palette([(0, 0, 0), (128, 0, 0), (0, 128, 0)], [0, 1, 2])
    ),
    "palette of VOC, one": redraw(
        with_palette([(0, 0, 0), (128, 0, 0), (0, 128, 0)], [0, 1, 2]),
        all_masks=False,
    ),
    "mask TIFF": redraw(lambda ids: ids, ".tif"),
    "mask BMP": redraw(lambda ids: ids, ".bmp"),
    "mask JPEG": redraw(lambda ids: ids, ".jpg"),
    "mask JPEG, one": redraw(lambda ids: ids, ".jpg", all_masks=False),
    "ids from 1": redraw(lambda ids: ids + np.uint8(1)),
    "ids times 100": redraw(lambda ids: ids * np.uint8(100)),
    "last class 255": redraw(lambda ids: np.where(ids == 2, 255, ids).astype("u1")),
    "one mask empty": lambda root, rng: one(root, "M", rng).write_bytes(b""),
    "one image cut": lambda root, rng: cut(one(root, "I", rng)),
    "one mask cut": lambda root, rng: cut(one(root, "M", rng)),
    "mask gone": lambda root, rng: one(root, "M", rng).unlink(),
    "image gone": lambda root, rng: one(root, "I", rng).unlink(),
    "image is a folder": lambda root, rng: (root / "I" / "f.png").mkdir(exist_ok=True),
    "name of bytes": lambda root, rng: rename(
        root, rng, lambda name: b"stra\xdfe_" + name.encode(errors="surrogateescape")
    ),
    "name in Cyrillic": lambda root, rng: rename(root, rng, lambda n: f"год {n}"),
    "name with line break": lambda root, rng: rename(root, rng, lambda n: f"x\n{n}"),
    "name NFD": lambda root, rng: rename(
        root, rng, lambda n: unicodedata.normalize("NFD", f"é{n}")
    ),
    "name upper case": lambda root, rng: rename(
        root, rng, lambda n: f"{n[:-4]}{n[-4:].upper()}"
    ),
    "image sideways": edit_image(
        lambda image: image.transpose(Image.Transpose.ROTATE_90),
        suffix=".jpg",
        save={"exif": turned(6)},
    ),
    "mask turned": lambda root, rng: (
        lambda path: Image.open(path).save(path, exif=turned(3))
    )(one(root, "M", rng)),
    "image grey": edit_image(lambda image: image.convert("L")),
    "image LA": edit_image(lambda image: image.convert("LA")),
    "image RGBA": edit_image(lambda image: image.convert("RGBA")),
    "image CMYK": edit_image(lambda image: image.convert("CMYK"), suffix=".tif"),
    "image 16 bits": edit_image(
        lambda image: Image.fromarray(np.asarray(image.convert("L")).astype("u2"))
    ),
    "image WebP": edit_image(lambda image: image, suffix=".webp"),
    "image animated": lambda root, rng: (
        lambda path, image: image.save(
            path, save_all=True, append_images=[image.rotate(90)]
        )
    )(*(lambda path: (path, Image.open(path).convert("RGB")))(one(root, "I", rng))),
    "image larger": resize(False),
    "both larger": resize(True),
    "junk of a NAS": junk("@eaDir/copy.png"),
    "junk of Jupyter": junk(".ipynb_checkpoints/copy.png"),
    "junk of macOS": junk("._copy.png"),
    "junk of Windows": lambda root, rng: (root / "I" / "Thumbs.db").write_bytes(b"x"),
    "linked folder": link_out,
    "dangling link": lambda root, rng: (root / "I" / "z.png").symlink_to("gone"),
    "loop": lambda root, rng: (root / "I" / "loop").symlink_to(".."),
    "two names of a folder": lambda root, rng: [
        (root / kind / "again").symlink_to(sub.name)
        for kind in "IM"
        for sub in sorted((root / kind).iterdir())[:1]
        if sub.is_dir()
    ],
    "FIFO": lambda root, rng: os.mkfifo(root / "I" / "fifo.png"),
    "map with BOM": write_map(lambda text: b"\xef\xbb\xbf" + text),
    "map with CRLF": write_map(lambda text: text.replace(b", ", b",\r\n")),
    "map UTF-16": write_map(lambda text: text.decode("utf-8-sig").encode("utf-16")),
    "map cut": write_map(lambda text: text[: len(text) // 2]),
    "map in Chinese": write_map(lambda text: text.replace(b"c1", "道路".encode())),
    "black is a class": write_map(
        lambda text: text.replace(b"[200, 0, 9]", b"[0, 0, 0]")
    ),
    "a class too many": write_map(
        lambda text: text.replace(
            b"}]}", b'}, {"id": 3, "name": "c3", "colour": [9, 9, 9]}]}'
        )
    ),
    "a class too few": write_map(
        lambda text: re.sub(rb', \{"id": 2[^}]*\}', b"", text)
    ),
    "split half named": lambda root, rng: [
        (root / kind / "test").mkdir(exist_ok=True)
        or path.rename(root / kind / "test" / path.name)
        for kind in "IM"
        for path in files(root, kind)[:2]
    ],
}


def run(*arguments: str) -> tuple[int | str, str]:
    """Returns the exit status of the command, or its exception, and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = segnet(list(arguments))
        except BaseException as error:
            return f"{type(error).__name__}: {error}"[:300], said.getvalue()
    return status, said.getvalue()


def right(store: Path) -> bool:
    """Returns whether all labels of a store are as drawn."""
    with open_store(store) as opened:
        for split in opened.splits:
            _, labels = opened[split].load()
            names = opened[split].frame_ids
            for name, found in zip(names, labels, strict=True):
                number = int(re.findall(r"f\d(\d)", name)[-1])
                if not np.array_equal(found, ids_of(number)):
                    return False
    return True


def outcome(root: Path) -> str:
    """Returns what check and prepare made of a tree; "FAULT: ..." where it is wrong."""
    places = [str(root / kind) for kind in "IM"]
    options = ["--classes", str(root / "map.json"), "--workers", "1"]
    checked, findings = run("check", "folder", *places, *options)
    prepared, said = run("prepare", "folder", *places, str(root / "out"), *options)
    store = root / "out" / "store.h5"
    if prepared == 2:
        if store.exists():
            return "FAULT: refused, and yet a store"
        if not said.startswith("segnet prepare: ") or "Traceback" in said:
            return f"FAULT: no sentence: {said[:200]!r}"
        return "refused by both" if checked == 1 else f"FAULT: check exits {checked}"
    if prepared:
        return f"FAULT: prepare exits {prepared}"
    if right(store):
        if checked == 1 and "warning: " not in said:
            return f"FAULT: right, and check exits 1: {findings[-300:]!r}"
        return "right data"
    if checked == 1 and "warning: " in said:
        return WARNED
    return f"FAULT: other data in silence, check exits {checked}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    for number in range(arguments.count):
        rng = random.Random(f"{arguments.seed}-{number}")
        names = rng.sample(sorted(MUTATIONS), rng.choice([1, 1, 2, 3]))
        if number < len(MUTATIONS):
            names = [sorted(MUTATIONS)[number]]
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            make(root, rng)
            try:
                for name in names:
                    MUTATIONS[name](root, rng)
            except (OSError, ValueError, IndexError):
                # The changes before left nothing to change.
                counts["not made"] += 1
                continue
            found = outcome(root)
        counts[found.partition(":")[0]] += 1
        if found.startswith("FAULT"):
            print(number, names, found, flush=True)
    print(", ".join(f"{n} {word}" for word, n in counts.most_common()))


if __name__ == "__main__":
    main()
