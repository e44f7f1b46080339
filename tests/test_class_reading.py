"""Class maps as users write them: names, JSON and CSV."""

import json

import pytest

from segnet.classes.reading import display_colours, palette, read_classes


def test_names_with_commas_are_the_ids_in_order():
    found = read_classes("road, car,other")
    assert found.class_map.names == ("road", "car", "other")
    assert found.class_map.colours == ((128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert found.ids == {0: 0, 1: 1, 2: 2, 255: 255}
    assert found.colours == {(0, 0, 0): 255}


@pytest.mark.parametrize("content", [["road", "car"], {"classes": ["road", "car"]}])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_bare_list_of_names_does(tmp_path, content, mark):
    path = tmp_path / "yard.json"
    path.write_bytes(mark + json.dumps(content).encode())
    found = read_classes(path).class_map
    assert (found.name, found.names) == ("yard", ("road", "car"))


def test_a_class_may_have_several_colours_and_values(tmp_path):
    path = tmp_path / "found.json"
    rows = [
        {"name": "road", "colour": [1, 2, 3], "share": 0.5},
        {"name": "line", "colour": [4, 5, 6]},
        {"name": "road", "colour": [7, 8, 9], "value": 7},
        {"name": "void", "value": 0},
    ]
    path.write_text(json.dumps({"classes": rows}))
    found = read_classes(path)
    assert found.class_map.names == ("road", "line")
    assert found.class_map.colours == ((1, 2, 3), (4, 5, 6))
    expected = {(1, 2, 3): 0, (4, 5, 6): 1, (7, 8, 9): 0, (0, 0, 0): 255}
    assert found.colours == expected
    assert found.ids == {7: 0, 0: 255, 255: 255}
    for change, message in (
        ({"colour": [4, 5, 6]}, r"\(4, 5, 6\) stands for two classes"),
        ({"colour": [4, 5]}, "is not a colour of three integers"),
        ({"colour": "red"}, "'red' is no colour of three integers"),
        ({"value": 1 << 16}, "the value 65536 is not 0 to 65535"),
        ({"value": "1"}, "the value '1' is not 0 to 65535"),
    ):
        path.write_text(json.dumps([rows[0] | change, *rows[1:]]))
        with pytest.raises(ValueError, match=f"found.json: .*{message}"):
            read_classes(path)


def test_colours_come_from_a_table(tmp_path):
    path = tmp_path / "class_dict.csv"
    path.write_text(
        "name, r, g, b\r\nRoad,1,2,3\r\nLine,4,5,6\nRoad,7,8,9\nVoid,0,0,0\n"
    )
    found = read_classes(path)
    assert found.class_map.names == ("Road", "Line")
    assert found.class_map.colours == ((1, 2, 3), (4, 5, 6))
    assert found.colours == {
        **{(1, 2, 3): 0, (4, 5, 6): 1, (7, 8, 9): 0},
        (0, 0, 0): 255,
    }


def test_pixel_values_come_from_a_table(tmp_path):
    path = tmp_path / "_classes.csv"
    path.write_text("Pixel Value, Class\n0, background\n4, car\n9, void\n")
    found = read_classes(path)
    assert found.class_map.names == ("background", "car")
    assert found.ids == {0: 0, 4: 1, 9: 255, 255: 255}


def test_classes_without_a_colour_of_their_own_get_one():
    wanted = [(0, 0, 0), (128, 0, 0), None, (128, 0, 0)]
    assert display_colours(wanted) == (
        *((0, 0, 0), (128, 0, 0)),
        *((0, 128, 0), (128, 128, 0)),
    )
    names = read_classes("Background,car").class_map
    assert names.colours == ((0, 0, 0), (128, 0, 0))
    assert len({*palette(255), (0, 0, 0)}) == 256


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "its columns are none"),
        ("a.csv", "x,y\n", "its columns are x, y, expected name,r,g,b"),
        ("a.csv", "name,r,g,b\nroad,1,2\n", "the row 'road,1,2' is too short"),
        ("a.csv", "name,r,g,b\nroad,1,2,256\n", "'256' in the row .* is not 0 to 255"),
        ("a.csv", "name,r,g,b\na,1,2,3\nb,1,2,3\n", r"\(1, 2, 3\) stands for two"),
        ("a.csv", "name,r,g,b\nvoid,1,2,3\n", "no class in it"),
        ("a.csv", "Pixel Value,Class\n1,a\n1,b\n", "1 stands for two classes"),
        ("a.csv", "Pixel Value,Class\n-1,a\n", "'-1' in the row '-1,a' is not 0"),
        ("a.json", "{", "no JSON"),
        ("a.json", "[1]", "not a class map in JSON"),
        ("a.json", '["a", "a"]', "'a' is there twice"),
        ("a.txt", "\n", "no class in it"),
    ],
)
def test_bad_files_are_named(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_classes(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_not_taken_for_a_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.json: no such file"):
        read_classes(tmp_path / "nowhere.json")
    with pytest.raises(FileNotFoundError, match="road: no such file, and one name"):
        read_classes("road")
    with pytest.raises(ValueError, match="--classes a,b,a: 'a' is there twice"):
        read_classes("a,b,a")
    (tmp_path / "latin.txt").write_bytes(b"stra\xdfe\n")
    with pytest.raises(ValueError, match="latin.txt: not UTF-8"):
        read_classes(tmp_path / "latin.txt")
