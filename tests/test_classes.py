"""Class maps: the tables, the colour look-up and the two files."""

import json
import os
import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segnet.classes import (
    CAMVID11,
    CAMVID32,
    CITYSCAPES19,
    CLASS_MAPS,
    VKITTI1,
    VKITTI2,
    ClassMap,
)
from segnet.classes.colours import MOST_KEPT, UnknownColour
from segnet.classes.files import MAX_FILE_BYTES

TWO = ClassMap("two", ("Road", "Sky"), ((1, 2, 3), (1, 3, 2)))


@pytest.mark.parametrize(
    ("class_map", "index", "name", "colour"),
    [
        (VKITTI1, 0, "Terrain", (210, 0, 200)),
        (VKITTI1, 5, "Road", (100, 60, 100)),
        (VKITTI1, 6, "GuardRail", (255, 100, 255)),
        (VKITTI2, 6, "GuardRail", (250, 100, 255)),
        (VKITTI1, 12, "Car", (255, 127, 80)),
        (VKITTI2, 13, "Van", (0, 139, 139)),
        (CAMVID11, 4, "Pavement", (60, 40, 222)),
        (CAMVID11, 10, "Bicyclist", (0, 128, 192)),
        (CAMVID32, 0, "Animal", (64, 128, 64)),
        (CAMVID32, 19, "Sidewalk", (0, 0, 192)),
        (CAMVID32, 30, "Wall", (64, 192, 0)),
        (CITYSCAPES19, 0, "road", (128, 64, 128)),
        (CITYSCAPES19, 10, "sky", (70, 130, 180)),
        (CITYSCAPES19, 18, "bicycle", (119, 11, 32)),
    ],
)
def test_tables_are_as_published(class_map, index, name, colour):
    assert class_map.id(name) == index
    assert class_map.names[index] == name
    assert class_map.colours[index] == colour
    assert CLASS_MAPS[class_map.name] is class_map


def test_counts_and_void():
    counts = [class_map.num_classes for class_map in CLASS_MAPS.values()]
    assert counts == [14, 14, 16, 11, 31, 19, 10, 6]
    assert {m.void for m in CLASS_MAPS.values()} == {255}


@given(
    hnp.arrays(
        np.uint8,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.sampled_from([*range(14), 255]),
    )
)
def test_encode_undoes_colourise(ids):
    encoded = VKITTI2.encode(VKITTI2.colourise(ids))
    assert encoded.dtype == np.uint8
    np.testing.assert_array_equal(encoded, ids)


@given(
    st.dictionaries(
        st.tuples(*[st.integers(0, 255)] * 3), st.integers(0, 255), min_size=1
    ),
    st.data(),
)
def test_encode_equals_a_dictionary(table, data):
    picked = data.draw(st.lists(st.sampled_from(sorted(table)), min_size=6, max_size=6))
    rgb = np.array(picked, np.uint8).reshape(2, 3, 3)
    expected = np.array([table[colour] for colour in picked]).reshape(2, 3)
    np.testing.assert_array_equal(TWO.encode(rgb, table), expected)


def test_colours_that_a_sum_or_base_255_would_confuse():
    assert TWO.encode(np.array([[[1, 2, 3], [1, 3, 2]]], np.uint8)).tolist() == [[0, 1]]
    table = {(7, 8, 255): 0, (7, 9, 0): 1}
    rgb = np.array([[[7, 9, 0], [7, 8, 255]]], np.uint8)
    assert TWO.encode(rgb, table).tolist() == [[1, 0]]


def test_encode_takes_views_that_are_not_contiguous():
    rgb = VKITTI1.colourise(np.arange(12).reshape(3, 4))
    flipped = VKITTI1.encode(rgb[::-1, ::2])
    assert flipped.tolist() == [[8, 10], [4, 6], [0, 2]]


def test_unknown_colour_is_named_with_count_and_file():
    rgb = np.zeros((2, 3, 3), np.uint8)
    rgb[0] = 12, 0, 7
    rgb[1, 0] = 12, 0, 8
    message = r"fog/3\.png.*colour \(12, 0, 7\) on 3 pixels.*1 more colour.*depth image"
    with pytest.raises(ValueError, match=message):
        VKITTI1.encode(rgb, source="fog/3.png")


def test_the_error_of_unknown_colours_has_fields_and_can_be_pickled():
    rgb = np.zeros((2, 3, 3), np.uint8)
    rgb[0, 1:] = 9, 9, 9
    rgb[1, 0] = 12, 0, 8
    with pytest.raises(UnknownColour) as caught:
        VKITTI1.encode(rgb, source="3.png")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    for error in (caught.value, copy):
        assert (error.where, error.pixels, error.colours) == ("3.png (vkitti1)", 3, 2)
        assert error.most == (((9, 9, 9), 2), ((12, 0, 8), 1))


def test_the_error_of_many_colours_stays_small():
    rgb = np.zeros((1, 20, 3), np.uint8)
    rgb[0, :, 2] = np.arange(1, 21)
    with pytest.raises(UnknownColour, match="and 19 more colours") as caught:
        VKITTI1.encode(rgb)
    assert (caught.value.pixels, caught.value.colours) == (20, 20)
    assert len(caught.value.most) == MOST_KEPT


def test_unknown_colours_are_counted_over_all_rows():
    ids = np.arange(50 * 3).reshape(50, 3) % 14
    rgb = VKITTI1.colourise(ids)
    np.testing.assert_array_equal(VKITTI1.encode(rgb), ids)
    rgb[[0, 17, 49], 1] = 1, 2, 3
    with pytest.raises(ValueError, match=r"\(1, 2, 3\) on 3 pixels is not"):
        VKITTI1.encode(rgb)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((2, 3), np.uint8), np.zeros((2, 3, 4), np.uint8), np.zeros((2, 3, 3))],
)
def test_encode_wants_rgb_bytes(wrong):
    with pytest.raises(ValueError, match=r"expected \(H, W, 3\) uint8"):
        VKITTI1.encode(wrong)


@pytest.mark.parametrize("index", [14, 254, -1])
def test_colourise_refuses_an_id_outside(index):
    with pytest.raises(ValueError, match=f"id {index} is not in vkitti1"):
        VKITTI1.colourise(np.array([[0, index]]))


def test_colourise_keeps_leading_axes():
    assert VKITTI1.colourise(np.zeros((2, 3, 4), int)).shape == (2, 3, 4, 3)


def test_id_lists_the_classes():
    with pytest.raises(
        ValueError, match="'Tram' is not a class of two, which has Road, Sky"
    ):
        TWO.id("Tram")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("m", ("A", "A"), ((1, 1, 1), (2, 2, 2))), "A is used twice"),
        (("m", ("A", "B"), ((1, 1, 1), (1, 1, 1))), "is used twice"),
        (("m", ("A",), ((1, 2, 256),)), "not a colour of three integers"),
        (("m", ("A",), ((1, 2, True),)), "not a colour of three integers"),
        (("m", ("A",), ()), "1 names and 0 colours"),
        (("m", (), ()), "0 names"),
        (("m", ("",), ((1, 1, 1),)), "'' is not a class name"),
        (("", ("A",), ((1, 1, 1),)), "cannot be called"),
        (("m", ("A",), ((1, 1, 1),), 0), "void is 0, expected an integer from 1"),
        (("m", ("A",), ((1, 1, 1),), 256), "void is 256"),
    ],
)
def test_a_wrong_map_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        ClassMap(*fields)


@pytest.mark.parametrize("class_map", [VKITTI1, VKITTI2, CAMVID11, TWO])
@pytest.mark.parametrize("suffix", [".json", ".pkl"])
def test_saved_and_loaded_is_the_same(tmp_path, class_map, suffix):
    path = tmp_path / f"class_map{suffix}"
    class_map.save(path)
    assert ClassMap.load(path) == class_map


def test_json_says_what_it_must():
    content = json.loads(TWO.to_json())
    assert content == {
        "version": 1,
        "name": "two",
        "classes": [
            {"id": 0, "name": "Road", "colour": [1, 2, 3]},
            {"id": 1, "name": "Sky", "colour": [1, 3, 2]},
        ],
        "void": 255,
    }


def test_pickle_holds_plain_dictionaries_both_ways(tmp_path):
    path = tmp_path / "class_map.pkl"
    TWO.save(path, encodings={"0001/fog": {(9, 9, 9): 1}})
    plain = pickle.loads(path.read_bytes())
    assert plain["colour_to_class"] == {(1, 2, 3): 0, (1, 3, 2): 1}
    assert plain["class_to_colour"] == {0: (1, 2, 3), 1: (1, 3, 2)}
    assert plain["names"] == ["Road", "Sky"]
    assert plain["name_to_class"] == {"Road": 0, "Sky": 1}
    assert plain["encodings"] == {"0001/fog": {(9, 9, 9): 1}}


@pytest.mark.parametrize("suffix", [".json", ".pkl"])
def test_files_that_disagree_say_where(tmp_path, suffix):
    VKITTI1.save(tmp_path / "class_map.json")
    other = ClassMap("vkitti1", VKITTI2.names, VKITTI2.colours)
    other.save(tmp_path / "class_map.pkl")
    message = r"disagree: class 6 is \('GuardRail', .*100, 255\).* against"
    with pytest.raises(ValueError, match=message):
        ClassMap.load(tmp_path / f"class_map{suffix}")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (ClassMap("three", TWO.names, TWO.colours), "'two', 255.*'three', 255"),
        (ClassMap("two", TWO.names, TWO.colours, void=9), "255.*9"),
        (ClassMap("two", ("Road",), ((1, 2, 3),)), "2 classes against 1"),
    ],
)
def test_files_that_differ_in_a_field_say_which(tmp_path, other, message):
    TWO.save(tmp_path / "m.json")
    other.save(tmp_path / "m.pkl")
    with pytest.raises(ValueError, match=message):
        ClassMap.load(tmp_path / "m.json")


class Bomb:
    def __reduce__(self):
        return os.system, ("echo gotcha",)


@pytest.mark.parametrize(
    "content",
    [Bomb(), random.Random(0), np.float32(1), {"names": Bomb()}],
)
def test_a_pickle_that_asks_for_code_is_refused(tmp_path, content, capfd):
    path = tmp_path / "class_map.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=r"class_map\.pkl: it asks for .*plain values"):
        ClassMap.load(path)
    assert "gotcha" not in capfd.readouterr().out


def plain_two(**changes) -> bytes:
    plain = {
        "version": 1,
        "name": "two",
        "names": ["Road", "Sky"],
        "name_to_class": {"Road": 0, "Sky": 1},
        "colour_to_class": {(1, 2, 3): 0, (1, 3, 2): 1},
        "class_to_colour": {0: (1, 2, 3), 1: (1, 3, 2)},
        "void": 255,
    }
    return pickle.dumps(plain | changes)


def nested(depth: int) -> list:
    value = []
    for _ in range(depth):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable pickle"),
        (b"\x80\x04garbage", "not a readable pickle"),
        (pickle.dumps([1]), "holds a list"),
        (plain_two(version=2), "version 2, this segnet reads 1"),
        (plain_two(names="Road"), "`names` must be a list"),
        (plain_two(class_to_colour={1: (1, 2, 3), 0: (1, 3, 2)}), "must be 0 to 1"),
        (plain_two(class_to_colour={0: [1, 2, 3], 1: [1, 3, 2]}), "must hold tuples"),
        (plain_two(class_to_colour={0: (1, 2, 3), 1: (1, 3, 900)}), "contradicts"),
        (plain_two(colour_to_class={(1, 2, 3): 1, (1, 3, 2): 0}), "contradicts"),
        (plain_two(name_to_class={"Road": nested(200), "Sky": 1}), "contradicts"),
        (plain_two(void=nested(200)), "`void` must be of type int"),
        (plain_two(name=None), "`name` must be of type str"),
        (b"\x80\x04r" + b"\xff\xff\xff\x7f.", "not a readable pickle"),
    ],
)
def test_a_damaged_pickle_is_an_error(tmp_path, content, message):
    path = tmp_path / "class_map.pkl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        ClassMap.load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a class map in JSON"),
        ("[]", "not a class map in JSON"),
        ("[" * 100_000, "not a class map in JSON"),
        ('{"version": 1, "classes": 3}', "not a class map in JSON"),
        (TWO.to_json().replace('"version": 1', '"version": 9'), "version 9"),
        (TWO.to_json().replace('"id": 1', '"id": 7'), r"ids are \[0, 7\]"),
        (TWO.to_json().replace("[1, 3, 2]", '"abc"'), "not a colour of three"),
    ],
)
def test_damaged_json_is_an_error(text, message):
    with pytest.raises(ValueError, match=message):
        ClassMap.from_json(text)


def test_files_too_large_missing_or_of_another_kind(tmp_path):
    path = tmp_path / "class_map.json"
    with pytest.raises(FileNotFoundError, match="no such class map"):
        ClassMap.load(path)
    with open(path, "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ValueError, match="at most"):
        ClassMap.load(path)
    with pytest.raises(ValueError, match="a .json or a .pkl file"):
        TWO.save(tmp_path / "class_map.yaml")
