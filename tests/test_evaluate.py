"""Scoring: a network correct by construction, and one that is not."""

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from PIL import Image

from segnet.classes import CATEGORIES6, CITYSCAPES10, VKITTI1
from segnet.cli import main
from segnet.data.prepare import prepare
from segnet.data.store import open_store
from segnet.data.store.integrity import seal_of
from segnet.evaluate import UnwrittenReport, evaluate, table
from segnet.metrics import confusion, scores
from segnet.models import MODELS
from segnet.predict.predicting import predict
from segnet.recipe import Recipe
from segnet.runs.loading import load, trained_on_val


def colour_matcher(size=(64, 96), colours=VKITTI1.colours):
    """A network that is right wherever a pixel has its class's display colour.

    The logit of a class is minus the squared distance to its colour, without the
    part all classes share: 2 c.x - c.c.
    """
    colours = np.array(colours, np.float32) / 255
    inputs = keras.Input((*size, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    classifier = keras.layers.Conv2D(len(colours), 1)
    model = keras.Model(inputs, classifier(x), name="matcher")
    classifier.set_weights([2 * colours.T[None, None], -(colours**2).sum(1)])
    return model


@pytest.fixture(scope="module")
def report(store_path, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "val"
    report = evaluate(colour_matcher(), store_path, out=out, batch_size=2)
    return report, out


def test_scores_are_those_of_one_matrix_over_the_split(report, store_path):
    report, _ = report
    with open_store(store_path) as store:
        images, labels = store["val"].load()
    matrix = confusion(labels, predict(colour_matcher(), images), 14)
    found = scores(matrix)
    assert report["confusion"] == matrix.tolist()
    assert report["miou"] == pytest.approx(found.miou)
    assert report["pixel_accuracy"] == pytest.approx(found.pixel_accuracy)
    weighted = found.frequency_weighted_iou
    assert report["frequency_weighted_iou"] == pytest.approx(weighted)
    assert list(report["per_class"]) == list(VKITTI1.names)
    assert report["absent"] == ["Van"]
    assert report["per_class"]["Van"] is None
    assert report["per_class"]["Tree"] == 1.0


def test_the_report_says_what_was_scored_on_what(report):
    report, out = report
    assert report["model"] == "matcher"
    assert report["parameters"] == 14 * 4
    assert (report["split"], report["frames"]) == ("val", 3)
    assert report["size"] == [64, 96]
    assert report["split_rule"].startswith("blocks")
    assert report["class_map"] == "vkitti1"
    mious = [miou for _, miou in report["worst"]]
    assert mious == sorted(mious)
    assert json.loads((out / "report.json").read_text()) == report
    names = {path.name for path in out.iterdir()}
    pages = {"report.html", "confusion.png", "sheets.png"}
    assert names == {"report.json", "frames.npz", "frames.csv", *pages}


def test_the_table_names_split_rule_absent_classes_and_scores(report):
    text = table(report[0])
    assert report[0]["split_rule"] in text
    assert f"mean IoU         {100 * report[0]['miou']:.2f}" in text
    assert "absent, not in the mean: Van" in text
    (line,) = [line for line in text.splitlines() if line.startswith("Tree ")]
    assert line.split()[:2] == ["Tree", "100.00"]


def test_the_batch_size_changes_nothing_and_the_bar_counts_batches(
    report, store_path, bars, monkeypatch
):
    monkeypatch.setattr("segnet.evaluate.counting.tqdm", bars)
    again = evaluate(colour_matcher(), store_path, batch_size=3, progress=True)
    assert again == report[0]
    assert bars.seen == [("evaluate", 1, "batch")]


def test_a_saved_model_scores_the_same(report, store_path, tmp_path):
    path = tmp_path / "matcher.keras"
    colour_matcher().save(path)
    again = evaluate(path, store_path)
    origin = again.pop("provenance")
    assert again == {k: v for k, v in report[0].items() if k != "provenance"}
    weights = hashlib.sha256(path.read_bytes()).hexdigest()
    assert origin["facts"]["sha256 of the weights"] == weights
    assert origin["command"].endswith("matcher.keras out/store.h5 --split val")


def test_another_split(store_path):
    assert evaluate(colour_matcher(), store_path, split="train")["frames"] == 9
    with pytest.raises(ValueError, match="no split 'test'; it has train, val"):
        evaluate(colour_matcher(), store_path, split="test")


def test_a_model_that_does_not_fit_is_refused(store_path):
    with pytest.raises(ValueError, match="takes frames of 64x80 .* has 64x96"):
        evaluate(colour_matcher(size=(64, 80)), store_path)
    with pytest.raises(ValueError, match=r"has 5 classes, .* has 14 \(vkitti1\)"):
        evaluate(colour_matcher(colours=VKITTI1.colours[:5]), store_path)


def test_a_missing_model_is_named(store_path, tmp_path):
    with pytest.raises(FileNotFoundError, match="none.keras: no such model"):
        evaluate(tmp_path / "none.keras", store_path)


@pytest.mark.parametrize("keep", [0, 1000])
def test_a_part_of_a_model_is_named(store_path, tmp_path, keep):
    whole, cut = tmp_path / "whole.keras", tmp_path / "cut.keras"
    colour_matcher().save(whole)
    cut.write_bytes(whole.read_bytes()[:keep])
    with pytest.raises(ValueError, match="cut.keras: no model or only a part of one"):
        evaluate(cut, store_path)


@pytest.mark.parametrize("part", ["config.json", "model.weights.h5"])
def test_a_damaged_model_is_named(store_path, tmp_path, part):
    path = tmp_path / "damaged.keras"
    colour_matcher().save(path)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(part).header_offset + 30 + len(part)
    content = bytearray(path.read_bytes())
    content[start + 20] ^= 255
    path.write_bytes(content)
    said = f"damaged.keras: damaged at its part '{part}': "
    with pytest.raises(ValueError, match=said):
        evaluate(path, store_path)


def test_a_damaged_part_is_no_model_whatever_keras_makes_of_it(tmp_path, monkeypatch):
    path = tmp_path / "damaged.keras"
    colour_matcher().save(path)
    whole = path.read_bytes()
    # From Python 3.12 on, Keras loads other weights from such a file in silence.
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: "other weights")
    assert load(path) == "other weights"
    kernel = whole.index(colour_matcher().get_weights()[0].tobytes())
    with zipfile.ZipFile(path) as archive:
        header = archive.getinfo("model.weights.h5").header_offset
    said = "damaged.keras: damaged at its part 'model.weights.h5': .*last.npz of its"
    for start, length in ((kernel, 1), (kernel, 64), (header, 4)):
        zeroed = bytearray(whole)
        zeroed[start : start + length] = bytes(length)
        flipped = bytearray(whole)
        flipped[start + length - 1] ^= 4
        for content in (zeroed, flipped):
            path.write_bytes(content)
            with pytest.raises(ValueError, match=said):
                load(path)


def test_another_archive_is_no_model(store_path, tmp_path):
    path = tmp_path / "other.keras"
    with path.open("wb") as file:
        np.savez(file, weights=np.zeros(3))
    with pytest.raises(ValueError, match="other.keras: damaged, or no model that"):
        evaluate(path, store_path)


@pytest.mark.parametrize("config", ["[" * 100_000, "[]", '{"class_name": "Model"}'])
def test_an_odd_config_is_no_model(tmp_path, config):
    path = tmp_path / "odd.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", config)
    with pytest.raises(ValueError, match="odd.keras: damaged, or no model that Keras"):
        load(path)


def test_a_model_that_answers_with_nan_has_no_score(store_path):
    model = colour_matcher()
    weights = model.get_weights()
    model.set_weights([np.full_like(weights[0], np.nan), *weights[1:]])
    with pytest.raises(ValueError, match="returned NaN"):
        evaluate(model, store_path)


def test_a_folder_that_cannot_be_written_is_refused_before_the_scoring(
    store_path, tmp_path, monkeypatch
):
    monkeypatch.setattr("segnet.evaluate.scoring.count", None)
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "val"):
        with pytest.raises(OSError, match="file"):
            evaluate(colour_matcher(), store_path, out=out)


def test_a_score_is_said_though_the_disk_is_full(
    report, store_path, tmp_path, monkeypatch, capsys
):
    def full(*_):
        raise OSError(28, "No space left on device", "val/report.json")

    monkeypatch.setattr("segnet.evaluate.scoring.write", full)
    said = "the report was not written whole: .*No space left on device: 'val/report"
    with pytest.raises(UnwrittenReport, match=said) as caught:
        evaluate(colour_matcher(), store_path, out=tmp_path / "val")
    assert caught.value.report == report[0]
    model = tmp_path / "matcher.keras"
    colour_matcher().save(model)
    out = ["--out", str(tmp_path / "val")]
    assert main(["evaluate", str(model), str(store_path), *out]) == 2
    printed = capsys.readouterr()
    assert table(report[0]) in printed.out
    assert "evaluate: the report was not written whole: [Errno 28]" in printed.err


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_of_nothing_is_refused(store_path, batch_size):
    with pytest.raises(ValueError, match=f"batch_size is {batch_size}, expected 1"):
        evaluate(colour_matcher(), store_path, batch_size=batch_size)


def test_a_stray_label_is_named_with_its_file_and_frame(store_path, tmp_path):
    path = tmp_path / "stray.h5"
    path.write_bytes(store_path.read_bytes())
    with h5py.File(path, "a") as file:
        file["val/labels"][1, 0, 0] = 99
        name = file["val/frame_ids"].asstr()[1]
    with pytest.raises(ValueError, match=rf"stray.h5: frame '{name}' .*label 99 in 1"):
        evaluate(colour_matcher(), path)


def test_classes_are_mapped_on_both_sides(store_path, tmp_path):
    # Every pixel of the store shows its class's colour; only vehicles are missed.
    plain = evaluate(colour_matcher(), store_path)
    report = evaluate(
        colour_matcher(), store_path, out=tmp_path, mapping="vkitti-to-cityscapes"
    )
    assert (report["class_map"], plain["class_mapping"]) == ("cityscapes10", None)
    assert report["class_mapping"] == "vkitti-to-cityscapes"
    assert list(report["per_class"]) == list(CITYSCAPES10.names)
    matrix, full = np.array(report["confusion"]), np.array(plain["confusion"])
    assert matrix.shape == (10, 11)
    vegetation, scored = CITYSCAPES10.id("vegetation"), 3 * 64 * 96
    tree, bush = VKITTI1.id("Tree"), VKITTI1.id("Vegetation")
    assert matrix[vegetation].sum() == full[[tree, bush]].sum()
    # Misc and GuardRail are not counted in the ground truth, and "other" if predicted.
    unscored = [VKITTI1.id("Misc"), VKITTI1.id("GuardRail")]
    assert matrix.sum() == scored - full[unscored].sum()
    assert matrix[:, 10].sum() == np.delete(full, unscored, 0)[:, unscored].sum()
    assert "classes: cityscapes10, by vkitti-to-cityscapes" in table(report)
    assert (tmp_path / "confusion.png").exists()


def test_a_prediction_outside_the_target_is_wrong(store_path):
    building, misc = VKITTI1.id("Building"), VKITTI1.id("Misc")
    colours = list(VKITTI1.colours)
    colours[building], colours[misc] = colours[misc], colours[building]
    report = evaluate(
        colour_matcher(colours=colours), store_path, mapping="six-categories"
    )
    matrix = np.array(report["confusion"])
    construction = CATEGORIES6.id("construction")
    # Building is seen as Misc: "other". GuardRail stays construction.
    assert matrix.shape == (6, 7)
    assert matrix[construction, 6] > 0.4 * matrix[construction].sum()
    assert report["per_class"]["construction"] < 0.6
    share = 100 * matrix[:, 6].sum() / matrix.sum()
    assert f"none of them, and wrong: {share:.2f} % of pixels" in table(report)


def test_mappings_that_do_not_fit_are_refused(store_path):
    with pytest.raises(ValueError, match="knows no network with 5 classes"):
        evaluate(
            colour_matcher(colours=VKITTI1.colours[:5]),
            store_path,
            mapping="six-categories",
        )
    with pytest.raises(ValueError, match="does not know the classes of 'vkitti1'"):
        evaluate(colour_matcher(), store_path, mapping="camvid32-to-camvid11")


def test_a_network_of_the_package_is_rebuilt_for_another_size(store_path):
    small = MODELS["slim"](input_shape=(64, 64, 3), num_classes=14)
    wide = MODELS["slim"](input_shape=(64, 96, 3), num_classes=14)
    wide.set_weights(small.get_weights())
    report = evaluate(small, store_path)
    assert report["size"] == [64, 96]
    assert report["confusion"] == evaluate(wide, store_path)["confusion"]


def test_a_network_of_another_width_is_not_rebuilt(store_path):
    narrow = MODELS["slim"](input_shape=(64, 64, 3), num_classes=14, width=0.5)
    with pytest.raises(ValueError, match="64x64, and its layers are not .* has 64x96"):
        evaluate(narrow, store_path)


def test_classes_of_other_names_are_refused(report, store_path, tmp_path):
    path = tmp_path / "reversed.h5"
    shutil.copy(store_path, path)
    with h5py.File(path, "r+") as file:
        turned = replace(VKITTI1, names=VKITTI1.names[::-1])
        file.attrs["class_map"] = turned.to_json()
        file.attrs["seal"] = seal_of(file)
    with pytest.raises(ValueError, match="slim_city14 has the classes Terrain, .* has"):
        evaluate("slim_city14", path)
    run = tmp_path / "run"
    run.mkdir()
    colour_matcher().save(run / "best.keras")
    progress = json.dumps(
        {"data": {"size": [64, 96], "classes": ["a"] * 14}, "rows": []}
    )
    np.savez(run / "last.npz", progress=np.array(progress))
    with pytest.raises(
        ValueError, match="best.keras has the classes a, a, .* has Terrain"
    ):
        evaluate(run / "best.keras", store_path)
    (run / "last.npz").write_bytes(b"damaged")
    again = evaluate(run / "best.keras", store_path)
    assert again["confusion"] == report[0]["confusion"]


def test_weights_that_have_seen_val_are_known(tmp_path):
    assert trained_on_val("slim_camvid11", "camvid")
    assert not trained_on_val("slim_camvid11", "vkitti1")
    assert not trained_on_val("slim_city14", "vkitti1, rendered by segnet")
    best = tmp_path / "best.keras"
    best.touch()
    assert not trained_on_val(best, "camvid")
    for include_val in (True, False):
        recipe = Recipe(include_val=include_val)
        (tmp_path / "recipe.json").write_text(recipe.to_json())
        assert trained_on_val(best, "camvid") is include_val
    (tmp_path / "recipe.json").write_text("{")
    assert not trained_on_val(best, "camvid")


def test_a_network_of_virtual_kitti_on_frames_of_kitti(tmp_path):
    colours = dict(zip(VKITTI1.names, VKITTI1.colours, strict=True))
    image = np.empty((64, 96, 3), np.uint8)
    image[:, :40], image[:, 40:] = colours["Building"], colours["Misc"]
    image[:10, 40:] = colours["Van"]
    ids = np.full((64, 96), 11, np.uint8)  # building
    ids[:10, 40:] = 26  # car
    ids[10:30, 40:] = 8  # sidewalk, which is void here
    ids[30:, 40:] = 7  # road, where the network sees Misc
    for folder, pixels in (("image_2", image), ("semantic", ids)):
        path = tmp_path / "training" / folder / "000000_10.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(pixels).save(path)
    store = prepare("kitti", tmp_path, tmp_path / "out", scale=1, split="val-only")
    report = evaluate(colour_matcher(), store, mapping="vkitti-to-cityscapes")
    found = {name: iou for name, iou in report["per_class"].items() if iou is not None}
    assert found == {"road": 0.0, "building": 1.0, "car": 1.0}
    assert report["miou"] == pytest.approx(2 / 3)
    scored, road = 64 * 40 + 10 * 56 + 34 * 56, 34 * 56
    assert report["pixel_accuracy"] == pytest.approx(1 - road / scored)
    assert np.array(report["confusion"])[0, 10] == road


def test_the_command_of_relative_paths_runs_as_it_is(store_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("runs/slim/best.keras")
    path.parent.mkdir(parents=True)
    colour_matcher().save(path)
    found = evaluate(path, store_path)["provenance"]["command"]
    assert found.startswith("segnet evaluate runs/slim/best.keras out/store.h5 ")
