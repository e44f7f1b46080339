"""Training batches in a seeded order: crops, mirroring, colours, noise."""

from segnet.data.batches.sampling import Batches

__all__ = ["Batches"]
