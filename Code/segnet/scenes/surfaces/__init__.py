"""Textures of everything in the town, drawn once into one atlas."""
