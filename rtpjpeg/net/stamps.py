"""When a datagram came, as the kernel saw it: a thread that has to wait for its turn reads it later.

The round trip that a report tells is made of such times, and a busy interpreter would add milliseconds.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable
from contextlib import suppress

from .options import LINUX

SO_TIMESTAMPNS = 35
"""Time of arrival beside each datagram, on the wall clock (socket(7)); its message has the same number."""
_TIMESPEC = struct.Struct("@ll")
ANCILLARY = socket.CMSG_SPACE(_TIMESPEC.size)
"""Bytes of room that the time takes."""
OLDEST = 1.0
"""Seconds since the arrival that are believed; where the wall clock was set meanwhile it is now."""


def stamp_arrivals(sock: socket.socket) -> None:
    """Ask the kernel to tell when each datagram came; where it does not, times are those of reading."""
    if LINUX:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def arrival_time(ancillary: Iterable[tuple[int, int, bytes]]) -> float:
    """Return when a datagram came, in seconds of the monotonic clock, from what was read beside it."""
    now, wall = time.monotonic(), time.time()
    for level, kind, data in ancillary:
        if (level, kind, len(data)) == (socket.SOL_SOCKET, SO_TIMESTAMPNS, _TIMESPEC.size):
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            age = wall - seconds - nanoseconds * 1e-9
            return now - age if 0 <= age <= OLDEST else now
    return now
