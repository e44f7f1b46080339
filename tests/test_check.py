"""Checking data: damaged, unknown, absent or leaked parts are named."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import h5py
import numpy as np
import pytest
from PIL import Image

from conftest import RGB, SCENEGT, write_vkitti
from segnet.check import check, summary
from segnet.check.image_hash import (
    BITS,
    IMAGE_DISTANCE,
    LABEL_DISTANCE,
    difference_hash,
    distances,
    has_structure,
    nearest,
)
from segnet.classes import VKITTI1
from segnet.data import READERS
from segnet.data.prepare import prepare
from segnet.data.split import SplitRule, split_frames
from segnet.scenes import render

VOID_TAGS = {"meta", "img"}


def kinds(findings, severity=None):
    return [
        problem.kind
        for problem in findings.problems
        if severity in (None, problem.severity)
    ]


def one(findings, kind):
    (problem,) = [found for found in findings.problems if found.kind == kind]
    return problem


def scenery(seed, size=(48, 64)):
    """Returns a smooth random picture, different for each seed."""
    blocks = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), np.uint8)
    shape = size[1], size[0]
    return np.asarray(Image.fromarray(blocks).resize(shape, Image.Resampling.BICUBIC))


@pytest.fixture
def tree(tmp_path):
    """Writes 12 frames of two variations; every view and its labels differ."""
    root = write_vkitti(tmp_path / "data", ("0001",), ("clone", "fog"), 12, (48, 64))
    for path in sorted((root / RGB).rglob("*.png")):
        seed = int(path.stem) + 100 * (path.parent.name == "fog")
        Image.fromarray(scenery(seed)).save(path)
    for path in sorted((root / SCENEGT).rglob("*.png")):
        colours = np.array(VKITTI1.colours[:12], np.uint8)
        mixed = np.random.default_rng(int(path.stem)).integers(0, 12, (8, 8))
        blocks = np.kron(mixed, np.ones((6, 8), int))
        blocks[:4, :24] = np.arange(12).repeat(2)
        Image.fromarray(colours[blocks]).save(path)
    return root


def frame(root, kind, number, variation="clone"):
    return root / kind / "0001" / variation / f"{number:05d}.png"


# Hashes


def test_hash_tells_which_neighbour_is_brighter():
    rising = np.tile(np.arange(0, 170, 5, dtype=np.uint8), (32, 1))
    bits = np.unpackbits(difference_hash(rising))
    assert bits.shape == (BITS,)
    assert bits[: BITS // 2].all() and not bits[BITS // 2 :].any()
    assert not difference_hash(rising[:, ::-1]).any()


def test_distance_counts_bits():
    zeros, ones = np.zeros((1, BITS // 8), np.uint8), np.full((1, BITS // 8), 255)
    three = zeros.copy()
    three[0, [0, 9]] = 1, 0b10010000
    many = np.concatenate([zeros, ones, three]).astype(np.uint8)
    assert distances(zeros, many).tolist() == [[0, BITS, 3]]


def test_nearest_equals_the_full_table(monkeypatch):
    monkeypatch.setattr("segnet.check.image_hash.PAIRS_AT_A_TIME", 50)
    rng = np.random.default_rng(0)
    left, right = (rng.integers(0, 256, (n, BITS // 8), np.uint8) for n in (13, 17))
    index, bits = nearest(left, right)
    table = np.unpackbits(left[:, None] ^ right[None], axis=2).sum(2)
    assert index.tolist() == table.argmin(1).tolist()
    assert bits.tolist() == table.min(1).tolist()


def test_a_label_map_of_one_class_says_nothing():
    flat = difference_hash(np.full((40, 60), 7, np.uint8))
    mixed = difference_hash(scenery(0))
    found = has_structure(np.stack([flat, mixed]), LABEL_DISTANCE)
    assert found.tolist() == [False, True]


def test_size_jpeg_and_brightness_hardly_change_a_hash():
    picture = scenery(3, (120, 200))
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=60)
    smaller = Image.fromarray(picture).reduce(3)
    brighter = np.minimum(picture * 1.2, 255).astype(np.uint8)
    for same in (Image.open(file), smaller, brighter):
        found = distances(difference_hash(picture)[None], difference_hash(same)[None])
        assert found < IMAGE_DISTANCE // 2
    other = difference_hash(scenery(4, (120, 200)))
    assert distances(difference_hash(picture)[None], other[None]) > IMAGE_DISTANCE


def test_neighbours_of_a_drive_are_alike_and_far_frames_are_not(tmp_path):
    render(tmp_path, frames=12, seed=1, size=(94, 310), workers=1)
    frames = READERS["vkitti1"](tmp_path).frames
    hashes = np.stack([difference_hash(Image.open(f.image)) for f in frames])
    table = distances(hashes, hashes)
    assert np.median(np.diag(table, 1)) < IMAGE_DISTANCE < np.median(np.diag(table, 9))


# Findings on a dataset


def test_clean_tree_passes(tree):
    findings = check("vkitti1", tree, split="blocks", workers=1)
    assert findings.status == 0
    assert kinds(findings) == ["classes", "drives"]
    assert "no pixel of Car, Van anywhere" in one(findings, "classes").text
    assert findings.frames == 24 and findings.sizes == (((48, 64), 24),)
    everything, train, val = findings.splits
    assert (everything.name, train.name, val.name) == ("all", "train", "val")
    assert sum(everything.pixels) == 24 * 48 * 64 and everything.void_share == 0
    assert sum(everything.shares) == pytest.approx(1)


def test_all_damaged_files_are_named(tree):
    whole = frame(tree, RGB, 2).read_bytes()
    frame(tree, RGB, 2).write_bytes(whole[: len(whole) // 2])
    frame(tree, SCENEGT, 5).write_bytes(b"")
    frame(tree, RGB, 7, "fog").write_bytes(b"no picture")
    frame(tree, SCENEGT, 7, "fog").write_bytes(b"no picture")
    findings = check("vkitti1", tree, workers=1)
    damaged = one(findings, "damaged")
    assert findings.status == 1 and damaged.severity == "error"
    assert damaged.text.startswith("3 of 18 frames (16.7 %) cannot be read")
    assert [line.partition(":")[0] for line in damaged.frames] == [
        "0001/clone/00002",
        "0001/clone/00005",
        "0001/fog/00007",
    ]
    assert "Truncated" in damaged.frames[0]
    assert damaged.frames[2].count("cannot identify") == 2
    assert "0001/clone/00002" in summary(findings)


def test_workers_find_the_same(tree, tmp_path, monkeypatch):
    monkeypatch.setattr("segnet.system.parallel.FEWEST_ITEMS_A_WORKER", 4)
    store = prepare("vkitti1", tree, tmp_path / "store", scale=1, workers=1)
    frame(tree, SCENEGT, 5).write_bytes(b"")
    paint(tree, 1, (1, 2, 3), 4)
    assert check("vkitti1", tree, workers=1) == check("vkitti1", tree, workers=2)
    assert check(store, workers=1) == check(store, workers=2)


def test_missing_partner_is_reported(tree, tmp_path):
    frame(tree, SCENEGT, 4).unlink()
    findings = check("vkitti1", tree, out=tmp_path / "report")
    assert findings.status == 1 and kinds(findings, "error") == ["missing"]
    assert findings.frames == 23
    assert "00004.png: missing, its partner" in summary(findings)
    assert "00004.png" in (tmp_path / "report" / "check.html").read_text()


def paint(root, number, colour, pixels):
    path = frame(root, SCENEGT, number)
    label = np.array(Image.open(path))
    label.reshape(-1, 3)[-pixels:] = colour
    Image.fromarray(label).save(path)


def test_unknown_colours_are_counted_for_each_file(tree):
    paint(tree, 1, (1, 2, 3), 30)
    paint(tree, 1, (9, 9, 9), 10)
    paint(tree, 6, (9, 9, 9), 40)
    findings = check("vkitti1", tree, split="val-only", workers=1)
    assert findings.unknown_colours == (((9, 9, 9), 50, 2), ((1, 2, 3), 20, 1))
    assert kinds(findings, "error") == ["colours"]
    problem = one(findings, "colours")
    assert problem.severity == "error" and "on 70 pixels" in problem.text
    assert problem.frames == (
        "0001/clone/00001: (1, 2, 3) on 20 pixels, (9, 9, 9) on 10 pixels",
        "0001/clone/00006: (9, 9, 9) on 40 pixels",
    )


def test_resized_labels_are_recognised(tree):
    path = frame(tree, SCENEGT, 3)
    label = Image.open(path)
    label.resize((40, 30), Image.Resampling.BICUBIC).resize(label.size).save(path)
    text = one(check("vkitti1", tree, workers=1), "colours").text
    assert "come from resizing, which mixes them" in text


def test_wrong_sizes_are_named(tree):
    Image.fromarray(scenery(2, (48, 60))).save(frame(tree, RGB, 2))
    findings = check("vkitti1", tree, workers=1)
    pair, images = [p for p in findings.problems if p.kind == "sizes"]
    assert pair.frames == ("0001/clone/00002: image 48x60, labels 48x64",)
    assert (
        "2 sizes, 48x64 (17), 48x60 (1)" in images.text
        and "--size 48x64" in images.text
    )
    assert images.frames == ("0001/clone/00002: 48x60",)


def test_sizes_that_the_source_fits_are_a_note(tree):
    for kind in (RGB, SCENEGT):
        path = frame(tree, kind, 2)
        Image.open(path).crop((0, 0, 62, 47)).save(path)
    source = replace(READERS["vkitti1"](tree), size=(48, 64))
    problem = one(check(source, split="blocks", workers=1), "sizes")
    assert problem.severity == "note" and "fits all of them to 48x64" in problem.text


def test_mapped_classes_are_checked_as_such(tree):
    paint(tree, 1, (1, 2, 3), 30)
    findings = check("vkitti1", tree, workers=1, classes="vkitti-to-cityscapes")
    assert "road" in findings.class_map.names
    assert findings.unknown_colours == (((1, 2, 3), 30, 1),)


def test_unknown_colours_are_those_that_the_reader_refuses(tree):
    paint(tree, 1, (1, 2, 3), 30)
    source = READERS["vkitti1"](tree)
    findings = check(replace(source, encodings={"0001/clone": {}}), workers=1)
    assert findings.unknown_colours == (((1, 2, 3), 30, 1),)
    assert kinds(findings, "error") == ["colours"]


def erase(root, name, split):
    """Paints a class over with another one in the frames of one split."""
    frames = READERS["vkitti1"](root).frames
    names, _ = split_frames(frames, "blocks")
    for item in (f for f, found in zip(frames, names, strict=True) if found == split):
        label = np.array(Image.open(item.label))
        label[(label == VKITTI1.colours[VKITTI1.id(name)]).all(-1)] = VKITTI1.colours[0]
        Image.fromarray(label).save(item.label)


def test_class_that_only_val_has_is_a_warning(tree):
    erase(tree, "Truck", "train")
    findings = check("vkitti1", tree, split="blocks", workers=1)
    (problem,) = [p for p in findings.problems if p.severity == "warning"]
    assert problem.text.startswith("no pixel of Truck in train")
    assert (findings.status, findings.strict_status) == (0, 1)
    assert findings.verdict == "1 warning, 2 notes"


def test_class_absent_in_val_is_a_note(tree):
    erase(tree, "Truck", "val")
    findings = check("vkitti1", tree, split="blocks", workers=1)
    assert findings.status == 0
    assert "no pixel of Truck in val: scores on val do not cover it" in summary(
        findings
    )


def test_judging_only_has_nothing_to_leak_from(tree):
    findings = check("vkitti1", tree, split="val-only", workers=1)
    assert [s.name for s in findings.splits] == ["all", "val"]
    assert findings.status == 0 and findings.near_duplicates == ()


# Leakage


def test_leaked_frame_is_found_whatever_its_colours(tree):
    assert check("vkitti1", tree, split="blocks", workers=1).near_duplicates == ()
    val = check("vkitti1", tree, split="blocks", workers=1).splits[2]
    assert val.frames == 4
    darker = (scenery(0) * 0.8).astype(np.uint8)
    Image.fromarray(darker).save(frame(tree, RGB, 11))
    findings = check("vkitti1", tree, split="blocks", workers=1)
    (pair,) = findings.near_duplicates
    assert (pair.item.id, pair.train.id) == ("0001/clone/00011", "0001/clone/00000")
    assert pair.by == "image" and pair.bits < IMAGE_DISTANCE // 4
    leak = one(findings, "leakage")
    assert leak.severity == "warning" and findings.strict_status == 1
    assert leak.text.startswith("1 of 4 frames (25.0 %) of val look like a frame of")


def test_variations_of_a_view_leak_by_their_labels(tree):
    findings = check("vkitti1", tree, split=SplitRule("random", seed=1), workers=1)
    val = [pair for pair in findings.near_duplicates if pair.by == "labels"]
    assert val and all(pair.bits == 0 for pair in val)
    for pair in val:
        assert pair.item.id[-5:] == pair.train.id[-5:]
        assert pair.item.id != pair.train.id


def test_random_split_of_a_drive_leaks_and_blocks_with_a_gap_do_not(tmp_path):
    render(tmp_path, frames=40, seed=1, size=(94, 310), workers=1)
    random, blocks = (
        check("vkitti1", tmp_path, split=rule, workers=1)
        for rule in ("random", "blocks")
    )
    assert len(random.near_duplicates) >= 6 and random.splits[2].frames == 8
    assert len(blocks.near_duplicates) <= 2 < len(random.near_duplicates)


# Stores


def test_near_duplicates_in_a_store_are_reported(store_path):
    findings = check(store_path, workers=1)
    assert kinds(findings, "warning") == ["leakage"]
    assert kinds(findings, "error") == []


def test_clean_store_passes(tree, tmp_path):
    path = prepare("vkitti1", tree, tmp_path / "store", scale=1, workers=1)
    by_file, by_folder = (check(place) for place in (path, path.parent))
    assert by_file.status == 0 and by_file.problems == by_folder.problems
    assert by_file.split_rule.startswith("blocks: 0.2")
    source = check("vkitti1", tree, split="blocks", workers=1)
    assert by_file.splits[1:] == source.splits[1:]


def test_damaged_frame_and_wrong_id_of_a_store(tree, tmp_path):
    path = prepare("vkitti1", tree, tmp_path / "store", scale=1, workers=1)
    with h5py.File(path, "r+") as file:
        labels = file["train/labels"]
        labels[2, 0, 0] = 77
        packed = b"\0" * 40
        file["val/images"].id.write_direct_chunk((1, 0, 0, 0), packed)
        first = file["train/frame_ids"].asstr()[2]
    damaged = one(check(path), "damaged")
    assert len(damaged.frames) == 2
    assert damaged.frames[0].startswith(f"{first}: label 77 on 1 pixels is neither")
    assert "damaged at frames 1 to 1 of 'val'" in damaged.frames[1]


def test_void_frames_and_a_void_store(tree, tmp_path):
    path = prepare("vkitti1", tree, tmp_path / "store", scale=1, workers=1)
    with h5py.File(path, "r+") as file:
        for name in ("train", "val"):
            for i in range(len(file[name]["labels"])):
                file[name]["labels"][i] = 255
    findings = check(path)
    texts = [p.text for p in findings.problems if p.kind == "void"]
    assert len(texts) == 2 and "are entirely void" in texts[0]
    assert texts[1].startswith("100% of all pixels are void")
    assert findings.near_duplicates == ()


def test_half_a_store_is_reported(tmp_path):
    path = tmp_path / "store.h5"
    path.write_bytes(b"\x89HDF\r\n")
    findings = check(path)
    assert findings.status == 1 and kinds(findings) == ["unreadable"]


# Arguments


def test_what_is_not_there_raises(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such store"):
        check(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        check("vkitti1", tmp_path / "none")
    with pytest.raises(ValueError, match="expected one of vkitti1"):
        check("vkitti9", tmp_path)
    with pytest.raises(ValueError, match="which folder"):
        check("camvid")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"val_share": 0.3},
            "vkitti1 has no val_share to choose: .* only worlds",
        ),
        ({"cameras": ["0"]}, "vkitti1 has no cameras to choose"),
        ({"worlds": ["9"]}, "has no world 9; it has 0001"),
        ({"worlds": "9"}, "has no world 9; it has 0001"),
        ({"classes": "map.json"}, "class mapping 'map.json', expected one of"),
        ({"classes": "camvid32-to-camvid11"}, "does not know the classes of 'vkitti1'"),
    ],
)
def test_an_option_that_does_not_fit_is_no_finding(tree, options, message):
    with pytest.raises(ValueError, match=message):
        check("vkitti1", tree, **options)


def test_options_that_would_do_nothing_are_refused(tree):
    source = READERS["vkitti1"](tree)
    with pytest.raises(ValueError, match="worlds: the frames of this source are"):
        check(source, worlds=["0001"])


def test_split_that_does_not_fit_raises_and_no_default_is_told(tmp_path):
    root = write_vkitti(tmp_path / "data", ("0001",), ("clone",), 2, (24, 36))
    with pytest.raises(ValueError, match="2 frames split by 'blocks'"):
        check("vkitti1", root, split="blocks")
    findings = check("vkitti1", root)
    assert findings.split_rule.startswith("val-only: all frames judge")
    assert findings.status == 1
    refused = "`segnet prepare` would refuse this: 2 frames split by 'blocks' leave 2"
    assert one(findings, "split").text.startswith(refused)
    with pytest.raises(ValueError, match="val_share is 7"):
        check("vkitti1", root, split=SplitRule(val_share=7))
    with pytest.raises(ValueError, match="it belongs to 'fold'"):
        check("vkitti1", root, split=SplitRule(fold=(1, 5)))
    with pytest.raises(ValueError, match="2 frames split by 'blocks' leave 2"):
        check("vkitti1", root, split=SplitRule(gap=3))


def test_a_source_can_be_given_itself(tree):
    source = READERS["vkitti1"](tree, variations=["fog"])
    assert check(source, workers=1) == check(
        "vkitti1", tree, variations=["fog"], workers=1
    )


def test_the_bar_counts_the_frames(tree, bars):
    check("vkitti1", tree, workers=1, progress=True)
    assert bars.seen == [("check", 24, "frame")]


# The report


class Page(HTMLParser):
    """Collects text and pictures, and refuses tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.images, self.words = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attributes)["src"])
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_report_is_one_well_formed_page(tree, tmp_path):
    frame(tree, RGB, 2).write_bytes(b"<b>&")
    paint(tree, 1, (1, 2, 3), 30)
    Image.fromarray(scenery(0)).save(frame(tree, RGB, 11))
    findings = check("vkitti1", tree, out=tmp_path, split="blocks", workers=1)
    assert len(findings.near_duplicates) == 1
    text = (tmp_path / "check.html").read_text()
    page = Page(text)
    assert "script" not in page.tags and not re.search(r"https?:|src=\"(?!data:)", text)
    # Two frames of each split with image and overlay, and one near-duplicate.
    assert len(page.images) == 2 * 2 * 2 + 2
    for source in page.images:
        kind, _, content = source.partition(",")
        assert kind == "data:image/jpeg;base64"
        assert Image.open(io.BytesIO(base64.b64decode(content))).size == (64, 48)
    words = " ".join(page.words)
    for expected in ("cannot be read", "(1, 2, 3)", "0001/clone/00011", "Van", "void"):
        assert expected in words


def test_report_escapes_names(tree, tmp_path):
    root = tree.rename(tmp_path / "a&b <i>")
    check("vkitti1", root, out=tmp_path / "out", workers=1)
    text = (tmp_path / "out" / "check.html").read_text()
    assert "a&amp;b &lt;i&gt;" in text and "<i>" not in text
    Page(text)


def test_summary_of_a_clean_tree_is_a_table(tree):
    lines = summary(check("vkitti1", tree, split="blocks", workers=1)).splitlines()
    assert lines[0].endswith("24 frames, 48x64, 14 classes (vkitti1)")
    assert lines[3].split() == ["class,", "%", "all", "train", "val"]
    assert lines[4 + 14].split() == ["void", "-", "-", "-"]
    assert lines[4 + 15].split()[:2] == ["frames", "24"]
    assert lines[-1] == "no problems (2 notes)"


def test_camvid_leaks_only_when_split_at_random(camvid_root):
    published, random = (
        check("camvid", camvid_root, split=rule) for rule in ("publisher", "random")
    )
    assert published.near_duplicates == () and published.status == 0
    assert len(random.near_duplicates) > 30 and random.strict_status == 1
    texts = [p.text for p in random.problems if p.kind == "leakage"]
    assert any("as in the copy on Kaggle" in text for text in texts)
    assert not [p for p in published.problems if p.kind == "leakage"]
