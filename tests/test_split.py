"""Split rules: the split of each frame; views of one frame are never separated."""

from collections import Counter
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segnet.data.source import Frame
from segnet.data.split import SplitRule, in_words, read_fold, split_frames


def drive(count: int, variations=("clone",), world="0001", published="") -> list[Frame]:
    return [
        Frame(
            id=f"{world}/{variation}/{number:05d}",
            drive=world,
            group=f"{world}/{number:05d}",
            image=Path("image.png"),
            label=Path("label.png"),
            publisher_split=published,
        )
        for variation in variations
        for number in range(count)
    ]


def split(frames, rule=None, **options) -> tuple[list[str], str]:
    """Returns the split of each frame, and the rule in words with the counts."""
    names, text = split_frames(frames, SplitRule(rule, **options))
    return names, in_words(text, Counter(names))


def letters(names: list[str]) -> str:
    return "".join(name[:1] or "." for name in names)


def test_blocks_of_a_short_drive():
    # 20 views: val 4 in two blocks of 2, each at the end of its half, gap 20 // 20.
    names, text = split(drive(20))
    assert letters(names) == "ttttttt.vv.tttttt.vv"
    assert text == (
        "blocks: 0.2 of each drive for val in up to 2 contiguous blocks, 1 view left "
        "out at each cut, all variations of a view together; "
        "train 13, val 4, left out 3"
    )


def test_gap_and_share_are_as_asked():
    names, _ = split(drive(20), gap=0)
    assert letters(names) == "ttttttttvvttttttttvv"
    # 16 views: val 4 in two blocks of 2, 2 views left out on both sides of the first.
    names, _ = split(drive(16), gap=2, val_share=0.25)
    assert letters(names) == "tttt..vv..tt..vv"


@pytest.mark.parametrize(
    ("count", "train", "val", "left_out"),
    [(3, 1, 1, 1), (64, 42, 13, 9), (100, 65, 20, 15), (447, 343, 89, 15)],
)
def test_useful_splits_for_usual_drives(count, train, val, left_out):
    names, _ = split(drive(count))
    assert [names.count(n) for n in ("train", "val", "")] == [train, val, left_out]


def test_variations_of_a_view_stay_together():
    frames = drive(30, variations=("clone", "fog", "rain"))
    names, _ = split(frames)
    assert names[:30] == names[30:60] == names[60:]


def test_each_drive_is_cut_for_itself_and_a_tiny_one_trains():
    frames = drive(20) + drive(10, world="0020") + drive(2, world="0006")
    names, _ = split(frames)
    assert letters(names[:20]) == letters(split(drive(20))[0])
    assert letters(names[20:30]) == "ttt.v.tt.v"
    assert names[30:] == ["train", "train"]


@given(st.integers(3, 90), st.floats(0.05, 0.5), st.integers(0, 6))
def test_train_and_val_are_always_a_gap_apart(count, val_share, gap):
    try:
        names, _ = split(drive(count), val_share=val_share, gap=gap)
    except ValueError as error:
        assert "take more frames, more worlds" in str(error)
        return
    places = {
        kind: [i for i, name in enumerate(names) if name == kind]
        for kind in ("train", "val")
    }
    nearest = min(abs(t - v) for t in places["train"] for v in places["val"])
    assert nearest > gap
    assert len(places["val"]) == max(1, round(count * val_share))


def test_random_is_seeded_and_says_that_it_leaks():
    frames = drive(50)
    names, text = split(frames, "random", seed=3)
    assert names == split(frames, "random", seed=3)[0]
    assert names != split(frames, "random", seed=4)[0]
    assert (names.count("train"), names.count("val")) == (40, 10)
    assert "seed 3" in text
    assert "scores are too good" in text


def test_the_publisher_decides_where_there_is_one():
    frames = drive(3, published="train") + drive(2, world="2", published="test")
    names, text = split(frames)
    assert names == ["train"] * 3 + ["test"] * 2
    assert text.endswith("train 3, test 2")
    assert split(frames, "blocks")[1].startswith("blocks")


def test_folds_are_contiguous_blocks_with_a_gap():
    # 10 views in 3 folds: 0 to 2, 3 to 5, 6 to 9; the gap is 1.
    found = [split(drive(10), "fold", fold=(i, 3)) for i in (1, 2, 3)]
    assert [letters(names) for names, _ in found] == [
        "vvv.tttttt",
        "tt.vvv.ttt",
        "ttttt.vvvv",
    ]
    assert found[1][1] == (
        "fold: 2 of 3, contiguous blocks of each drive, 1 view left out at each cut, "
        "all variations of a view together; train 5, val 3, left out 2"
    )
    assert letters(split(drive(10), "fold", fold=(1, 3), gap=0)[0]) == ("vvvttttttt")


@given(st.integers(2, 60), st.integers(1, 3), st.integers(2, 9), st.integers(0, 6))
def test_each_view_is_val_in_one_fold_and_never_beside_train(views, tiny, k, gap):
    frames = drive(views, ("clone", "fog")) + drive(tiny, world="0020")
    in_val = {frame.id: 0 for frame in frames}
    for i in range(1, k + 1):
        try:
            names, _ = split(frames, "fold", fold=(i, k), gap=gap)
        except ValueError as error:
            assert "leave" in str(error)
            return
        for frame, name in zip(frames, names, strict=True):
            in_val[frame.id] += name == "val"
        clone = names[:views]
        assert clone == names[views : 2 * views]
        train, val = (
            [n for n, name in enumerate(clone) if name == kind]
            for kind in ("train", "val")
        )
        assert min((abs(t - v) for t in train for v in val), default=99) > gap
    assert set(in_val.values()) == {1}


def test_whole_worlds_become_val():
    worlds = ("0001", "0006", "0020")
    frames = [f for world in worlds for f in drive(4, ("clone", "fog"), world)]
    names, text = split(frames, "world")
    assert names == ["train"] * 16 + ["val"] * 8
    assert text == (
        "world: 0020 for val, the other 2 of 3 worlds for train; train 16, val 8"
    )
    names, text = split(frames, "world", val_worlds=["0006", "0001"])
    assert names == ["val"] * 16 + ["train"] * 8
    assert text.startswith("world: 0001, 0006 for val, the other 1 of 3")


def test_all_frames_can_become_val():
    names, text = split(drive(3, published="train"), "val-only")
    assert names == ["val"] * 3
    assert text == "val-only: all frames judge, none trains; val 3"


@pytest.mark.parametrize(
    ("frames", "options", "message"),
    [
        (drive(9), {"rule": "sorted"}, "'sorted', expected one of blocks, fold"),
        (drive(9), {"rule": "publisher"}, "take 'blocks' instead"),
        (drive(9) + drive(2, published="test"), {}, "2 frames lie .* 9 do not"),
        (drive(2) + drive(9, published="val"), {"rule": "publisher"}, "9 frames lie"),
        (drive(9), {"val_share": 0}, "val_share is 0, expected between 0 and 1"),
        (drive(9), {"val_share": 1}, "val_share is 1"),
        (drive(9), {"gap": -1}, "gap is -1"),
        (drive(9), {"gap": 9}, "leave 0 for train and 2 for val"),
        (drive(2), {}, "2 frames split by 'blocks' leave 2 for train and 0 for val"),
        (drive(1), {"rule": "random"}, "leave 0 for train and 1 for val"),
        (drive(3, published="test"), {}, "leave 0 for train .* 'val-only' to judge"),
        (drive(9), {"rule": "world"}, "9 frames split by 'world' leave 0 for train"),
        (drive(9), {"rule": "world", "val_worlds": ["7"]}, "no world 7 .* has 0001"),
        (drive(9), {"rule": "world", "val_worlds": []}, "leave 9 .* and 0 for val"),
        (drive(9), {"val_worlds": ["0001"]}, "is 'blocks'; it belongs to 'world'"),
        (drive(9), {"rule": "random", "fold": (1, 2)}, "it belongs to 'fold'"),
        (drive(9), {"rule": "random", "seed": -1}, "seed is -1, expected a whole"),
        (drive(9), {"rule": "random", "gap": 3}, "belongs to 'blocks' and 'fold'"),
        (drive(9), {"rule": "fold"}, r"fold is None, expected \(i, k\) such as"),
        (drive(9), {"rule": "fold", "fold": (0, 3)}, r"fold is \(0, 3\)"),
        (drive(9), {"rule": "fold", "fold": (4, 3)}, r"fold is \(4, 3\)"),
        (drive(9), {"rule": "fold", "fold": (1, 1)}, r"fold is \(1, 1\)"),
        (drive(9), {"rule": "fold", "fold": (1, 2), "gap": 9}, "leave 0 for train"),
    ],
)
def test_a_split_that_cannot_be_is_an_error(frames, options, message):
    with pytest.raises(ValueError, match=message):
        split(frames, **options)


def test_a_rule_is_checked_when_it_is_made():
    for options, message in (
        ({"rule": "blocks", "fold": [1, 5]}, "fold is .1, 5., but the split rule is"),
        ({"rule": "world", "val_share": 0.3}, "val_share is 0.3, .* 'blocks' and 'ran"),
        ({"rule": "blocks", "seed": 1}, "seed is 1, .* belongs to 'random'"),
        ({"gap": 1.5}, "gap is 1.5, expected a whole number"),
        ({"fold": (1, 2, 3)}, r"fold is \(1, 2, 3\), expected \(i, k\)"),
        ({"fold": ("1", "5")}, r"fold is \('1', '5'\), expected \(i, k\)"),
    ):
        with pytest.raises(ValueError, match=message):
            SplitRule(**options)


def test_a_rule_is_one_value():
    rule = SplitRule("fold", fold=[2, 5], gap=3)
    assert rule == SplitRule("fold", fold=(2, 5), gap=3)
    assert hash(rule) == hash(SplitRule("fold", fold=(2, 5), gap=3))
    assert rule.changed == ("rule", "fold", "gap")
    assert SplitRule("world", val_worlds="0020").val_worlds == ("0020",)
    assert SplitRule.of(rule) is rule
    assert SplitRule.of("random") == SplitRule("random")
    assert SplitRule.of(None) == SplitRule()
    with pytest.raises(FrozenInstanceError):
        rule.gap = 4


def test_no_rule_becomes_the_default_one_of_the_frames():
    assert SplitRule(gap=3).resolved(drive(9)) == SplitRule("blocks", gap=3)
    published = drive(9, published="train")
    assert SplitRule().resolved(published) == SplitRule("publisher")
    assert SplitRule("random").resolved(published) == SplitRule("random")
    with pytest.raises(ValueError, match="gap is 3, but .* 'publisher'"):
        SplitRule(gap=3).resolved(published)


def test_words_tell_what_is_kept_left_out_and_skipped():
    counts = {"val": 2, "train": 5, "": 1}
    assert in_words("rule", counts) == "rule; train 5, val 2, left out 1"
    assert in_words("rule", {"val": 2}, 3) == "rule; val 2, skipped as bad 3"


def test_a_fold_is_read_from_text():
    assert read_fold("2/5") == (2, 5)
    for text in ("2", "2/", "/5", "a/5", "2/5/6", "-1/5"):
        with pytest.raises(ValueError, match=f"'{text}' is not a fold such as 2/5"):
            read_fold(text)
