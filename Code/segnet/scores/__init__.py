"""Scores beyond one mIoU, from counts of pixels: intervals, borders, calibration."""
