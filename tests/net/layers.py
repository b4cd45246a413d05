"""Frames of every link type and shape of headers, and what UDP datagram stands in them."""

from __future__ import annotations

import struct

from net.captures import (
    FOUND4,
    FOUND6,
    IPV4,
    IPV6,
    ethernet,
    ipv6_fragments,
    ipv6_with,
    loopback,
    sll,
    sll2,
)
from rtpjpeg.net.pcap import ip_packet

FRAMES = [
    ("ethernet", 1, ethernet(IPV4), FOUND4),
    ("ethernet ipv6", 1, ethernet(IPV6), FOUND6),
    ("ethernet, padded", 1, ethernet(ip_packet(*FOUND4[:2], b"x")) + bytes(20), (*FOUND4[:2], b"x")),
    ("vlan", 1, ethernet(IPV4, 0x8100), FOUND4),
    ("vlan in vlan", 1, ethernet(IPV6, 0x88A8, 0x8100), FOUND6),
    ("five vlan tags", 1, ethernet(IPV4, *[0x8100] * 5), FOUND4),
    ("linux cooked, vlan", 113, sll(IPV4)[:14] + ethernet(IPV4, 0x8100)[12:], FOUND4),
    ("raw", 101, IPV4, FOUND4),
    ("raw ipv6", 101, IPV6, FOUND6),
    ("raw as BSD numbers it", 12, IPV4, FOUND4),
    ("raw as OpenBSD numbers it", 14, IPV6, FOUND6),
    ("raw ipv4 only", 228, IPV4, FOUND4),
    ("raw ipv6 only", 229, IPV6, FOUND6),
    ("linux cooked", 113, sll(IPV4), FOUND4),
    ("linux cooked ipv6", 113, sll(IPV6), FOUND6),
    ("linux cooked 2", 276, sll2(IPV4), FOUND4),
    ("linux cooked 2 ipv6", 276, sll2(IPV6), FOUND6),
    ("bsd loopback", 0, loopback(IPV4, 2), FOUND4),
    ("bsd loopback of a big-endian machine", 0, loopback(IPV4, 2, ">"), FOUND4),
    ("bsd loopback ipv6 of macOS", 0, loopback(IPV6, 30), FOUND6),
    ("bsd loopback ipv6 of FreeBSD", 0, loopback(IPV6, 28), FOUND6),
    ("openbsd loopback", 108, loopback(IPV4, 2, ">"), FOUND4),
    (
        "ipv4 options",
        101,
        b"\x46" + IPV4[1:2] + struct.pack("!H", len(IPV4) + 4) + IPV4[4:20] + bytes(4) + IPV4[20:],
        FOUND4,
    ),
    ("length left to the network card", 101, IPV4[:2] + bytes(2) + IPV4[4:], FOUND4),
    ("ipv6 length left to the network card", 101, IPV6[:4] + bytes(2) + IPV6[6:], FOUND6),
    ("udp length left to the network card", 101, IPV4[:24] + bytes(2) + IPV4[26:], FOUND4),
    (
        "ipv6 extensions",
        101,
        ipv6_with(IPV6, (0, b"\0" + bytes(6)), (43, b"\1" + bytes(14)), (60, b"\0" + bytes(6))),
        FOUND6,
    ),
    ("ipv6 in one fragment", 101, ipv6_fragments(IPV6, 1000)[0], FOUND6),
]
"""Name, link type, frame, and source, destination and payload of the datagram."""

NOT_UDP = [
    ("arp", 1, bytes(12) + b"\x08\x06" + bytes(28)),
    ("linux cooked arp", 113, bytes(14) + b"\x08\x06" + bytes(28)),
    ("linux cooked 2 arp", 276, b"\x08\x06" + bytes(40)),
    ("loopback of another family", 0, loopback(IPV4, 99)),
    ("tcp", 101, IPV4[:9] + b"\x06" + IPV4[10:]),
    ("ip version 5", 101, b"\x55" + IPV4[1:]),
    ("ipv4 header longer than the packet", 101, b"\x4f\0" + struct.pack("!H", 40) + IPV4[4:]),
    ("ipv4 header too short", 101, b"\x44" + IPV4[1:]),
    ("ipv6 extension that does not end", 101, ipv6_with(IPV6[:40], (0, b"\xff" + bytes(6)))[:48] + bytes(8)),
    ("ipv6 extension behind the end", 101, ipv6_with(IPV6[:40], (0, b"\0" + bytes(6)), (60, b""))),
    ("nothing", 101, b""),
]
"""Name, link type, frame."""
