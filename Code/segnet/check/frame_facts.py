"""Reads each frame of a dataset or a store once and collects facts about it.

Reading continues after a bad frame, so that one run names them all.
`segnet.check.rules` turns the facts into problems.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from segnet.check.image_hash import difference_hash
from segnet.check.views import Item, Unknown, UnknownIds, View
from segnet.classes import ClassMap
from segnet.data.store.counts import count_pixels
from segnet.system.parallel import ordered_map


@dataclass(frozen=True)
class FrameFacts:
    """Facts about one frame; None for whatever could not be read.

    Args:
        damage: Why image or labels could not be read, apart from unknown colours.
        unknown: The unknown colours, if they are the reason.
        unknown_ids: The ids that are no class, if they are the reason.
        size: (H, W) of the image.
        label_size: (H, W) of the label image.
        pixels: (K + 1,) pixels of each class, void last.
        image_hash: `difference_hash` of the image.
        label_hash: Hash of the label image in the greys of its display colours.
    """

    damage: tuple[str, ...] = ()
    unknown: Unknown | None = None
    unknown_ids: UnknownIds | None = None
    size: tuple[int, int] | None = None
    label_size: tuple[int, int] | None = None
    pixels: np.ndarray | None = None
    image_hash: np.ndarray | None = None
    label_hash: np.ndarray | None = None


def inspect(
    view: View, workers: int | None = None, progress: bool = False
) -> list[FrameFacts]:
    """Returns the facts of each frame of a view, in order.

    Args:
        view: The frames to read.
        workers: Processes; one for each core by default.
        progress: Show a progress bar.
    """
    from tqdm.auto import tqdm

    count = len(view.items)
    facts = ordered_map(_Inspector(view.light()), view.items, count, workers)
    options = {"total": count, "desc": "check", "unit": "frame"}
    return list(tqdm(facts, **options, disable=not progress))


@dataclass(frozen=True)
class _Inspector:
    view: View

    def __call__(self, item: Item) -> FrameFacts:
        found = self.view.read(item)
        class_map = self.view.class_map
        damage, facts = found.damage, {}
        if found.image is not None:
            facts["size"] = found.image.shape[:2]
            facts["image_hash"] = difference_hash(found.image)
        if found.labels is not None:
            try:
                pixels = count_pixels(found.labels, class_map)
            except ValueError as error:
                damage = (*damage, str(error))
            else:
                facts |= _label_facts(found.labels, pixels, class_map)
        return FrameFacts(damage, found.unknown, found.unknown_ids, **facts)


def _label_facts(labels: np.ndarray, pixels: np.ndarray, class_map: ClassMap) -> dict:
    num_classes = class_map.num_classes
    colours = class_map.colourise(np.arange(num_classes)[None])
    shades = np.zeros(256, np.uint8)
    shades[:num_classes] = np.asarray(Image.fromarray(colours).convert("L"))
    return {
        "label_size": labels.shape,
        "pixels": pixels,
        "label_hash": difference_hash(shades[labels]),
    }
