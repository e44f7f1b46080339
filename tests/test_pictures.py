"""Pictures: the place of each part, and black for void."""

import numpy as np
import pytest
from PIL import Image

from segnet import pictures
from segnet.classes import VKITTI1

SKY, CAR = VKITTI1.id("Sky"), VKITTI1.id("Car")
TRUTHS = np.array([[[SKY, SKY, 255], [CAR, CAR, SKY]]], np.uint8)
IMAGES = np.full((1, 2, 3, 3), 100, np.uint8)
REPORT = {"miou": 0.5, "per_class": {"Sky": 0.75, "Car": 0.25, "Van": None}}


def texts(figure):
    found = [legend.get_texts() for legend in figure.legends]
    return [text.get_text() for group in found for text in group]


def test_overlay_mixes_colours_and_leaves_void_alone():
    mixed = pictures.overlay(IMAGES[0], TRUTHS[0], VKITTI1, share=0.5)
    sky = np.array(VKITTI1.colours[SKY])
    np.testing.assert_array_equal(mixed[0, 0], np.rint((100 + sky) / 2))
    assert mixed[0, 2].tolist() == [100, 100, 100]
    assert mixed.dtype == np.uint8


def test_sheet_has_image_above_ground_truth_above_a_row_a_network(tmp_path):
    path = tmp_path / "new" / "sheet.png"
    predictions = {"slim": np.full_like(TRUTHS, CAR), "edgesegnet": TRUTHS}
    figure = pictures.sheet(IMAGES, TRUTHS, predictions, VKITTI1, ["one"], path)
    labels = [axis.get_ylabel() for axis in figure.axes]
    assert labels == ["Image", "Ground truth", "slim", "edgesegnet"]
    drawn = [axis.images[0].get_array() for axis in figure.axes]
    np.testing.assert_array_equal(drawn[0], IMAGES[0])
    assert drawn[1][0, 2].tolist() == [0, 0, 0]
    assert drawn[2][0, 2].tolist() == list(VKITTI1.colours[CAR])
    assert figure.axes[0].get_title() == "one"
    assert texts(figure) == ["Sky", "Car", "void"]
    with Image.open(path) as picture:
        assert picture.width > 300


def test_sheet_of_one_network_has_three_rows():
    figure = pictures.sheet(IMAGES, TRUTHS, np.full_like(TRUTHS, SKY), VKITTI1)
    labels = [axis.get_ylabel() for axis in figure.axes]
    assert labels == ["Image", "Ground truth", "Prediction"]


def test_pixels_are_pale_where_right_and_black_where_void(tmp_path):
    path = tmp_path / "mistakes.png"
    said = {"slim": np.full_like(TRUTHS, CAR), "edgesegnet": TRUTHS}
    figure = pictures.mistakes(TRUTHS, said, VKITTI1, ["one"], path)
    slim, edgesegnet = (axis.images[0].get_array() for axis in figure.axes)
    sky, car = (np.array(VKITTI1.colours[i]) for i in (SKY, CAR))
    pale = np.rint(0.8 * 255 + 0.2 * car)
    np.testing.assert_array_equal(slim, [[car, car, 0 * car], [pale, pale, car]])
    assert edgesegnet[0, 0].tolist() == np.rint(0.8 * 255 + 0.2 * sky).tolist()
    assert [axis.get_ylabel() for axis in figure.axes] == ["slim", "edgesegnet"]
    with Image.open(path) as picture:
        assert picture.width > 300


def test_curves_leave_out_epochs_without_a_score(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text("epoch,loss,val_loss,val_miou\n1,2.0,,\n2,1.0,3.0,0.25\n")
    figure = pictures.curves({"slim": history}, tmp_path / "curves.png")
    losses, mious = figure.axes
    assert losses.lines[0].get_ydata().tolist() == [2, 1]
    assert losses.lines[1].get_xdata().tolist() == [2]
    assert mious.lines[0].get_ydata().tolist() == [25]
    assert mious.get_ylim() == (0, 1.15 * 25)
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_curves_of_a_loss_of_zero_have_an_axis(tmp_path):
    # One class is learned at once; Matplotlib warns of an axis from 0 to 0.
    history = tmp_path / "history.csv"
    history.write_text("epoch,loss,val_loss,val_miou\n1,0.0,0.0,1.0\n")
    figure = pictures.curves({"slim": history}, tmp_path / "curves.png")
    assert figure.axes[0].get_ylim() == (0, 1)


def test_curves_of_a_run_without_an_epoch_raise(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text("epoch,loss,val_loss,val_miou\n")
    with pytest.raises(ValueError, match="no epoch is finished"):
        pictures.curves({"slim": history})


def test_bars_say_absent_and_the_mean(tmp_path):
    path = tmp_path / "bars.png"
    figure = pictures.per_class_bars({"a": REPORT, "b": REPORT}, path)
    (axis,) = figure.axes
    assert [bar.get_width() for bar in axis.patches] == [75, 25, 0, 75, 25, 0]
    assert [text.get_text() for text in axis.texts][:3] == ["75", "25", "absent"]
    assert texts(figure) == ["a: mIoU 50.0", "b: mIoU 50.0"]
    assert path.exists()


def test_frequencies_are_shares_in_class_colours(tmp_path):
    pixels = np.zeros(14, int)
    pixels[[SKY, CAR]] = 3, 1
    path = tmp_path / "shares.png"
    figure = pictures.class_frequencies(pixels, VKITTI1, path)
    (axis,) = figure.axes
    found = [text.get_text().strip() for text in axis.texts]
    assert found[SKY] == "75.00"
    assert found[CAR] == "25.00"
    assert found.count("absent") == 12
    sky = axis.patches[SKY]
    assert sky.get_x() + sky.get_width() == pytest.approx(75)
    assert np.allclose(sky.get_facecolor()[:3], np.array(VKITTI1.colours[SKY]) / 255)
    assert path.exists()


def test_confusion_rows_are_shares_of_the_truth(tmp_path):
    matrix = np.array([[3, 1], [0, 0]])
    path = tmp_path / "confusion.png"
    figure = pictures.confusion_picture(matrix, ("Sky", "Car"), path)
    (axis,) = figure.axes
    np.testing.assert_allclose(axis.images[0].get_array(), [[75, 25], [0, 0]])
    assert [text.get_text() for text in axis.texts] == ["75", "25"]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == ["Sky", "Car (absent)"]
    assert path.exists()
