"""Streams for programs: what stands behind ``rtpjpeg.open``, ``open_pair`` and ``VideoCapture``."""
