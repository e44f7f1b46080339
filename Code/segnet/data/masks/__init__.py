"""The masks of users, read by their meaning: ids, colours or palettes.

    labels, facts = mask_labels(class_map, paths, ids="0=background,255=car")
    Source(..., read_labels=labels, **facts)

All readers of such masks share this.
"""

from segnet.data.masks.reading import MaskLabels, mask_labels
from segnet.data.masks.values import Ids, UnknownId, likely_values

__all__ = ["Ids", "MaskLabels", "UnknownId", "likely_values", "mask_labels"]
