"""The store: one HDF5 file of compressed frames and labels, or several shards."""

from segnet.data.store.counts import class_counts
from segnet.data.store.labelled_frames import LabelledFrames
from segnet.data.store.reading import Split, Store, open_store

__all__ = ["LabelledFrames", "Split", "Store", "class_counts", "open_store"]
