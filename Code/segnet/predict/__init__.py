"""Class ids for images that have no labels."""
