"""`segnet train`: a recipe and a store in, a run folder out."""

from segnet.train.training import train

__all__ = ["train"]
