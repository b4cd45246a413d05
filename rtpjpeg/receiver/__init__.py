"""The receiver: packets in, pictures out, to a window, a table or your code."""
