"""From meshes to pixels: camera, rasteriser, light, shadows, sky."""
