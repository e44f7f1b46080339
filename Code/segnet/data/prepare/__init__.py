"""`segnet prepare`: turns a dataset's own folders into a store."""

from segnet.data.prepare.preparing import prepare

__all__ = ["prepare"]
