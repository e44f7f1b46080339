"""The augmentation of a user, which changes a frame before everything else does."""

from collections.abc import Callable

import numpy as np

from segnet.classes import ClassMap
from segnet.system.own_parts import find_own

Augment = Callable[
    [np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]
]


def own_augmentation(name: str, class_map: ClassMap) -> Augment | None:
    """Returns a user's function on (image, label, rng) with its result checked.

    Args:
        name: What `segnet.system.own_parts` takes; "" for none.
        class_map: Of the labels.

    Raises:
        FileNotFoundError: The user's file is missing.
        ValueError: There is no such function.
    """
    if not name:
        return None
    part = find_own(name, "augmentations")
    if part is None:
        raise ValueError(
            f"no augmentation {name!r}; one of your own is my_changes.py:function, "
            f"called with image, label and rng"
        )
    known = np.zeros(256, bool)
    known[[*range(class_map.num_classes), class_map.void]] = True

    def augment(
        image: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        # Copies: small splits stay in memory, and the next epoch needs them as stored.
        result = part(image.copy(), labels.copy(), rng)
        if not (isinstance(result, tuple) and len(result) == 2):
            raise ValueError(f"{name}: it returned no pair (image, label)")
        for found, given in zip(result, (image, labels), strict=True):
            shape, kind = getattr(found, "shape", None), getattr(found, "dtype", None)
            if shape != given.shape or kind != np.uint8:
                raise ValueError(
                    f"{name}: it returned {kind} {shape} for uint8 {given.shape}; "
                    f"shapes and uint8 must stay"
                )
        wrong = result[1][~known[result[1]]]
        if wrong.size:
            raise ValueError(
                f"{name}: it put the id {wrong[0]} into labels, and {class_map.name} "
                f"has 0 to {class_map.num_classes - 1} and void {class_map.void}"
            )
        return result

    return augment
