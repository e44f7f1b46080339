"""`segnet fetch`: downloads the wanted part of public datasets, checked, resumable."""

from segnet.fetch.client import FetchError, RetryPolicy
from segnet.fetch.fetching import Summary, fetch
from segnet.fetch.publishers import DATASETS

__all__ = ["DATASETS", "FetchError", "RetryPolicy", "Summary", "fetch"]
