"""The renderer: the tree it writes, its labels and its repeatability."""

import hashlib
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet.classes import CITY16, VKITTI1
from segnet.data import READERS, vkitti
from segnet.scenes import VARIATIONS, WORLDS, render
from segnet.scenes.drive import Drive
from segnet.scenes.paint.camera import View, clip_near
from segnet.scenes.paint.raster import paint
from segnet.scenes.paint.shadows import Shadows, sun_direction
from segnet.scenes.paint.stage import surfaces
from segnet.scenes.surfaces.atlas import VEIL
from segnet.scenes.town import furniture, houses, people, shops, trucks
from segnet.scenes.town.mesh import Builder, rotation
from segnet.scenes.town.town import CYCLIST, VEHICLE, WALKER

SIZE = (94, 311)
SHARED = ("clone", "fog", "morning", "overcast", "rain", "sunset")


def read(path):
    return np.asarray(Image.open(path))


def picture(root, variation, frame, world="0001"):
    return read(root / f"vkitti_1.3.1_rgb/{world}/{variation}/{frame:05d}.png")


def label(root, variation, frame, world="0001"):
    return read(root / f"vkitti_1.3.1_scenegt/{world}/{variation}/{frame:05d}.png")


def table(root, variation, world="0001"):
    name = f"{world}_{variation}_scenegt_rgb_encoding.txt"
    lines = (root / "vkitti_1.3.1_scenegt" / name).read_text().splitlines()
    assert lines[0] == "Category(:id) r g b"
    rows = [line.split(" ") for line in lines[1:]]
    assert all(len(row) == 4 for row in rows)
    return [(row[0], tuple(map(int, row[1:]))) for row in rows]


def digests(root):
    files = sorted(p for p in root.rglob("*") if p.is_file())
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    return render(folder, "0001", VARIATIONS, frames=2, size=SIZE, workers=1)


@pytest.fixture(scope="module")
def drives():
    return {world: Drive(world, 0, SIZE) for world in ("0001", "0020")}


def test_the_tree_is_the_published_one(root):
    pictures = {p.relative_to(root).as_posix() for p in root.rglob("*.png")}
    assert pictures == {
        f"vkitti_1.3.1_{top}/0001/{variation}/0000{frame}.png"
        for top in ("rgb", "scenegt")
        for variation in VARIATIONS
        for frame in range(2)
    }
    with Image.open(root / "vkitti_1.3.1_scenegt/0001/clone/00000.png") as image:
        assert (image.mode, image.size) == ("RGB", (311, 94))
    texts = {p.relative_to(root).as_posix() for p in root.rglob("*.txt")}
    assert texts == {
        "vkitti_1.3.1_rgb/README_rgb.txt",
        "vkitti_1.3.1_scenegt/README_scenegt.txt",
    } | {
        f"vkitti_1.3.1_scenegt/0001_{variation}_scenegt_rgb_encoding.txt"
        for variation in VARIATIONS
    }


@pytest.mark.parametrize("variation", VARIATIONS)
def test_the_table_holds_every_colour_of_the_labels(root, variation):
    rows = table(root, variation)
    static = [r for r in rows if ":" not in r[0]]
    pairs = zip(VKITTI1.names, VKITTI1.colours, strict=True)
    assert static == [(n, tuple(c)) for n, c in pairs if n not in ("Car", "Van")]
    assert rows[: len(static)] == static
    vehicles = rows[len(static) :]
    assert {name.split(":")[0] for name, _ in vehicles} == {"Car", "Van"}
    assert len({colour for _, colour in rows}) == len(rows)
    known = {colour for _, colour in rows}
    assert not {colour for _, colour in vehicles} & set(VKITTI1.colours)
    for frame in range(2):
        found = label(root, variation, frame).reshape(-1, 3)
        assert set(map(tuple, np.unique(found, axis=0).tolist())) <= known


@pytest.mark.parametrize("variation", SHARED)
def test_weather_keeps_labels_and_changes_the_picture(root, variation):
    assert (label(root, variation, 1) == label(root, "clone", 1)).all()
    assert table(root, variation) == table(root, "clone")
    if variation != "clone":
        apart = picture(root, variation, 1).astype(int) - picture(root, "clone", 1)
        assert np.abs(apart).mean() > 8


def test_a_turned_camera_sees_something_else(root):
    turned = sorted(set(VARIATIONS) - set(SHARED))
    assert len(turned) == 4
    tables = {v: dict(table(root, v)) for v in ("clone", *turned)}
    for variation in turned:
        apart = label(root, variation, 0) != label(root, "clone", 0)
        assert apart.any(-1).mean() > 0.2
        assert tables[variation] != tables["clone"]
    kinds = {}
    for rows in tables.values():
        for name, colour in rows.items():
            kinds.setdefault(colour, set()).add(name.split(":")[0])
    assert {"Car", "Van"} in kinds.values()


def test_the_reader_takes_the_tree(root):
    source = vkitti.reader(root)
    assert len(source.frames) == 2 * len(VARIATIONS)
    ids = source.read_labels(source.frames[0])
    assert ids.shape == SIZE
    assert ids.max() < VKITTI1.num_classes


def test_neighbouring_frames_differ_a_little(root):
    apart = (label(root, "clone", 0) != label(root, "clone", 1)).any(-1).mean()
    assert 0.005 < apart < 0.35
    with pytest.raises(AssertionError):
        assert (picture(root, "clone", 0) == picture(root, "clone", 1)).all()


def test_workers_do_not_change_a_byte(tmp_path, monkeypatch):
    monkeypatch.setattr("segnet.system.parallel.FEWEST_ITEMS_A_WORKER", 1)
    options = {"variations": ("clone", "30-deg-left"), "size": (48, 160), "seed": 3}
    one = render(tmp_path / "one", "0006", frames=3, workers=1, **options)
    two = render(tmp_path / "two", "0006", frames=3, workers=2, **options)
    assert digests(one) == digests(two)
    assert len(digests(one)) == 2 * 2 * 3 + 2 + 2 + 2


def test_seed_and_world_make_another_drive(tmp_path):
    options = {"frames": 1, "size": (48, 160), "workers": 1}
    first = render(tmp_path / "a", "0001", seed=1, **options)
    second = render(tmp_path / "b", "0001", seed=2, **options)
    other = render(tmp_path / "c", "0002", seed=1, **options)
    a, b = label(first, "clone", 0), label(second, "clone", 0)
    c = label(other, "clone", 0, world="0002")
    assert (a != b).any(-1).mean() > 0.1
    assert (a != c).any(-1).mean() > 0.1


def test_frames_from_elsewhere_are_never_replaced(tmp_path):
    folder = tmp_path / "vkitti_1.3.1_rgb/0001/clone"
    folder.mkdir(parents=True)
    (folder / "00005.png").write_bytes(b"downloaded")
    before = digests(tmp_path)
    with pytest.raises(ValueError, match="did not make; render into another folder"):
        render(tmp_path, frames=1, size=SIZE, workers=1)
    assert digests(tmp_path) == before
    assert not (tmp_path / "vkitti_1.3.1_scenegt").exists()


def test_a_later_call_completes_replaces_and_trims(tmp_path):
    options = {"size": (48, 160), "workers": 1}
    render(tmp_path, frames=3, **options)
    whole = digests(tmp_path)
    kept = tmp_path / "vkitti_1.3.1_rgb/0001/clone/00000.png"
    stamp = kept.stat().st_mtime_ns
    (tmp_path / "vkitti_1.3.1_scenegt/0001/clone/00001.png").unlink()
    (tmp_path / "vkitti_1.3.1_rgb/0001/clone/00002.png").unlink()
    render(tmp_path, frames=3, **options)
    assert digests(tmp_path) == whole
    assert kept.stat().st_mtime_ns == stamp
    render(tmp_path, frames=2, **options)
    assert sorted(p.name for p in kept.parent.iterdir()) == ["00000.png", "00001.png"]
    render(tmp_path, frames=3, seed=5, **options)
    assert (
        digests(tmp_path)[str(kept.relative_to(tmp_path))]
        != whole[str(kept.relative_to(tmp_path))]
    )


def test_each_second_frame_is_the_one_of_the_whole_drive(tmp_path):
    options = {"size": (48, 160), "workers": 1}
    render(tmp_path / "some", frames=4, every=2, **options)
    render(tmp_path / "all", frames=4, **options)
    some, whole = digests(tmp_path / "some"), digests(tmp_path / "all")
    numbers = sorted(Path(name).stem for name in some if name.endswith(".png"))
    assert numbers == ["00000", "00000", "00002", "00002"]
    assert some.items() <= whole.items()
    render(tmp_path / "all", frames=4, every=2, **options)
    assert digests(tmp_path / "all") == some
    with pytest.raises(ValueError, match="every is 0"):
        render(tmp_path, frames=1, every=0, **options)


@pytest.mark.parametrize("world", ["0001", "0020"])
def test_every_class_occurs_in_any_forty_frames(drives, world):
    drive = drives[world]
    vehicles = drive.stage.town.vehicles
    kinds = [VKITTI1.id(v.kind) for v in vehicles]
    ids = np.array([*range(14), *[0] * 86, *kinds])
    for start in (0, 90, 180):
        seen = np.zeros(14, int)
        for frame in range(start, start + 40, 13):
            for _, _, owners in drive.draw(frame, ("clone",)):
                seen += np.bincount(ids[owners].ravel(), minlength=14)
        assert (seen > 0).all(), [VKITTI1.names[i] for i in np.flatnonzero(seen == 0)]
        assert seen[VKITTI1.id("Road")] > 0.1 * seen.sum()


@pytest.mark.parametrize("size", [(33, 47), (101, 64)])
def test_odd_sizes(tmp_path, size):
    render(tmp_path, variations=("rain",), frames=1, size=size, workers=1)
    assert picture(tmp_path, "rain", 0).shape == (*size, 3)
    assert label(tmp_path, "rain", 0).shape == (*size, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"world": "0003"}, "world '0003' is none of 0001, 0002, 0006, 0018, 0020"),
        ({"variations": ("snow",)}, "variation 'snow' is none of 15-deg-left"),
        ({"variations": ()}, "no variation given; choose from"),
        ({"frames": 448}, "frames is 448; world 0001 has 1 to 447"),
        ({"frames": 0}, "frames is 0; world 0001 has 1 to 447"),
        ({"seed": -1}, "seed is -1, expected 0 or more"),
        ({"size": (16, 311)}, "each 32 or more"),
        ({"workers": 0}, "workers is 0, expected 1 or more"),
        ({"focal": 180.0}, "focal is 180.0, expected 181.5 or more for pictures 311"),
        ({"focal": math.nan}, "focal is nan, expected 181.5 or more"),
    ],
)
def test_wrong_arguments(tmp_path, options, message):
    options = {"size": SIZE} | options
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        render(tmp_path, **options)
    assert not list(tmp_path.rglob("*.png"))


def test_worlds_have_the_published_lengths():
    lengths = {w: mix.frames for w, mix in WORLDS.items() if not mix.terraced}
    assert lengths == {"0001": 447, "0002": 233, "0006": 270, "0018": 339, "0020": 837}
    others = [f"{kind}{n}" for kind in ("city", "high", "winter") for n in (1, 2, 3)]
    assert sorted(set(WORLDS) - set(lengths)) == others


def test_a_city_has_walls_and_people_beside_its_streets():
    shares = {}
    for world in ("0001", "city1"):
        drive = Drive(world, 0, (96, 128), focal=133.0)
        counts = np.zeros(VEHICLE)
        for frame in range(0, 200, 40):
            for _, _, owners in drive.draw(frame, ("overcast",)):
                ids = owners[owners < VEHICLE]
                counts += np.bincount(ids, minlength=VEHICLE)
        shares[world] = counts / counts.sum()
    building, tree = VKITTI1.id("Building"), VKITTI1.id("Tree")
    assert shares["city1"][building] > 2 * shares["0001"][building]
    assert shares["city1"][tree] < shares["0001"][tree] / 2
    for owner in (WALKER, CYCLIST):
        assert shares["city1"][owner] > 0.002
        assert shares["0001"][owner] == 0


def test_people_stand_on_the_ground_and_are_of_their_height():
    atlas = surfaces()[0]
    kinds = (
        (people.walker, 1.5, 1.9, WALKER),
        (people.cyclist, 1.62, 1.85, CYCLIST),
    )
    for make, low, high, owner in kinds:
        for seed in range(6):
            faces = make(atlas, np.random.default_rng(seed), rounded=seed > 2)
            heights = faces.corners[..., 1]
            assert heights.min() == pytest.approx(0, abs=0.03)
            assert low <= heights.max() <= high
            assert set(faces.owner) == {owner}


def test_posts_of_signs_and_signals_can_be_poles():
    atlas = surfaces()[0]
    rng = np.random.default_rng(3)
    pole = VKITTI1.id("Pole")
    for name, make in (
        ("TrafficSign", lambda post: furniture.sign(atlas, rng, post)),
        ("TrafficLight", lambda post: furniture.traffic_light(atlas, rng, True, post)),
    ):
        assert set(make(None).owner) == {VKITTI1.id(name)}
        parts = make(pole)
        assert set(parts.owner) == {VKITTI1.id(name), pole}
        low = parts.corners[..., 1].max(1) < 0.5
        assert set(parts.owner[low]) <= {pole}


def test_the_label_of_a_bare_tree_has_no_gaps():
    drive = Drive("winter1", 6, (180, 240), focal=250.0)
    painted = paint(drive.stage, drive._camera(60, 0), 60)
    tree = VKITTI1.id("Tree")
    shown, labelled = (
        painted.owner[f] == tree for f in (painted.faces, painted.labelled)
    )
    assert labelled[shown].mean() > 0.99
    assert shown.sum() < 0.8 * labelled.sum()
    assert np.array_equal(painted.owners == tree, labelled)


def test_winter_is_the_same_city_with_more_trees_and_poles():
    counts = {}
    for world in ("city1", "winter1"):
        drive = Drive(world, 0, (96, 128), focal=133.0)
        owners = [next(drive.draw(f, ("fog",)))[2] for f in range(0, 200, 40)]
        counts[world] = np.bincount(np.ravel(owners), minlength=VEHICLE)
    tree, pole = VKITTI1.id("Tree"), VKITTI1.id("Pole")
    for owner in (tree, pole):
        assert counts["winter1"][owner] > 1.3 * counts["city1"][owner]


def test_the_label_of_a_railing_has_no_gaps_where_it_is_whole():
    atlas, rng, rail = surfaces()[0], np.random.default_rng(1), VKITTI1.id("GuardRail")
    gaps = furniture.railing(atlas, rng, 3.0)
    veil = gaps.texture == atlas.names[VEIL]
    assert set(gaps.owner) == {rail}
    height = gaps.corners[~veil][..., 1].max()
    assert np.ptp(gaps.corners[veil][..., 2]) == pytest.approx(3.0)
    assert gaps.corners[veil][..., 1].max() == pytest.approx(height)

    # Across the road, five metres ahead of the camera and of all else.
    drive = Drive("high1", 6, (180, 240), focal=250.0)
    road = drive.stage.town.road
    across = gaps.placed(road.place(5.0, 1.75), road.heading(5.0) + np.pi / 2)
    stage = replace(drive.stage, faces=across, middles=across.corners.mean(1))
    painted = paint(stage, drive._camera(0, 0), 0)
    shown, labelled = (
        painted.owner[f] == rail for f in (painted.faces, painted.labelled)
    )
    assert labelled[shown].all()
    assert labelled.sum() > 1.5 * shown.sum() > 0
    rows, columns = np.nonzero(labelled)
    box = labelled[
        rows.min() + 2 : rows.max() - 8, columns.min() + 2 : columns.max() - 1
    ]
    assert box.all() and box.size > 0.7 * labelled.sum()


def test_a_veil_casts_no_shadow():
    drive = Drive("high1", 6, (90, 120), focal=125.0)
    veil = drive.stage.faces.texture == drive.stage.atlas.names[VEIL]
    fallen = Shadows(drive.stage, -58.0, 46.0).solids
    lit = (drive.stage.faces.normal @ sun_direction(-58.0, 46.0)) > 0.05
    assert (veil & lit).any()
    assert len(fallen) == (lit & ~veil).sum()


def test_what_a_high_street_adds_is_signs_poles_and_buildings():
    atlas, rng = surfaces()[0], np.random.default_rng(2)
    sign, pole = VKITTI1.id("TrafficSign"), VKITTI1.id("Pole")
    assert set(shops.totem(atlas, rng).owner) == {sign}
    assert set(shops.bollard_light(atlas, rng).owner) == {sign}
    banner = shops.banner(atlas, rng, pole)
    low = banner.corners[..., 1].min(1) < 0.1
    assert set(banner.owner[low]) == {pole}
    assert set(banner.owner[~low]) == {sign}
    front = houses.house(atlas, np.random.default_rng(4), 10, 8, 3, shopping=1.0)
    assert set(front.owner) == {sign, VKITTI1.id("Building")}
    # Signs hang before the front, over the heads of people.
    on_wall = front.corners[front.owner == sign]
    assert on_wall[..., 0].max() < 0 and on_wall[..., 1].min() > 2.5


def test_a_garden_wall_is_a_building_and_what_stands_on_it_a_fence():
    wall, rail = VKITTI1.id("Building"), VKITTI1.id("GuardRail")
    found = set()
    for seed in range(8):
        faces = furniture.garden_wall(surfaces()[0], np.random.default_rng(seed), 6.0)
        top = faces.corners[faces.owner == wall][..., 1].max()
        assert 0.5 <= top <= 1.6
        above = faces.corners[faces.owner == rail][..., 1]
        assert above.size == 0 or above.min() == pytest.approx(top)
        found.add(frozenset(faces.owner.tolist()))
    assert found == {frozenset({wall}), frozenset({wall, rail})}


def test_a_bus_has_one_owner_and_stands_on_its_wheels():
    heights = set()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        faces = trucks.bus(surfaces()[0], rng, (0.7, 0.1, 0.1), VEHICLE + 3)
        assert set(faces.owner) == {VEHICLE + 3}
        assert faces.corners[..., 1].min() == pytest.approx(0, abs=0.05)
        assert np.abs(faces.corners[..., 0]).max() < 1.3
        heights.add(round(float(faces.corners[..., 1].max()), 2))
    assert heights == {2.75, 4.5}


def test_the_sides_of_a_tube_look_outwards():
    builder = Builder(surfaces()[0], 1)
    builder.tube((1, 3), (0, 2), (-1, 1), "plain")
    faces = builder.faces()
    outwards = faces.corners.mean(1) - (2, 1, 0)
    assert len(faces) == 7
    assert ((faces.normal * outwards).sum(1) > 0.5).all()


def test_no_gaps_to_label_where_all_trees_bear_leaves():
    drive = Drive("0001", 0, (94, 311))
    painted = paint(drive.stage, drive._camera(5, 0), 5)
    assert painted.labelled is painted.faces


def test_people_are_classes_for_the_city_reader_and_misc_for_vkitti1(tmp_path):
    options = {"frames": 1, "size": (96, 128), "workers": 1}
    render(tmp_path, "city1", ("overcast",), **options)
    rows = dict(table(tmp_path, "overcast", world="city1"))
    assert {"Misc", "Misc:walker", "Misc:cyclist"} <= set(rows)
    wide = READERS["city"](tmp_path)
    narrow = READERS["vkitti1"](tmp_path)
    ids = wide.read_labels(wide.frames[0])
    walker = (label(tmp_path, "overcast", 0, "city1") == rows["Misc:walker"]).all(-1)
    assert walker.any()
    assert np.array_equal(ids == CITY16.id("Pedestrian"), walker)
    merged = np.where(ids >= 14, VKITTI1.id("Misc"), ids)
    assert np.array_equal(merged, narrow.read_labels(narrow.frames[0]))
    assert (wide.origin, narrow.origin) == (
        "city, rendered by segnet",
        "vkitti1, rendered by segnet",
    )
    path = wide.frames[0].label
    Image.new("RGB", (128, 96), (1, 1, 1)).save(path)
    for source, name in ((wide, "city16"), (narrow, "vkitti1")):
        with pytest.raises(ValueError, match=rf"{path} \({name}\): colour"):
            source.read_labels(source.frames[0])


def test_towns_without_people_name_none(root):
    assert not [name for name, _ in table(root, "clone") if name.startswith("Misc:")]


def test_a_longer_focal_length_shows_the_middle_of_the_picture():
    wide, narrow = (Drive("0001", 0, (96, 160), focal) for focal in (None, 187.0))
    assert wide._camera(0, 0).focal == pytest.approx(725 * 160 / 1242)
    owners = [next(d.draw(5, ("overcast",)))[2] for d in (wide, narrow)]
    scale = 187.0 / wide._camera(0, 0).focal
    (cx, cy), inner = narrow._camera(0, 0).centre, np.s_[10:86, 10:150]
    rows, columns = np.mgrid[0:96, 0:160]
    rows = np.rint(cy + (rows - cy) / scale).astype(int)
    columns = np.rint(cx + (columns - cx) / scale).astype(int)
    # Sky against the rest: the outline of the whole scene, but for its edges.
    near, far = (o == VKITTI1.id("Sky") for o in (owners[1], owners[0][rows, columns]))
    assert (near[inner] == far[inner]).mean() > 0.9
    assert 0.05 < near[inner].mean() < 0.9


def test_another_focal_length_replaces_the_frames(tmp_path):
    options = {"frames": 1, "size": (48, 160), "workers": 1}
    render(tmp_path, **options)
    before = picture(tmp_path, "clone", 0)
    render(tmp_path, focal=200.0, **options)
    assert (picture(tmp_path, "clone", 0) != before).any()


def test_rotation_turns_right():
    ahead = np.array((0.0, 0.0, 1.0))
    np.testing.assert_allclose(ahead @ rotation(np.pi / 2), (1, 0, 0), atol=1e-6)


def test_the_inverse_leads_from_the_picture_back_to_the_texture():
    view = View(np.array((3.0, 1.6, -2.0)), 0.3, 0.02, 375, 1242)
    frame = np.array([[[5.0, 0.5, 20.0], [0.1, 0.02, 0.03], [0.01, -0.2, 0.05]]])
    u, v = 7.0, 4.0
    point = frame[0, 0] + u * frame[0, 1] + v * frame[0, 2]
    seen = view.seen(point)
    column, row = view.project(seen)
    back = view.inverse(frame)[0] @ np.array((column, row, 1.0))
    np.testing.assert_allclose(back[:2] / back[2], (u, v), atol=1e-2)
    assert back[2] == pytest.approx(1 / seen[2], rel=1e-4)


def test_clipping_keeps_what_is_ahead():
    square = np.array([[0, 0, -1], [1, 0, -1], [1, 0, 3], [0, 0, 3]], np.float32)
    cut = clip_near(square, 1.0)
    assert len(cut) == 4
    assert cut[:, 2].min() == 1.0
    assert len(clip_near(square, 4.0)) == 0


def test_importing_needs_neither_keras_nor_matplotlib():
    code = (
        "import sys, segnet.scenes; "
        "print({'keras', 'tensorflow', 'matplotlib', 'tqdm'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
    )
    assert run.stdout.strip() == "set()"
