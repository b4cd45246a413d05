"""UDP_SEGMENT and UDP_GRO: the kernel cuts a train into packets, and joins packets into a train."""

from __future__ import annotations

import socket
import struct

from ..train import PacketTrain
from .options import LINUX

UDP_SEGMENT = 103
UDP_GRO = 104
MOST_SEGMENTS = 64
"""Of older kernels; newer ones take 128."""

MOST_BYTES = {socket.AF_INET: 65507, socket.AF_INET6: 65487}
"""What one call takes: the largest datagram before it is cut."""

_U16 = struct.Struct("@H")


def can_segment(sock: socket.socket) -> bool:
    """Return whether the kernel knows UDP_SEGMENT; an old one ignores the control message unsaid."""
    if not LINUX:
        return False
    try:
        sock.getsockopt(socket.IPPROTO_UDP, UDP_SEGMENT)
    except OSError:
        return False
    return True


def join_segments(sock: socket.socket) -> bool:
    """Ask for trains instead of packets; return whether the kernel agreed."""
    if not LINUX:
        return False
    try:
        sock.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
    except OSError:
        return False
    return True


def send_segments(sock: socket.socket, most_bytes: int, train: PacketTrain, first: int) -> int:
    """Send packets from ``first`` on in one call without waiting; return how many the call took.

    The train has a ``segment_size``; ``most_bytes`` is what one call takes. Raises OSError when the
    kernel took none.
    """
    size = train.segment_size
    count = max(1, min(MOST_SEGMENTS, most_bytes // size, len(train) - first))
    last = first + count - 1
    data = train.data[int(train.starts[first]) : int(train.starts[last]) + int(train.lengths[last])]
    sock.sendmsg((data.data,), ((socket.IPPROTO_UDP, UDP_SEGMENT, _U16.pack(size)),))
    return count


def send_one(sock: socket.socket, train: PacketTrain, first: int) -> int:
    """Send one packet without waiting: what every system can do. Raises OSError."""
    start = int(train.starts[first])
    sock.send(train.data[start : start + int(train.lengths[first])].data)
    return 1
