"""The store: one HDF5 file of compressed frames and labels, or several shards."""

from segnet.data.store.reading import Split, Store, class_counts, open_store

__all__ = ["Split", "Store", "class_counts", "open_store"]
