"""From a captured frame to the UDP datagram in it: link layers, IPv4, IPv6, fragments."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from .address import Address

ETHERNET, RAW, RAW_BSD, RAW_OPENBSD, RAW_IPV4, RAW_IPV6 = 1, 101, 12, 14, 228, 229
NULL, LOOP, LINUX_SLL, LINUX_SLL2 = 0, 108, 113, 276
"""Link types, as https://www.tcpdump.org/linktypes.html numbers them."""

LINK_TYPES = frozenset(
    {NULL, ETHERNET, RAW_BSD, RAW_OPENBSD, RAW, LOOP, LINUX_SLL, RAW_IPV4, RAW_IPV6, LINUX_SLL2}
)
_ETHERTYPE_PLACE = {ETHERNET: 12, LINUX_SLL: 14}
_FAMILIES = {2: 4, 10: 6, 24: 6, 28: 6, 30: 6}
"""AF_INET and AF_INET6, which differs from system to system, and the IP version each means."""

_VLAN_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
_IP_ETHERTYPES = frozenset({0x0800, 0x86DD})
_UDP = 17
_IPV6_FRAGMENT = 44
_IPV6_EXTENSIONS = frozenset({0, 43, 60})
OPEN_FRAGMENTS = 64

CUT_SHORT = "cut short"
FRAGMENT = "fragments without the rest"
MALFORMED = "malformed headers"
OTHER = "not UDP"


class Packet(NamedTuple):
    """The part of an IP packet behind its headers."""

    source: str
    destination: str
    protocol: int
    data: bytes
    complete: bool
    """Whether ``data`` is all that the sender sent, not cut off by the capture."""
    identification: int = 0
    offset: int = 0
    more: bool = False
    """Whether fragments follow."""


def ip_packet(link_type: int, frame: bytes) -> bytes:
    """Return the IP packet in a frame; empty when there is none."""
    if link_type in _ETHERTYPE_PLACE:
        return _behind_ethertype(frame, _ETHERTYPE_PLACE[link_type])
    if link_type == LINUX_SLL2:
        return frame[20:] if _u16(frame, 0) in _IP_ETHERTYPES else b""
    if link_type in (NULL, LOOP):
        family = {int.from_bytes(frame[:4], "little"), int.from_bytes(frame[:4], "big")}
        return frame[4:] if family & _FAMILIES.keys() else b""
    return frame


def _behind_ethertype(frame: bytes, place: int) -> bytes:
    while _u16(frame, place) in _VLAN_TAGS:
        place += 4
    return frame[place + 2 :] if _u16(frame, place) in _IP_ETHERTYPES else b""


def _u16(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 2], "big")


def open_packet(data: bytes) -> Packet | None:
    """Take an IP packet apart (RFC 791 3.1, RFC 8200 3); None when it is none."""
    version = data[0] >> 4 if data else 0
    if version == 4 and len(data) >= 20:
        return _open_ipv4(data)
    if version == 6 and len(data) >= 40:
        return _open_ipv6(data)
    return None


def _open_ipv4(data: bytes) -> Packet | None:
    length, identification, fragment = struct.unpack_from("!HHH", data, 2)
    header = (data[0] & 15) * 4
    length = length or len(data)  # 0 where the network card was to fill it in
    if not 20 <= header <= length:
        return None
    return Packet(
        _text(socket.AF_INET, data[12:16]),
        _text(socket.AF_INET, data[16:20]),
        data[9],
        data[header:length],
        len(data) >= length,
        identification,
        (fragment & 0x1FFF) * 8,
        bool(fragment & 0x2000),
    )


def _open_ipv6(data: bytes) -> Packet | None:
    """Walk the extension headers to the first that is none; a jumbogram is not expected here."""
    length, protocol = struct.unpack_from("!HB", data, 4)
    end = 40 + length if length else len(data)
    place, identification, fragment = 40, 0, 0
    while protocol in _IPV6_EXTENSIONS or protocol == _IPV6_FRAGMENT:
        if place + 8 > min(end, len(data)):
            return None
        if protocol == _IPV6_FRAGMENT:
            fragment, identification = struct.unpack_from("!HI", data, place + 2)
        size = 8 if protocol == _IPV6_FRAGMENT else 8 * (data[place + 1] + 1)
        protocol, place = data[place], place + size
    return Packet(
        _text(socket.AF_INET6, data[8:24]),
        _text(socket.AF_INET6, data[24:40]),
        protocol,
        data[place:end],
        len(data) >= end,
        identification,
        fragment & 0xFFF8,
        bool(fragment & 1),
    )


@lru_cache(maxsize=256)
def _text(family: int, packed: bytes) -> str:
    return socket.inet_ntop(family, packed)


class Datagrams:
    """Finds UDP datagrams in frames, joins fragments, and counts what it leaves out, by reason."""

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self._open: dict[tuple[str, str, int], dict[int, Packet]] = {}

    def find(self, link_type: int, frame: bytes) -> tuple[Address, Address, bytes] | None:
        """Return source, destination and payload of the datagram that this frame completes."""
        packet = open_packet(ip_packet(link_type, frame))
        if packet is None or packet.protocol != _UDP:
            self.skipped[OTHER] += 1
            return None
        if not packet.complete:
            self.skipped[CUT_SHORT] += 1
            return None
        whole = self._join(packet) if packet.offset or packet.more else packet
        return self._datagram(whole) if whole else None

    def finish(self) -> None:
        """Count the datagrams of which a fragment is still missing at the end."""
        self.skipped[FRAGMENT] += len(self._open)
        self._open.clear()

    def _datagram(self, packet: Packet) -> tuple[Address, Address, bytes] | None:
        """Read the UDP header (RFC 768)."""
        if len(packet.data) < 8:
            self.skipped[MALFORMED] += 1
            return None
        source, destination, length = struct.unpack_from("!HHH", packet.data)
        length = length or len(packet.data)
        if not 8 <= length <= len(packet.data):
            self.skipped[MALFORMED] += 1
            return None
        return (packet.source, source), (packet.destination, destination), packet.data[8:length]

    def _join(self, packet: Packet) -> Packet | None:
        """Keep a fragment; return the packet that it completes."""
        key = (packet.source, packet.destination, packet.identification)
        pieces = self._open.setdefault(key, {})
        pieces[packet.offset] = packet
        if len(self._open) > OPEN_FRAGMENTS:
            del self._open[next(iter(self._open))]
            self.skipped[FRAGMENT] += 1
        data = _joined(pieces)
        if data is None:
            return None
        self._open.pop(key, None)
        return packet._replace(data=data)


def _joined(pieces: dict[int, Packet]) -> bytes | None:
    """Return the data of all fragments, when they follow each other from the first to the last."""
    data, more = b"", True
    while more:
        piece = pieces.get(len(data))
        if piece is None or not piece.data:
            return None
        data, more = data + piece.data, piece.more
    return data
