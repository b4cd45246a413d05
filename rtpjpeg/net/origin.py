"""One socket that sends from whatever local address and interface it is told: RTCP leaves where RTP leaves.

IPv4, ip(7):    struct in_pktinfo   { int ipi_ifindex; struct in_addr ipi_spec_dst, ipi_addr; }
IPv6, RFC 3542: struct in6_pktinfo  { struct in6_addr ipi6_addr; unsigned int ipi6_ifindex; }
"""

from __future__ import annotations

import ipaddress
import socket
import struct

from .address import Address
from .options import LINUX, reached_by, send_to

IP_PKTINFO, IPV6_PKTINFO = 8, 50
_FOUR, _SIX = struct.Struct("@i4s4s"), struct.Struct("@16sI")
_MAPPED = bytes(10) + b"\xff\xff"


def send_from(sock: socket.socket, data: bytes, address: Address, home: str, device: str = "") -> bool:
    """Send one datagram from the local address ``home``, by the interface ``device`` where one is named.

    Never waits. Where that cannot be, it goes as the route says; False where the kernel did not take it.
    """
    if not LINUX:
        return send_to(sock, data, address)
    try:
        sock.sendmsg([data], [_origin(sock.family, home, device)], 0, reached_by(sock, address))
    except (OSError, OverflowError, ValueError):
        return send_to(sock, data, address)
    return True


def _origin(family: int, home: str, device: str) -> tuple[int, int, bytes]:
    """Return the message that names the origin. Raises ``OSError``, ``ValueError``."""
    index = socket.if_nametoindex(device) if device else 0
    packed = ipaddress.ip_address(home.partition("%")[0]).packed
    if family == socket.AF_INET6:
        packed = packed if len(packed) == 16 else _MAPPED + packed
        return socket.IPPROTO_IPV6, IPV6_PKTINFO, _SIX.pack(packed, index)
    return socket.IPPROTO_IP, IP_PKTINFO, _FOUR.pack(index, packed, bytes(4))
