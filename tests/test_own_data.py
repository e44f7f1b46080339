"""Own data that could teach the wrong thing: read right, or refused in one sentence.

`check` and `prepare` agree on each tree.
"""

import errno
import io
import json
import os
import re
import shutil
import struct
import sys
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.check import check
from segnet.cli import main
from segnet.data import READERS
from segnet.data.prepare import prepare
from segnet.data.store import open_store

SHAPE = (24, 32)
FRAMES = 10


def ids_of(number: int, classes: int) -> np.ndarray:
    """Returns ground of class 0 with a block of each other class."""
    ids = np.zeros(SHAPE, np.uint8)
    for index in range(1, classes):
        ids[4 * index : 4 * index + 4, number : number + 9] = index
    return ids


class Tree:
    """Images I, masks M and map.json below a folder; `kinds` of both are changed."""

    def __init__(self, root: Path, classes: int = 3, folders=(".",)):
        self.root, self.classes = root, classes
        rng = np.random.default_rng(0)
        for folder in folders:
            for kind in "IM":
                (root / kind / folder).mkdir(parents=True, exist_ok=True)
            for number in range(FRAMES):
                image = rng.integers(0, 256, (*SHAPE, 3), np.uint8)
                Image.fromarray(image).save(root / "I" / folder / f"f{number}.png")
                mask = Image.fromarray(ids_of(number, classes))
                mask.save(root / "M" / folder / f"f{number}.png")
        self.colours([(200, 60 * index, 9) for index in range(classes)])

    def colours(self, colours, names=None):
        names = names or [f"c{index}" for index in range(len(colours))]
        rows = [
            {"id": index, "name": name, "colour": list(colour)}
            for index, (name, colour) in enumerate(zip(names, colours, strict=True))
        ]
        spec = {"version": 1, "name": "own", "void": 255, "classes": rows}
        (self.root / "map.json").write_text(json.dumps(spec), "utf-8")

    def masks(self, change, suffix=".png"):
        """Replaces each mask by what `change` makes of its ids."""
        for path in sorted((self.root / "M").rglob("*.png")):
            changed = change(np.asarray(Image.open(path)))
            if not isinstance(changed, Image.Image):
                changed = Image.fromarray(changed)
            path.unlink()
            changed.save(path.with_suffix(suffix))

    @property
    def options(self) -> list[str]:
        return ["--classes", str(self.root / "map.json"), "--workers", "1"]

    def check(self, *options) -> int:
        places = [str(self.root / kind) for kind in "IM"]
        return main(["check", "folder", *places, *self.options, *options])

    def prepare(self, *options) -> int:
        places = [str(self.root / kind) for kind in ("I", "M", "out")]
        return main(["prepare", "folder", *places, *self.options, *options])

    def passes(self, *options) -> None:
        """Asserts that both verbs accept the tree and store its ids as drawn."""
        assert self.check(*options) == 0
        assert self.prepare(*options) == 0
        with open_store(self.root / "out" / "store.h5") as store:
            assert len(store.splits) > 1
            for split in store.splits:
                frames = zip(
                    store[split].frame_ids, store[split].load()[1], strict=True
                )
                for name, labels in frames:
                    number = int(re.search(r"f(\d)", name)[1])
                    expected = ids_of(number, self.classes)
                    assert labels.tolist() == expected.tolist()

    def refused(self, capsys, message, *options) -> None:
        """Asserts that both refuse the tree with a sentence, and write nothing."""
        assert self.check(*options) == 1
        assert re.search(message, capsys.readouterr().out)
        assert self.prepare(*options) == 2
        assert re.search(message, capsys.readouterr().err)
        assert not (self.root / "out" / "store.h5").exists()


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def palette_of(ids, colours):
    image = Image.fromarray(ids).convert("P")
    image = Image.fromarray(ids, "P") if image.mode != "P" else image
    image.putpalette(np.array(colours, np.uint8).tobytes())
    return image


# What masks hold.


def scaled(ids):
    return ids * np.uint8(255)


@pytest.mark.parametrize(
    ("change", "ids", "likely"),
    [
        (scaled, "0=c0,255=c1", r"--ids '0=c0,255=c1'"),
        (lambda ids: 255 - scaled(ids), "255=c0,0=c1", r"--ids '0=c0,255=c1'"),
        (lambda ids: np.repeat(scaled(ids)[..., None], 3, 2), "0=c0,255=c1", "--ids"),
        (lambda ids: Image.fromarray(ids > 0), "0=c0,255=c1", None),
        (lambda ids: ids * np.uint8(100), "0=c0,100=c1", "--ids '0=c0,100=c1'"),
        (lambda ids: ids * np.uint16(1000), "0=c0,1000=c1", "--ids '0=c0,1000=c1'"),
    ],
)
def test_masks_of_other_values(tmp_path, capsys, change, ids, likely):
    tree = Tree(tmp_path, classes=2)
    tree.masks(change)
    if likely is not None:
        assert tree.check() == 1
        assert likely in capsys.readouterr().out
    tree.passes("--ids", ids)
    with open_store(tmp_path / "out" / "store.h5") as store:
        words = ", ".join(ids.replace("=", " = ").split(","))
        assert store.attributes["notes"] == f"values of grey masks: {words}"
    assert "values of grey masks" in capsys.readouterr().out


def test_ids_from_1(tree, capsys):
    tree.masks(lambda ids: ids + np.uint8(1))
    tree.refused(capsys, "do ids start at 1\\? Then say --first-id 1")
    tree.passes("--first-id", "1")


def test_a_value_behind_a_gap_may_be_void(tree, capsys):
    tree.masks(lambda ids: np.where(ids == 2, 4, ids).astype(np.uint8))
    tree.colours([(200, 60 * index, 9) for index in range(2)])
    tree.refused(capsys, "is 4 void\\? Then say --void 4")
    assert tree.check("--void", "4") == 0 == tree.prepare("--void", "4")


def test_ids_from_1_with_a_class_too_many(tree, capsys):
    tree.masks(lambda ids: ids + np.uint8(1))
    tree.colours([(200, 60 * index, 9) for index in range(4)])
    for verb, status in ((tree.check, 1), (tree.prepare, 0)):
        assert verb() == status
        shown = capsys.readouterr().out
        assert "warning: no pixel has id 0 (c0), though higher ids occur" in shown
        assert "--first-id 1" in shown


def test_ids_with_holes(tree, capsys):
    tree.masks(lambda ids: ids * np.uint8(2))
    tree.colours([(200, 40 * index, 9) for index in range(5)])
    for verb, status in ((tree.check, 1), (tree.prepare, 0)):
        assert verb() == status
        assert "no pixel has id 1 (c1), 3 (c3), though" in capsys.readouterr().out
    tree.colours([(200, 60 * index, 9) for index in range(3)])
    tree.passes("--ids", "0=c0,2=c1,4=c2")


def test_further_values_are_void(tree, capsys):
    tree.masks(lambda ids: np.where(ids == 0, 254, ids).astype(np.uint8) + 1)
    tree.masks(lambda ids: np.where(ids == 255, 0, ids).astype(np.uint8))
    assert tree.prepare("--void", "0", "--ids", "2=c1,3=c2") == 0
    with open_store(tree.root / "out" / "store.h5") as store:
        labels = store["train"].labels[0]
        assert set(np.unique(labels)) == {1, 2, 255}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ids", "0=c0,255=car"], "'car' is not a class of own, which has c0, c1"),
        (["--ids", "0:c0"], "'0:c0' is no value=name"),
        (["--ids", "0=c0,0=c1"], "names 0 twice"),
        (["--ids", "0=c0", "--first-id", "1"], "both --ids and --first-id"),
        (["--void", "black"], "--void 'black', expected a value"),
        (["--ids", "70000=c0"], "value 70000 of a mask, expected 0 to 65535"),
        (["--ids", "0=c0", "--palette", "colour"], "--palette colour beside --ids"),
    ],
)
def test_options_that_do_not_fit(tree, capsys, options, message):
    for verb in (tree.check, tree.prepare):
        assert verb(*options) == 2
        assert message in capsys.readouterr().err


# Kinds of images.


def alpha(mode, value=255):
    def change(ids):
        image = Image.fromarray(ids).convert(mode)
        image.putalpha(value)
        return image

    return change


@pytest.mark.parametrize(
    "change",
    [
        alpha("RGBA"),
        alpha("LA"),
        lambda ids: ids.astype(np.uint16),
        lambda ids: Image.fromarray(ids.astype(np.int32)),
        lambda ids: Image.fromarray(ids.astype(np.float32)),
        lambda ids: np.repeat(ids[..., None], 3, 2),
    ],
)
def test_ids_in_other_modes(tree, change):
    tree.masks(change, ".tif")
    tree.passes()


@pytest.mark.parametrize("change", [alpha("RGBA"), alpha("LA"), np.uint16])
def test_ids_in_png_of_other_modes(tree, change):
    tree.masks(change)
    tree.passes()


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_masks_of_1_bit(tmp_path, suffix):
    tree = Tree(tmp_path, classes=2)
    tree.masks(lambda ids: Image.fromarray(ids.astype(bool)), suffix)
    tree.passes()


def grey_png(ids: np.ndarray, depth: int) -> bytes:
    """Returns a grey PNG of 2 or 4 bits, whose samples are the ids."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    height, width = ids.shape
    samples = ids.reshape(height, -1, 8 // depth)
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    rows = (samples << shifts).sum(-1).astype(np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("depth", [2, 4])
def test_grey_masks_of_few_bits_hold_ids(tree, depth):
    for path in (tree.root / "M").iterdir():
        path.write_bytes(grey_png(np.asarray(Image.open(path)), depth))
    tree.passes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (alpha("LA", 128), "768 of its pixels are transparent"),
        (alpha("RGBA", 0), "768 of its pixels are transparent"),
        (lambda ids: Image.fromarray(ids).convert("CMYK"), "its pixels are 'CMYK'"),
        (lambda ids: ids.astype(np.float32) / 2, r"value 0\.5 on \d+ pixels, expected"),
        (lambda ids: ids.astype(np.int32) - 1, r"value -1 on \d+ pixels, expected"),
    ],
)
def test_masks_that_are_not_clear(tree, capsys, change, message):
    tree.masks(change, ".tif")
    tree.refused(capsys, message)


def test_pages_and_animations(tree, capsys):
    path = tree.root / "M" / "f0.tif"
    page = Image.open(tree.root / "M" / "f0.png")
    (tree.root / "M" / "f0.png").unlink()
    page.save(path, save_all=True, append_images=[page, page])
    tree.refused(capsys, r"f0\.tif: .*it has 3 pages or frames of an animation")


def test_animated_images(tree, capsys):
    image = tree.root / "I" / "f0.png"
    moving = Image.open(image)
    moving.save(image, save_all=True, append_images=[moving.rotate(90)])
    tree.refused(capsys, r"f0\.png: .*it has 2 pages or frames of an animation")


# Palettes.


def test_a_palette_whose_black_is_no_void_is_read_by_index(tree, capsys):
    """As in Pascal VOC: the background has index 0 and black."""
    table = [(0, 0, 0), (128, 0, 0), (0, 128, 0)]
    tree.masks(lambda ids: palette_of(ids, table))
    tree.colours([(200, 0, 9), *table[1:]])
    tree.passes()
    shown = capsys.readouterr().out
    assert shown.count("masks with a palette are read by their indices, as ids") == 2


def test_a_palette_in_another_order_is_read_by_colour(tree, capsys):
    table = [(200, 120, 9), (200, 0, 9), (200, 60, 9)]  # c2, c0, c1
    place = np.array([1, 2, 0], np.uint8)
    tree.masks(lambda ids: palette_of(place[ids], table))
    tree.passes()
    shown = capsys.readouterr().out
    assert "are read by their colours" in shown and "the colour of c2 at index 0" in (
        shown
    )


@pytest.mark.parametrize("asked", ["index", "colour"])
def test_a_palette_is_read_as_asked(tree, asked):
    table = [(200, 60, 9), (200, 0, 9), (200, 120, 9)]  # c1, c0, c2
    place = {"index": [0, 1, 2], "colour": [1, 0, 2]}[asked]
    tree.masks(lambda ids: palette_of(np.array(place, np.uint8)[ids], table))
    tree.passes("--palette", asked)


def test_a_later_palette_that_contradicts_is_refused(tmp_path, capsys):
    tree = Tree(tmp_path, folders=[f"d{n}" for n in range(4)])
    table = [(1, 1, 1), (2, 2, 2), (3, 3, 3)]
    tree.masks(lambda ids: palette_of(ids, table))
    paths = sorted((tree.root / "M").rglob("*.png"))
    other = palette_of(np.zeros(SHAPE, np.uint8), [(200, 60, 9)])
    # Not among the masks that decide for the set.
    other.save(paths[1])
    tree.refused(capsys, r"f1\.png: its palette has the colour of c1 at index 0")


# Colours.


@pytest.mark.parametrize("black", [0, 2])
def test_black_is_a_class(tree, black):
    colours = [(200, 60 * index, 9) for index in range(3)]
    colours[black] = (0, 0, 0)
    tree.colours(colours)
    tree.passes()
    table = np.array(colours, np.uint8)
    tree.masks(lambda ids: table[ids])
    tree.passes()


def test_black_is_void_where_no_class_has_it(tree):
    table = np.array([(200, 0, 9), (200, 60, 9), (0, 0, 0)], np.uint8)
    tree.masks(lambda ids: table[ids])
    assert tree.prepare() == 0
    with open_store(tree.root / "out" / "store.h5") as store:
        labels = store["train"].labels[0]
        assert set(np.unique(labels)) == {0, 1, 255}


# Files that are no masks.


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".jpg", "JPEG"), (".JPEG", "JPEG"), (".webp", "WebP")]
)
def test_masks_with_loss_are_named_as_the_fault(tree, capsys, suffix, kind):
    tree.masks(lambda ids: ids, suffix)
    tree.refused(capsys, f"{kind} masks are not read: compression invents colours")


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF"])
def test_masks_with_loss_under_another_name(tree, capsys, form):
    path = tree.root / "M" / ("f0.tif" if form == "TIFF" else "f0.png")
    mask = Image.open(tree.root / "M" / "f0.png").convert("RGB")
    (tree.root / "M" / "f0.png").unlink()
    extra = {"compression": "jpeg"} if form == "TIFF" else {}
    mask.save(path, form, **extra)
    tree.refused(capsys, f"it holds {form} data, and masks are read from PNG, BMP, ")


# Listing.


@pytest.mark.parametrize(
    "place",
    [
        ".ipynb_checkpoints/f4-checkpoint.png",
        "@eaDir/f4.png",
        "@eaDir/f4.png/SYNOPHOTO_THUMB_M.png",
        ".thumbnails/f4.png",
        "__MACOSX/._f4.png",
        "$RECYCLE.BIN/f4.png",
        "._f4.png",
    ],
)
def test_what_systems_add_is_no_data(tree, place):
    for kind in "IM":
        path = tree.root / kind / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree.root / kind / "f4.png", path)
    tree.passes()
    with open_store(tree.root / "out" / "store.h5") as store:
        assert sum(len(store[name]) for name in store.splits) == 7


@pytest.mark.parametrize("names", [("train", "valid", "test"), ("Training", "VAL")])
def test_folders_named_after_splits(tmp_path, names):
    tree = Tree(tmp_path, folders=names)
    tree.passes()
    with open_store(tmp_path / "out" / "store.h5") as store:
        assert store.splits == ("train", "val", "test")[: len(names)]
        assert all(len(store[name]) == FRAMES for name in store.splits)


def test_a_linked_split_is_read(tmp_path):
    tree = Tree(tmp_path / "here", folders=["train"])
    Tree(tmp_path / "far", folders=["x"])
    for kind in "IM":
        (tree.root / kind / "val").symlink_to(tmp_path / "far" / kind / "x")
    tree.passes()
    with open_store(tree.root / "out" / "store.h5") as store:
        assert [len(store[name]) for name in ("train", "val")] == [FRAMES, FRAMES]


def test_all_orphans_are_listed_at_once_and_left_out(tree, capsys):
    for name in ("f1", "f3"):
        (tree.root / "M" / f"{name}.png").unlink()
    (tree.root / "I" / "f7.png").unlink()
    tree.refused(capsys, r"3 files have no partner that can be read")
    assert tree.prepare() == 2
    said = capsys.readouterr().err
    assert [f"{n}.png: missing" in said for n in ("f1", "f3", "f7")] == [True] * 3
    assert tree.prepare("--skip-bad") == 0
    with open_store(tree.root / "out" / "store.h5") as store:
        assert len(store.skipped) == 3 and "M/f1.png: missing" in store.skipped[0]
        rule = store.attributes["split_rule"]
        counts = [len(store[name]) for name in store.splits]
        assert f"train {counts[0]}, val {counts[1]}" in rule
        assert rule.endswith("skipped as bad 3")


def test_orphans_that_are_all_there_is(tree, capsys):
    for path in (tree.root / "M").iterdir():
        path.rename(path.with_name(f"{path.stem}_mask.png"))
    tree.refused(capsys, "20 files have no partner that can be read")
    assert tree.prepare("--skip-bad") == 2


# Names and texts.


def test_names_in_two_unicode_forms_are_one(tree):
    for kind, form in (("I", "NFC"), ("M", "NFD")):
        for path in (tree.root / kind).iterdir():
            path.rename(path.with_name(unicodedata.normalize(form, f"é{path.name}")))
    tree.passes()
    other = tree.root / "I" / unicodedata.normalize("NFD", "éf0.png")
    shutil.copy(tree.root / "I" / "éf0.png", other)
    with pytest.raises(ValueError, match="beside it has the same name; keep one"):
        READERS["folder"](
            tree.root / "I", masks=tree.root / "M", classes=tree.root / "map.json"
        )


@pytest.mark.parametrize("name", [b"stra\xdfe_", b"\x80\xff", b"\xed\xa0\x80"])
def test_names_that_are_not_utf_8_are_shown_escaped(tree, capsys, name):
    for kind in "IM":
        folder = os.fsencode(tree.root / kind)
        os.rename(folder + b"/f0.png", folder + b"/" + name + b"f0.png")
    tree.refused(capsys, r"\\x..*f0\.png: its name is not UTF-8; rename it")


@pytest.mark.parametrize("name", ["новый год", "a b%41&<i>#?", "x\ny", "100%"])
def test_names_of_any_characters(tree, name):
    for kind in "IM":
        (tree.root / kind / name).mkdir()
        for path in (tree.root / kind).glob("*.png"):
            path.rename(tree.root / kind / name / path.name)
    tree.passes()


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-8"])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_class_maps_of_other_editors(tree, coding, line):
    text = json.dumps(json.loads((tree.root / "map.json").read_text()), indent=1)
    (tree.root / "map.json").write_bytes(text.replace("\n", line).encode(coding))
    tree.passes()


def test_a_class_map_in_utf_16_is_refused(tree, capsys):
    text = (tree.root / "map.json").read_text()
    (tree.root / "map.json").write_bytes(text.encode("utf-16"))
    tree.refused(capsys, r"map\.json: not UTF-8 .*; save it as UTF-8")


@pytest.mark.parametrize("coding", ["cp1252", "ascii", "koi8-r"])
def test_terminals_of_other_encodings(tree, coding, monkeypatch, tmp_path):
    tree.colours([(200, 60 * index, 9) for index in range(3)], ["道路", "é", "ж"])
    out = io.TextIOWrapper(io.BytesIO(), coding)
    monkeypatch.setattr(sys, "stdout", out)
    assert tree.check() == 0 and tree.prepare() == 0
    out.flush()
    assert b"\\u9053\\u8def" in out.buffer.getvalue()


# Sizes.


def resize(tree, name, size):
    for kind in "IM":
        path = tree.root / kind / f"{name}.png"
        Image.open(path).resize(size, Image.Resampling.NEAREST).save(path)


def test_the_most_frequent_size_counts(tree, capsys):
    resize(tree, "f0", (30, 20))
    resize(tree, "f9", (64, 48))
    tree.refused(capsys, r"(?s)24x32.*f0.*20x30.*f9.*48x64")
    assert tree.prepare("--skip-bad") == 0
    with open_store(tree.root / "out" / "store.h5") as store:
        assert store[store.splits[0]].size == SHAPE
        assert (
            "20x30 pixels (height x width), but most others: 24x32"
            in (store.skipped[0])
        )


def test_size_resizes_and_pads(tree):
    resize(tree, "f0", (16, 24))
    resize(tree, "f9", (64, 48))
    assert tree.check("--size", "24x32") == 0
    assert tree.prepare("--size", "24x32") == 0
    with open_store(tree.root / "out" / "store.h5") as store:
        split = store["train"]
        place = split.frame_ids.index("f0")
        images, labels = split.read([place])
        # 24x16 keeps its shape and fills the left half.
        assert (labels[0, :, 16:] == 255).all() and not images[0, :, 16:].any()
        expected = ids_of(0, 3)[:, 1::2]
        assert labels[0, :, :16].tolist() == expected.tolist()
        assert split.size == SHAPE
    assert tree.prepare("--size", "24x32", "--scale", "2") == 2


def test_half_of_a_large_frame(tree):
    for number in range(FRAMES):
        resize(tree, f"f{number}", (64, 48))
    tree.passes("--size", "24x32")


# Exit codes.


def test_what_prepare_refuses_is_an_error_of_check(tmp_path, capsys):
    tree = Tree(tmp_path)
    for kind in "IM":
        for number in range(2, FRAMES):
            (tmp_path / kind / f"f{number}.png").unlink()
    tree.refused(capsys, "2 frames split by 'blocks' leave 2 for train and 0 for val")


def test_leakage_is_a_warning_that_fails_only_if_strict(tree, capsys):
    shutil.copy(tree.root / "I" / "f0.png", tree.root / "I" / "f4.png")
    assert tree.check() == 0
    assert "warning: 1 of 2 frames (50.0 %) of val look like" in capsys.readouterr().out
    assert tree.check("--strict") == 1


def test_frames_that_the_split_leaves_out_are_only_noted(tree, capsys):
    findings = check(
        "folder",
        tree.root / "I",
        masks=tree.root / "M",
        classes=tree.root / "map.json",
        workers=1,
    )
    assert "left out 3" in findings.split_rule
    (tree.root / "M" / "f3.png").write_bytes(b"no mask")
    assert tree.check() == 0 == tree.prepare()
    assert "note: 1 of 10 frames (10.0 %) cannot be read, and the split leaves" in (
        capsys.readouterr().out
    )


# A published split that leaks.


def test_camvid_split_at_random_is_said(tmp_path, capsys):
    tree = Tree(tmp_path, folders=["train", "val"])
    for kind in "IM":
        for split, start in (("train", 0), ("val", 1)):
            for number in range(FRAMES):
                frame = 2 * number + start
                name = f"0016E5_{30 * frame:05d}_f{number}.png"
                folder = tree.root / kind / split
                (folder / f"f{number}.png").rename(folder / name)
    said = "these are frames of CamVid, and 19 of 19 neighbours in its videos lie in"
    assert tree.check() == 0 and said in capsys.readouterr().out
    assert tree.prepare() == 0 and said in capsys.readouterr().out
    path = prepare(
        "folder",
        tree.root / "I",
        tree.root / "blocks",
        masks=tree.root / "M",
        classes=tree.root / "map.json",
        split="blocks",
        workers=1,
    )
    assert main(["check", str(path)]) in (0, 1)
    assert "frames of CamVid" not in capsys.readouterr().out


# Network drives.


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_folders_without_file_locks_work_and_say_so(tree, capsys, monkeypatch, code):
    def flock(file, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", flock)
    tree.passes()
    shown = capsys.readouterr().err
    assert shown.count("out: this file system has no locks") == 1
    assert not (tree.root / "out" / ".prepare.lock").exists()


@pytest.mark.parametrize("code", [errno.EWOULDBLOCK, errno.EACCES])
def test_a_lock_that_is_held_is_one(tree, capsys, monkeypatch, code):
    def flock(file, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", flock)
    assert tree.prepare() == 2
    assert "another `segnet prepare` is writing" in capsys.readouterr().err
