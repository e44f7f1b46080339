"""Readers of what labelling tools export, a file for each format.

Most tools write polygons or run lengths of objects. `annotations` paints them into
class ids, the later over the earlier, and `classes` decides which class each name gets
and what the pixels are that nothing covers.
"""
