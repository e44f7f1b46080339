"""The builders of the networks by name."""

from collections.abc import Callable

import keras

from segnet.models.edgesegnet import edgesegnet
from segnet.models.fast_scnn import fast_scnn
from segnet.models.reference_edgesegnet import reference_edgesegnet
from segnet.models.reference_multibranch import reference_multibranch
from segnet.models.slim import slim

# Called as `MODELS[name](input_shape, num_classes)`; `segnet.models.NETWORKS` has a
# sentence on each.
MODELS: dict[str, Callable[..., keras.Model]] = {
    "reference_multibranch": reference_multibranch,
    "reference_edgesegnet": reference_edgesegnet,
    "slim": slim,
    "edgesegnet": edgesegnet,
    "fast_scnn": fast_scnn,
}
