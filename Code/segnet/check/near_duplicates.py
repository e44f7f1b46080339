"""Near-duplicates across the split: how a leak from train to val shows itself."""

from collections.abc import Mapping, Sequence

import numpy as np

from segnet.check.findings import Twin
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


def find_twins(items: Sequence[Item], facts: Sequence[FrameFacts]) -> tuple[Twin, ...]:
    """Returns the frames of val and test that look like a frame of train.

    Alike are images, or label maps of some structure, whose hashes differ in few
    bits. The nearest train frame is given; the frames come in order.

    Args:
        items: The frames.
        facts: What `inspect` found in each.
    """
    labels = {i: f.label_hash for i, f in enumerate(facts) if f.label_hash is not None}
    images = {i: f.image_hash for i, f in enumerate(facts) if f.image_hash is not None}
    found = _alike(items, _structured(labels), "labels", LABEL_DISTANCE)
    found |= _alike(items, images, "image", IMAGE_DISTANCE)
    return tuple(found[i] for i in sorted(found))


def _alike(
    items: Sequence[Item], hashes: Hashes, by: str, limit: int
) -> dict[int, Twin]:
    train = [i for i in hashes if items[i].split == "train"]
    judged = [i for i in hashes if items[i].split in SPLITS[1:]]
    if not train or not judged:
        return {}
    index, bits = nearest(
        np.stack([hashes[i] for i in judged]), np.stack([hashes[i] for i in train])
    )
    return {
        i: Twin(items[i], items[train[other]], by, int(distance))
        for i, other, distance in zip(judged, index, bits, strict=True)
        if distance <= limit
    }


def _structured(hashes: Hashes) -> Hashes:
    if not hashes:
        return {}
    good = has_structure(np.stack(list(hashes.values())), LABEL_DISTANCE)
    return {i: hashes[i] for i, yes in zip(hashes, good, strict=True) if yes}
