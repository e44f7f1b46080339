"""`segnet predict` on files and folders: names, outputs, skipped files."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from helpers.colour_network import (
    BLUE,
    CLASSES,
    GREEN,
    RED,
    ColourEngine,
    colour_model,
    picture,
    predict_all,
    random_picture,
)
from segnet.cli import main
from segnet.predict import images
from segnet.predict.predicting import predict_files
from segnet.predict.sources import find_items
from segnet.predict.writing import Wanted


def save(path, pixels=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = picture(np.full((64, 64), GREEN)) if pixels is None else pixels
    Image.fromarray(pixels).save(path)
    return path


def bases(sources, out):
    items = find_items(sources, out)
    return [item.base.relative_to(out).as_posix() for item in items]


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.*"))


def test_every_output_of_an_image(tmp_path):
    ids = np.full((65, 90), RED)
    ids[:, :30] = BLUE
    summary, said = predict_all(
        [save(tmp_path / "a.png", picture(ids))], tmp_path / "out"
    )
    out = tmp_path / "out"
    expected = ["a.confidence.png", "a.json", "a.overlay.jpg", "a.png"]
    assert names(out) == expected
    assert said == [] and (summary.images, summary.left_out) == (1, 0)
    with Image.open(out / "a.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(image, ids)
        assert image.convert("RGB").getpixel((0, 0)) == CLASSES.colours[BLUE]
    with Image.open(out / "a.confidence.png") as image:
        assert image.mode == "L" and image.size == (90, 65)
    with Image.open(out / "a.overlay.jpg") as image:
        # Narrow pictures have a legend that is wider.
        assert image.width == 320 and image.height > 65
    found = json.loads((out / "a.json").read_text())
    shares = {"red": 0.666667, "green": 0.0, "blue": 0.333333}
    assert found == {"source": "a.png", "size": [65, 90], "shares": shares}


def test_only_what_is_wanted_is_written(tmp_path):
    predict_all([save(tmp_path / "a.jpg")], tmp_path / "out", Wanted(overlay=False))
    assert names(tmp_path / "out") == ["a.png"]


def test_sub_folders_are_kept_and_equal_stems_do_not_collide(tmp_path):
    for name in ("a.jpg", "a.png", "b/a.jpg", "b/C.png", "b/c.jpg", "b/a.jpg.png"):
        save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").touch()
    save(tmp_path / "in" / ".hidden.jpg")
    assert bases([tmp_path / "in"], tmp_path / "out") == [
        *("a.jpg", "a.png", "b/C.png", "b/a", "b/a.jpg", "b/c.jpg")
    ]


def test_names_that_look_like_outputs_do_not_collide(tmp_path):
    for name in ("a.png", "a.confidence.jpg"):
        save(tmp_path / "in" / name)
    predict_all([tmp_path / "in"], tmp_path / "out")
    assert len(names(tmp_path / "out")) == 8


def test_several_folders_keep_their_names(tmp_path):
    for name in ("drives/one/0.png", "drives/two/0.png", "drives/two/x/0.png"):
        save(tmp_path / name)
    folders = [tmp_path / "drives" / "one", tmp_path / "drives" / "two"]
    assert bases(folders, tmp_path / "out") == ["one/0", "two/0", "two/x/0"]


def test_single_files_have_their_folders_only_where_names_repeat(tmp_path):
    a, b, c = (save(tmp_path / name) for name in ("x/a.png", "y/b.png", "y/a.png"))
    assert bases([a, b], tmp_path / "out") == ["a", "b"]
    assert bases([a, b, c], tmp_path / "out") == ["x/a", "y/b", "y/a"]


def test_each_file_is_seen_once(tmp_path):
    first = save(tmp_path / "in" / "a.png")
    assert bases([first, tmp_path / "in", first], tmp_path / "out") == ["a"]


def test_patterns_keep_what_is_below_their_fixed_part(tmp_path):
    for name in ("one/0.png", "two/0.png", "two/0.txt", "two/x/1.png"):
        save(tmp_path / name) if name.endswith("png") else (tmp_path / name).touch()
    out = tmp_path / "out"
    assert bases([str(tmp_path / "*" / "0.*")], out) == ["one/0", "two/0"]
    assert bases([str(tmp_path / "**" / "*.png")], out) == ["one/0", "two/0", "two/x/1"]
    with pytest.raises(FileNotFoundError, match="no image or video matches"):
        find_items([str(tmp_path / "*.gif")], out)


def test_a_file_with_wildcards_in_its_name_is_a_file(tmp_path):
    path = save(tmp_path / "a[1].png")
    assert bases([path], tmp_path / "out") == ["a[1]"]


def test_results_inside_the_source_are_no_sources(tmp_path):
    save(tmp_path / "in" / "a.png")
    for _ in range(2):
        predict_all([tmp_path / "in"], tmp_path / "in" / "seen")
    assert len(names(tmp_path / "in" / "seen")) == 4
    with pytest.raises(ValueError, match="taken for sources next time"):
        predict_all([tmp_path / "in"], tmp_path / "in")


def test_no_source_is_ever_replaced(tmp_path):
    path = save(tmp_path / "a.png")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="a.png: a source that would be replaced"):
        predict_all([path], tmp_path)
    assert path.read_bytes() == before
    # Beside it is fine where its name differs.
    predict_all([save(tmp_path / "b" / "a.jpg")], tmp_path / "b")


def test_sources_that_are_not_there(tmp_path):
    with pytest.raises(
        FileNotFoundError, match="x.jpg: no such image, video or folder"
    ):
        find_items([tmp_path / "x.jpg"], tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty: no image or video in it"):
        find_items([tmp_path / "empty"], tmp_path / "out")


def test_two_sizes_are_seen_in_batches_of_their_own(tmp_path):
    engine = ColourEngine()
    for number in range(6):
        ids = np.full((64, 70) if number % 2 else (80, 64), number % 3)
        save(tmp_path / "in" / f"{number}.png", picture(ids))
    predict_files(
        engine, [tmp_path / "in"], tmp_path / "out", classes=CLASSES, batch_size=2
    )
    assert set(engine.prepared) == {((80, 64), 2), ((64, 70), 2)}
    assert sorted(engine.asked) == [(2, 64, 70, 3)] * 2 + [(2, 80, 64, 3)] * 2
    for number in range(6):
        with Image.open(tmp_path / "out" / f"{number}.png") as image:
            assert image.size == ((70, 64) if number % 2 else (64, 80))
            assert (np.asarray(image) == number % 3).all()


def test_waiting_photographs_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MOST_WAITING", 3 * 64 * 64)
    engine = ColourEngine()
    for number in range(6):
        save(tmp_path / "in" / f"{number}.png", random_picture(64, 64 + number))
    predict_files(
        engine, [tmp_path / "in"], tmp_path / "out", classes=CLASSES, batch_size=9
    )
    # The largest goes first once more than three wait.
    assert [shape[2] for shape in engine.asked][0] in (64, 65, 66)
    assert len(engine.asked) == 6


def test_damaged_images_are_named_and_the_rest_is_written(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        save(tmp_path / "in" / name)
    content = (tmp_path / "in" / "b.png").read_bytes()
    (tmp_path / "in" / "b.png").write_bytes(content[:-30])
    (tmp_path / "in" / "d.jpg").write_text("no picture")
    summary, said = predict_all(
        [tmp_path / "in"], tmp_path / "out", Wanted(overlay=False)
    )
    assert names(tmp_path / "out") == ["a.png", "c.png"]
    assert (summary.images, summary.left_out) == (2, 2)
    assert "b.png: cannot read this image" in said[0]
    assert "d.jpg: cannot read this image" in said[1]
    assert all(line.endswith("; left out") for line in said)
    assert summary.text().startswith("2 images; 2 left out, as named above\n")


def test_an_output_that_cannot_be_written_ends_the_run(tmp_path):
    save(tmp_path / "in" / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").mkdir()
    with pytest.raises(OSError, match="a.png"):
        predict_all([tmp_path / "in"], tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a.png"]


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / "model" / "best.keras"
    path.parent.mkdir()
    colour_model((64, 64)).save(path)
    CLASSES.save(path.parent / "class_map.json")
    return path


def test_the_command(tmp_path, model_file, capsys):
    save(tmp_path / "in" / "a.jpg")
    (tmp_path / "in" / "b.jpg").touch()
    out = tmp_path / "out"
    arguments = ["predict", str(model_file), str(tmp_path / "in"), "--out", str(out)]
    assert main([*arguments, "--json", "--no-overlay"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("1 image; 1 left out, as named above\n")
    assert "frames/s (alone: reading" in captured.out
    assert captured.err.count("\n") == 1
    assert names(out) == ["a.json", "a.png"]
    os.remove(tmp_path / "in" / "b.jpg")
    assert main(arguments) == 0
    assert main([*arguments, "--size", "96", "96"]) == 2
    assert "takes 64x64 only, not 96x96" in capsys.readouterr().err


def test_wrong_sources_are_errors_before_the_network_is_loaded(tmp_path, capsys):
    assert main(["predict", "slim_city14", str(tmp_path / "x"), "--out", "y"]) == 2
    assert "no such image, video or folder" in capsys.readouterr().err
