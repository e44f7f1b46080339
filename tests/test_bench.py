"""The measurement of preprocessing: its arithmetic, not its speed."""

import pytest

from segnet.bench.feed import FEED_FULL, ON_DEVICE, STEP, bench_feed
from segnet.bench.prepare import bench_prepare
from segnet.bench.train import bench_train
from segnet.models import MODELS
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


def test_training_rates_stand_beside_the_yardstick(capsys, monkeypatch):
    monkeypatch.setitem(MODELS, "tiny", tiny)
    monkeypatch.setitem(MODELS, "reference_multibranch", tiny)
    rates = bench_train(["tiny"], size=(64, 64), batch_size=1, rounds=1)
    assert list(rates) == ["tiny", "reference_multibranch"]
    assert all(rate > 0 for rate in rates.values())
    assert "reference_multibranch" in capsys.readouterr().out


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
