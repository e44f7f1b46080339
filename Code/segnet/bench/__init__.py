"""Speed measurements against the obvious alternative, as ratios within one run."""
