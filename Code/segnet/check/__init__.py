"""`segnet check`: finds the problems of a dataset or a store before training."""

from segnet.check.checking import check, summary

__all__ = ["check", "summary"]
