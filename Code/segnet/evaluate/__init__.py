"""`segnet evaluate`: scores a network on a split of a store."""

from segnet.evaluate.scoring import evaluate, table
from segnet.evaluate.writing import UnwrittenReport

__all__ = ["UnwrittenReport", "evaluate", "table"]
