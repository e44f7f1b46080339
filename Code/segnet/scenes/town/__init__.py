"""The town: streets, houses, vehicles and people as meshes."""
