"""The shipped networks give the same logits as when they were packed."""

import json

import numpy as np
import pytest

from helpers.reference import (
    LOGITS,
    SIZE,
    describe,
    rendered_frame,
    stored_frame,
    weights_digest,
)
from segnet.models.shipped import build_shipped, read_index

REFERENCE = json.loads(LOGITS.read_text(encoding="utf-8"))


def test_the_renderer_still_draws_the_stored_frame():
    np.testing.assert_array_equal(rendered_frame(), stored_frame())


def test_all_shipped_weights_have_a_reference():
    assert list(REFERENCE) == list(read_index())


@pytest.mark.parametrize("name", REFERENCE)
def test_weights_and_logits_are_those_of_the_reference(name):
    found, kept = describe(name, stored_frame()), REFERENCE[name]
    # Bytes of the weights: the same on every machine.
    assert found["weights_sha256"] == kept["weights_sha256"]
    # Logits of up to 20: processors sum in another order, which moves them by 1e-5.
    np.testing.assert_allclose(found["logits"], kept["logits"], rtol=0, atol=1e-4)


def test_a_change_of_one_weight_is_noticed():
    name = "slim_camvid11"
    model = build_shipped(name, SIZE)
    bias = model.get_layer("head_logits_conv").bias
    bias.assign(np.nextafter(np.asarray(bias), np.float32(np.inf)))
    assert weights_digest(model) != REFERENCE[name]["weights_sha256"]
