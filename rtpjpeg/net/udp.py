"""Trains over UDP: one system call a train. The two ends live in two rooms; these are their names."""

from __future__ import annotations

from .incoming import UdpReceiver
from .outgoing import UdpSender

__all__ = ["UdpReceiver", "UdpSender"]
