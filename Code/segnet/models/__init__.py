"""Networks by name: `MODELS[name](input_shape, num_classes) -> keras.Model`.

Every model takes uint8 RGB images (B, H, W, 3) with values 0-255 and returns float32
logits (B, H, W, K) at the same size.
"""

from segnet.models.edgesegnet import edgesegnet
from segnet.models.reference_edgesegnet import reference_edgesegnet
from segnet.models.reference_multibranch import reference_multibranch
from segnet.models.slim import slim

MODELS = {
    "reference_multibranch": reference_multibranch,
    "reference_edgesegnet": reference_edgesegnet,
    "slim": slim,
    "edgesegnet": edgesegnet,
}
