"""Training batches: which frames, which augmentation, in a seeded order."""

from segnet.data.batches.sampling import Batches

__all__ = ["Batches"]
