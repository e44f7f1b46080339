"""The networks, their shipped weights by name, and what they cost.

`MODELS[name](input_shape, num_classes) -> keras.Model` builds one; `segnet.load(name)`
returns one with its shipped weights.

Every model takes uint8 RGB images (B, H, W, 3) with values 0-255 and returns float32
logits (B, H, W, K) at the same size.
"""

import sys
from collections.abc import Collection
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from segnet.system.own_parts import is_own

if TYPE_CHECKING:
    from segnet.models.builders import MODELS

__all__ = ["MODELS", "NETWORKS", "check_network"]

# A sentence on each network, in the order of `MODELS`.
NETWORKS = {
    "reference_multibranch": "the network this project set out from, as a baseline",
    "reference_edgesegnet": "EdgeSegNet as the inspiring work tried it, as a baseline",
    "slim": "three branches, designed for wall-clock time on a CPU",
    "edgesegnet": "EdgeSegNet with repaired modules, which trains from scratch",
    "fast_scnn": "Fast-SCNN as published, for comparison",
}


def __getattr__(name: str) -> Any:
    # On demand: the builders import Keras, which takes seconds.
    if name == "MODELS":
        from segnet.models.builders import MODELS

        return MODELS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def check_network(name: str) -> None:
    """Refuses a name that is no key of `MODELS`, without importing Keras for it.

    Names of a user's own function are left to `segnet.models.own`.

    Raises:
        ValueError: Naming those that are.
    """
    if is_own(name) or entry_points(group="segnet.models", name=name):
        return
    # Whoever has added a network of their own has loaded the builders.
    builders = sys.modules.get(f"{__name__}.builders")
    known: Collection[str] = builders.MODELS if builders else NETWORKS
    if name not in known:
        raise ValueError(f"no network {name!r}; known are {', '.join(sorted(known))}")
