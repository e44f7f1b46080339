"""Measurements of speed beside the obvious alternative, as ratios from one run."""
