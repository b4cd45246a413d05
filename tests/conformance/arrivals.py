"""Sockets that tell what stood in the IP header of what comes."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from peers import missing


@contextmanager
def listener(host: str, *, group: str | None = None, port: int = 0) -> Iterator[socket.socket]:
    """A socket that tells the hops and the traffic class of what comes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
            sock.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_RECVTTL", 12), 1)
        try:
            sock.bind((group or host, port))
        except OSError:
            missing(f"the address {host}")
        if group:
            membership = socket.inet_aton(group) + socket.inet_aton(host)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        yield sock


def arrival(sock: socket.socket) -> tuple[bytes, dict[int, int]]:
    """One datagram, and what its IP header said, by the number of the option."""
    data, ancillary, _, _ = sock.recvmsg(65535, 256)
    return data, {kind: struct.unpack("=i", (held + b"\0\0\0")[:4])[0] for _, kind, held in ancillary}
