"""`segnet evaluate`: scores a network on a split of a store."""

from segnet.evaluate.scoring import evaluate, table

__all__ = ["evaluate", "table"]
