"""Near-duplicates across the split, the sign of a leak from train to val."""

from collections.abc import Mapping, Sequence

import numpy as np

from segnet.check.findings import NearDuplicate
from segnet.check.frame_facts import FrameFacts
from segnet.check.image_hash import (
    IMAGE_DISTANCE,
    LABEL_DISTANCE,
    has_structure,
    nearest,
)
from segnet.check.views import Item
from segnet.data.source import SPLITS

Hashes = Mapping[int, np.ndarray]


def find_near_duplicates(
    items: Sequence[Item], facts: Sequence[FrameFacts]
) -> tuple[NearDuplicate, ...]:
    """Returns the frames of val and test that look like a frame of train.

    Two frames are alike if the hashes of their images differ in few bits, or those of
    their label maps, if these have some structure. Each frame comes with the nearest
    train frame, in order.

    Args:
        items: The frames.
        facts: Facts of each frame, from `inspect`.
    """
    labels = {i: f.label_hash for i, f in enumerate(facts) if f.label_hash is not None}
    images = {i: f.image_hash for i, f in enumerate(facts) if f.image_hash is not None}
    found = _alike(items, _structured(labels), "labels", LABEL_DISTANCE)
    found |= _alike(items, images, "image", IMAGE_DISTANCE)
    return tuple(found[i] for i in sorted(found))


def _alike(
    items: Sequence[Item], hashes: Hashes, by: str, limit: int
) -> dict[int, NearDuplicate]:
    train = [i for i in hashes if items[i].split == "train"]
    held_out = [i for i in hashes if items[i].split in SPLITS[1:]]
    if not train or not held_out:
        return {}
    index, bits = nearest(
        np.stack([hashes[i] for i in held_out]), np.stack([hashes[i] for i in train])
    )
    return {
        i: NearDuplicate(items[i], items[train[other]], by, int(distance))
        for i, other, distance in zip(held_out, index, bits, strict=True)
        if distance <= limit
    }


def _structured(hashes: Hashes) -> Hashes:
    if not hashes:
        return {}
    good = has_structure(np.stack(list(hashes.values())), LABEL_DISTANCE)
    return {i: hashes[i] for i, yes in zip(hashes, good, strict=True) if yes}
