"""Run folders: their files and state, loading a network, packing it with a card."""
