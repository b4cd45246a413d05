"""The window: pictures in a grid with figures on them, and what its keys do."""
