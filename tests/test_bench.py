"""The measurement of preprocessing: its arithmetic, not its speed."""

import json

import pytest

from segnet.bench import train
from segnet.bench.feed import FEED_FULL, ON_DEVICE, STEP, bench_feed
from segnet.bench.machine import CONVOLUTION_MACS
from segnet.bench.prepare import bench_prepare
from segnet.bench.train import bench_train
from segnet.models import MODELS
from segnet.models.cost import macs
from test_train import tiny


def test_the_ratios_are_those_of_the_numbers(vkitti_tree, capsys):
    result = bench_prepare(data=vkitti_tree, workers=1)
    assert result["frames"] == 32
    assert result["plain_bytes"] == 8 * 12 * (3 * 8 + 14)
    for ratio, above, below in (
        ("times_decoding", "decode_fps", "prepare_fps"),
        ("times_faster_than_loop", "look_up_fps", "loop_fps"),
        ("times_smaller", "plain_bytes", "store_bytes"),
    ):
        assert result[ratio] == pytest.approx(result[above] / result[below])
        assert result[ratio] > 0
    printed = capsys.readouterr().out
    assert "32 frames, 1 workers, fastest of 3" in printed
    assert f"{result['times_decoding']:.2f} x" in printed


def test_training_rates_stand_beside_the_yardstick(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)
    monkeypatch.setitem(MODELS, "reference_multibranch", tiny)
    out = tmp_path / "training.json"
    found = bench_train(["tiny"], size=(64, 64), batch_size=2, rounds=1, out=out)
    assert list(found["networks"]) == ["tiny", "reference_multibranch"]
    yardstick = found["networks"]["reference_multibranch"]
    rate = 1e9 * found["convolution"]["gmacs_per_second"]
    work = 3 * macs(tiny((64, 64, 3), 11))
    for row in found["networks"].values():
        speed = row["images_per_second"]
        assert speed > 0
        assert row["ratio"] == pytest.approx(speed / yardstick["images_per_second"])
        assert row["limit"] == pytest.approx(rate / work)
        assert row["times_slower"] == pytest.approx(row["limit"] / speed)
    assert json.loads(out.read_text()) == found
    printed = capsys.readouterr().out
    assert "reference_multibranch" in printed and "batches of 2" in printed


def test_the_convolutions_are_counted_as_they_are():
    network, (images, _) = train._convolutions(batch_size=2)
    assert images.shape == (2, *network.input_shape[1:])
    assert macs(network) == train.CONVOLUTIONS * CONVOLUTION_MACS


def test_unknown_network_is_named():
    with pytest.raises(ValueError, match="no network 'slimmer'"):
        bench_train(["slimmer"])


def test_feeding_stands_beside_the_step(store_path, capsys, monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)
    found = bench_feed(store_path, batch_size=2, rounds=1, steps=1, model="tiny")
    assert list(found) == [(64, 96)]
    rows = found[64, 96]
    assert {FEED_FULL, STEP, ON_DEVICE} <= set(rows)
    assert all(seconds > 0 for times in rows.values() for seconds in times)
    printed = capsys.readouterr().out
    assert "64x96, 9 frames of " in printed
    ratio = rows[ON_DEVICE][0] / rows[STEP][0]
    assert f"{ratio:.3f}" in printed


def test_feeding_needs_a_step():
    with pytest.raises(ValueError, match="rounds is 0, steps is 3"):
        bench_feed(rounds=0)
