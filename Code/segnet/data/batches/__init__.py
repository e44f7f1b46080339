"""Training batches in a seeded order: crops, mirroring, colours, noise."""

from segnet.data.batches.batch_source import BatchSource
from segnet.data.batches.sampling import Batches

__all__ = ["BatchSource", "Batches"]
