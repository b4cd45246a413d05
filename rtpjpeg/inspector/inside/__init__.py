"""What is inside a frame: its pieces, its scan, and why that does not decode."""
