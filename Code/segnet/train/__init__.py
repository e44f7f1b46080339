"""`segnet train`: a recipe and a store in, a run folder out; optimizer and schedule."""

from segnet.train.training import train

__all__ = ["train"]
