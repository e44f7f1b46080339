"""`segnet check`: finds what is wrong with a dataset or a store before it trains."""

from segnet.check.checking import check, summary

__all__ = ["check", "summary"]
