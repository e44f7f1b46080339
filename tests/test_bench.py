"""The measurement of preprocessing: its arithmetic, not its speed."""

import pytest

from segnet.bench.prepare import bench_prepare
from segnet.bench.train import bench_train


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


def test_training_rates_stand_beside_the_yardstick(capsys):
    rates = bench_train(["slim"], size=(64, 64), batch_size=1, rounds=1)
    assert list(rates) == ["slim", "reference_multibranch"]
    assert all(rate > 0 for rate in rates.values())
    assert "reference_multibranch" in capsys.readouterr().out


def test_unknown_network_is_named():
    with pytest.raises(ValueError, match="no network 'slimmer'"):
        bench_train(["slimmer"])
