"""The bar over the steps of an epoch."""

import io

import pytest

from segnet.train.step_bar import StepBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "is_shown"), [(Terminal, True), (io.StringIO, False)]
)
def test_only_a_terminal_gets_a_bar(stream, is_shown):
    bar = StepBar(stream())
    bar.set_params({"steps": 2, "epochs": 5})
    bar.on_epoch_begin(3)
    bar.on_train_batch_end(0)
    bar.on_train_batch_end(1)
    assert bar.bar.n == (2 if is_shown else 0)
    bar.on_epoch_end(3)
    written = bar.stream.getvalue()
    assert ("epoch 4/5" in written) is is_shown
    # Wiped out again: the last thing written ends at the start of the line.
    assert written.endswith("\r") is is_shown
