"""`segnet compare`: says whether networks differ by more than noise."""
