"""From a capture file or an interface to batches of UDP datagrams."""

from __future__ import annotations

from .capture import Capture, read_capture
from .live import live_capture

__all__ = ["Capture", "live_capture", "read_capture"]
