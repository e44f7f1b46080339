"""`segnet predict`: class ids for images that have no labels."""
