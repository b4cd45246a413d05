"""Recordings: frames and packets as they came, in files, beside whoever watches."""
