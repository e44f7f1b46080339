"""Class mappings: the tables, and their use on labels and predictions."""

import pickle

import numpy as np
import pytest

from conftest import CAR_OR_VAN
from segnet.classes import (
    CAMVID11,
    CAMVID32,
    CATEGORIES6,
    CITY16,
    CITYSCAPES10,
    CITYSCAPES19,
    CLASS_MAPS,
    VKITTI1,
    VKITTI2,
    ClassMap,
)
from segnet.classes.mappings import MAPPINGS, find_mapping
from segnet.data.find import find_source, with_classes
from segnet.data.prepare import prepare
from segnet.data.store import open_store

TEN = find_mapping("vkitti-to-cityscapes")
SIX = find_mapping("six-categories")


def named(mapping, class_map) -> dict[str, str | None]:
    """Returns class -> target class, None for void."""
    ids = mapping.label_ids(class_map)
    names = dict(enumerate(mapping.target.names)) | {mapping.target.void: None}
    return {name: names[int(ids[i])] for i, name in enumerate(class_map.names)}


def test_targets_are_as_published():
    assert CITYSCAPES10.names == (
        *("road", "building", "pole", "traffic light", "traffic sign", "vegetation"),
        *("terrain", "sky", "car", "truck"),
    )
    assert CITYSCAPES10.colours[8] == (0, 0, 142)
    assert CATEGORIES6.names == (
        *("flat", "construction", "object", "nature", "sky", "vehicle"),
    )


@pytest.mark.parametrize(
    ("class_map", "people"), [(VKITTI1, {}), (CITY16, {"Pedestrian", "Bicyclist"})]
)
def test_city_streets_in_the_classes_of_camvid(class_map, people):
    names = named(find_mapping("city-to-camvid11"), class_map)
    assert (names["Terrain"], names["Misc"]) == ("Pavement", None)
    assert {names[n] for n in ("Car", "Van", "Truck")} == {"Car"}
    assert {names[n] for n in ("TrafficSign", "TrafficLight")} == {"SignSymbol"}
    missing = {"Pedestrian", "Bicyclist"} - set(people)
    assert set(names.values()) == {*CAMVID11.names, None} - missing
    assert all(names[name] == name for name in people)


@pytest.mark.parametrize("class_map", [VKITTI1, VKITTI2])
def test_virtual_kitti_in_the_ten_common_classes(class_map):
    assert named(TEN, class_map) == {
        "Terrain": "terrain",
        "Sky": "sky",
        "Tree": "vegetation",
        "Vegetation": "vegetation",
        "Building": "building",
        "Road": "road",
        "GuardRail": None,
        "TrafficSign": "traffic sign",
        "TrafficLight": "traffic light",
        "Pole": "pole",
        "Misc": None,
        "Truck": "truck",
        "Car": "car",
        "Van": "car",
    }


def test_cityscapes_in_the_ten_common_classes():
    expected = {n: n if n in CITYSCAPES10.names else None for n in CITYSCAPES19.names}
    assert named(TEN, CITYSCAPES19) == expected
    assert sum(target is None for target in expected.values()) == 9


@pytest.mark.parametrize(
    ("class_map", "expected"),
    [
        (VKITTI1, "nature sky nature nature construction flat construction object "
         "object object - vehicle vehicle vehicle"),
        (CITYSCAPES19, "flat flat construction construction construction object "
         "object object nature nature sky - - vehicle vehicle vehicle vehicle vehicle "
         "vehicle"),
        (CAMVID11, "sky construction object flat flat nature object construction "
         "vehicle - -"),
    ],
)  # fmt: skip
def test_six_categories(class_map, expected):
    found = [name or "-" for name in named(SIX, class_map).values()]
    assert found == expected.split()


def test_camvid_from_32_to_11_and_on_to_six():
    to_11 = named(find_mapping("camvid32-to-camvid11"), CAMVID32)
    assert None not in to_11.values()
    assert set(to_11.values()) == set(CAMVID11.names)
    assert to_11["Archway"] == "Building"
    assert to_11["LaneMkgsDriv"] == to_11["Road"] == "Road"
    assert to_11["TrafficCone"] == "Pole"
    assert to_11["Child"] == "Pedestrian"
    six = named(SIX, CAMVID11)
    assert named(SIX, CAMVID32) == {name: six[to_11[name]] for name in CAMVID32.names}


def test_virtual_kitti_2_as_1():
    ids = find_mapping("vkitti2-to-vkitti1").label_ids(VKITTI2)
    assert ids[:14].tolist() == list(range(14))
    assert ids[255] == 255
    # A label that is none is neither a class nor void, so counting it raises.
    assert ids[VKITTI2.num_classes] == ids[254] == 14


@pytest.mark.parametrize("mapping", MAPPINGS.values(), ids=MAPPINGS)
def test_what_all_mappings_must_hold(mapping):
    for name, groups in mapping.groups.items():
        class_map = CLASS_MAPS[name]
        members = [member for group in groups.values() for member in group]
        assert len(set(members)) == len(members)
        assert set(groups) <= set(mapping.target.names)
        ids = mapping.label_ids(class_map)
        assert ids.dtype == np.uint8
        assert ids[255] == 255
        predicted = mapping.prediction_ids(class_map.num_classes)
        void = ids[: class_map.num_classes] == 255
        assert (predicted[void] == mapping.other).all()
        assert (predicted[~void] == ids[: class_map.num_classes][~void]).all()
    target = mapping.target
    own = mapping.label_ids(target)
    assert own[: mapping.other].tolist() == list(range(mapping.other))
    assert mapping.prediction_ids(target.num_classes).tolist() == list(
        range(mapping.other)
    )


def test_predictions_without_a_place_in_the_target_are_other():
    predicted = TEN.prediction_ids(14)
    assert predicted[VKITTI1.id("Misc")] == predicted[VKITTI1.id("GuardRail")] == 10
    assert predicted[VKITTI1.id("Van")] == CITYSCAPES10.id("car")
    assert TEN.prediction_ids(19)[CITYSCAPES19.id("sidewalk")] == 10


def test_mappings_that_cannot_be():
    with pytest.raises(ValueError, match="'vkitti-to-mars', expected one of vkitti-to"):
        find_mapping("vkitti-to-mars")
    with pytest.raises(ValueError, match="does not know the classes of 'camvid11'"):
        TEN.label_ids(CAMVID11)
    message = r"no network with 5 classes, only those of cityscapes10 \(10\), vkitti1"
    with pytest.raises(ValueError, match=message):
        TEN.prediction_ids(5)
    other = ClassMap("vkitti1", ("a", "b"), ((1, 1, 1), (2, 2, 2)))
    with pytest.raises(ValueError, match="does not know the classes of 'vkitti1'"):
        TEN.label_ids(other)


def test_a_mapped_source_reads_mapped_labels(vkitti_tree):
    plain = find_source("vkitti1", vkitti_tree)
    mapped = find_source("vkitti1", vkitti_tree, "six-categories")
    assert mapped.class_map is CATEGORIES6
    frame = plain.frames[0]
    expected = SIX.label_ids(VKITTI1)[plain.read_labels(frame)]
    np.testing.assert_array_equal(mapped.read_labels(frame), expected)
    assert expected[23, 30] == 255  # Misc
    table = mapped.encodings["0001/clone"]
    assert table[CAR_OR_VAN] == CATEGORIES6.id("vehicle")
    assert table[VKITTI1.colours[VKITTI1.id("Misc")]] == 255
    again = pickle.loads(pickle.dumps(mapped.read_labels))
    np.testing.assert_array_equal(again(frame), expected)
    with pytest.raises(ValueError, match="does not know the classes of 'categories6'"):
        with_classes(mapped, "vkitti-to-cityscapes")


@pytest.mark.parametrize("workers", [1, 2])
def test_prepare_stores_mapped_labels_and_their_class_map(
    vkitti_tree, tmp_path, workers
):
    path = prepare(
        "vkitti1",
        vkitti_tree,
        tmp_path / "out",
        scale=3,
        classes="vkitti-to-cityscapes",
        workers=workers,
    )
    with open_store(path) as store:
        assert store.class_map == CITYSCAPES10
        labels = store["train"].labels[0]
        expected = TEN.label_ids(VKITTI1)[:12]
        assert labels[-1, 3:9].tolist() == expected[3:9].tolist()
        assert store.attributes["void_share"] > 0.1
    assert ClassMap.load(path.with_name("class_map.pkl")) == CITYSCAPES10


def test_prepare_refuses_what_does_not_fit(vkitti_tree, tmp_path):
    for classes, message in (
        ("map.json", "class mapping 'map.json', expected one of"),
        ("camvid32-to-camvid11", "does not know the classes of 'vkitti1'"),
    ):
        with pytest.raises(ValueError, match=message):
            prepare("vkitti1", vkitti_tree, tmp_path / "out", classes=classes)
    with pytest.raises(ValueError, match="vkitti1 has no masks to choose"):
        prepare("vkitti1", vkitti_tree, tmp_path / "out", masks=tmp_path)
    with pytest.raises(ValueError, match="vkitti1 has no cameras to choose"):
        prepare("vkitti1", vkitti_tree, tmp_path / "out", cameras=["0"])
    assert not (tmp_path / "out").exists()
