"""From a captured frame to the UDP datagram in it: link layers, IPv4, IPv6, fragments."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from .address import Address

ETHERNET, RAW, RAW_BSD, RAW_OPENBSD, RAW_IPV4, RAW_IPV6 = 1, 101, 12, 14, 228, 229
NULL, LOOP, LINUX_SLL, LINUX_SLL2 = 0, 108, 113, 276
"""Link types, as https://www.tcpdump.org/linktypes.html numbers them."""

LINK_TYPES = frozenset(
    {NULL, ETHERNET, RAW_BSD, RAW_OPENBSD, RAW, LOOP, LINUX_SLL, RAW_IPV4, RAW_IPV6, LINUX_SLL2}
)
ETHERTYPE_PLACE = {ETHERNET: 12, LINUX_SLL: 14}
FAMILIES = frozenset({2, 10, 24, 28, 30})
"""AF_INET, and AF_INET6, which differs from system to system."""

VLAN_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
IP_ETHERTYPES = frozenset({0x0800, 0x86DD})
UDP = 17
IPV6_FRAGMENT = 44
IPV6_EXTENSIONS = frozenset({0, 43, 60})
OPEN_FRAGMENTS = 64
MOST_PIECES = 256
"""Fragments of a datagram; 119 where every one is as small as a link may ask for (RFC 791 section 3.1)."""
LARGEST_DATAGRAM = 65535
"""Bytes of UDP header and payload: the length field has 16 bits (RFC 768)."""

CUT_SHORT = "cut short"
FRAGMENT = "fragments without the rest"
MALFORMED = "malformed headers"
OTHER = "not UDP"
UNKNOWN = "link type "
"""In front of its number."""
_HINTS = {
    CUT_SHORT: "{count} packets are left out because the capture cut them short: capture with snaplen 0",
    FRAGMENT: "{count} datagrams are left out because fragments of them are missing",
}


class Datagram(NamedTuple):
    """A UDP datagram that a frame holds or completes."""

    source: Address
    destination: Address
    data: bytes
    ip_size: int
    """Bytes of its IP packet, header included; of the largest fragment, where it came in fragments."""
    pieces: int = 1
    """IP fragments that it came in; 1 when it was whole."""


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
    size: int = 0
    """Bytes of the IP packet, header included."""
    pieces: int = 1


def ip_packet(link_type: int, frame: bytes) -> bytes:
    """Return the IP packet in a frame; empty when there is none."""
    if link_type in ETHERTYPE_PLACE:
        return _behind_ethertype(frame, ETHERTYPE_PLACE[link_type])
    if link_type == LINUX_SLL2:
        return frame[20:] if _u16(frame, 0) in IP_ETHERTYPES else b""
    if link_type in (NULL, LOOP):
        family = {int.from_bytes(frame[:4], "little"), int.from_bytes(frame[:4], "big")}
        return frame[4:] if family & FAMILIES else b""
    return frame


def _behind_ethertype(frame: bytes, place: int) -> bytes:
    while _u16(frame, place) in VLAN_TAGS:
        place += 4
    return frame[place + 2 :] if _u16(frame, place) in IP_ETHERTYPES else b""


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
        length,
    )


def _open_ipv6(data: bytes) -> Packet | None:
    """Walk the extension headers to the first that is none; a jumbogram is not expected here."""
    length, protocol = struct.unpack_from("!HB", data, 4)
    end = 40 + length if length else len(data)
    place, identification, fragment = 40, 0, 0
    while protocol in IPV6_EXTENSIONS or protocol == IPV6_FRAGMENT:
        if place + 8 > min(end, len(data)):
            return None
        if protocol == IPV6_FRAGMENT:
            fragment, identification = struct.unpack_from("!HI", data, place + 2)
        size = 8 if protocol == IPV6_FRAGMENT else 8 * (data[place + 1] + 1)
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
        end,
    )


@lru_cache(maxsize=256)
def _text(family: int, packed: bytes) -> str:
    return socket.inet_ntop(family, packed)


@dataclass(slots=True)
class _Fragments:
    """Fragments of one datagram."""

    pieces: dict[int, Packet] = field(default_factory=dict)
    """By offset."""
    held: int = 0
    """Bytes of data."""
    size: int | None = None
    """Bytes of the whole, known from the last fragment on."""

    @property
    def too_many(self) -> bool:
        """True where they overlap, or are smaller than anybody sends: to keep them would cost memory."""
        return self.held > LARGEST_DATAGRAM or len(self.pieces) > MOST_PIECES

    def add(self, packet: Packet) -> None:
        """Keep a fragment, in place of an earlier one at its offset."""
        earlier = self.pieces.get(packet.offset)
        self.held += len(packet.data) - (len(earlier.data) if earlier else 0)
        self.pieces[packet.offset] = packet
        if not packet.more:
            self.size = packet.offset + len(packet.data)

    def joined(self) -> bytes | None:
        """Return the data of all, when they follow each other from the first to the last."""
        if self.size is None or self.held < self.size:
            return None
        data, more = bytearray(), True
        while more:
            piece = self.pieces.get(len(data))
            if piece is None or not piece.data:
                return None
            data += piece.data
            more = piece.more
        return bytes(data)


class Datagrams:
    """Finds UDP datagrams in frames, joins fragments, and counts what it leaves out, by reason."""

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self._open: dict[tuple[str, str, int], _Fragments] = {}

    def find(self, link_type: int, frame: bytes) -> Datagram | None:
        """Return the datagram that this frame holds or completes."""
        if link_type not in LINK_TYPES:
            self.skipped[f"{UNKNOWN}{link_type}"] += 1
            return None
        packet = open_packet(ip_packet(link_type, frame))
        if packet is None or packet.protocol != UDP:
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

    def notices(self, name: str) -> Iterator[str]:
        """Yield a sentence for each reason to leave something out that a user of the capture should know."""
        expected = ", ".join(map(str, sorted(LINK_TYPES)))
        for reason in self.skipped:
            if reason.startswith(UNKNOWN):
                yield f"{name}: found {reason}, expected one of {expected}: left out"
        for reason, hint in _HINTS.items():
            if self.skipped[reason]:
                yield f"{name}: {hint.format(count=self.skipped[reason])}"

    def _datagram(self, packet: Packet) -> Datagram | None:
        """Read the UDP header (RFC 768)."""
        if len(packet.data) < 8:
            self.skipped[MALFORMED] += 1
            return None
        source, destination, length = struct.unpack_from("!HHH", packet.data)
        length = length or len(packet.data)
        if not 8 <= length <= len(packet.data):
            self.skipped[MALFORMED] += 1
            return None
        ends = (packet.source, source), (packet.destination, destination)
        return Datagram(*ends, packet.data[8:length], packet.size, packet.pieces)

    def _join(self, packet: Packet) -> Packet | None:
        """Keep a fragment; return the packet that it completes."""
        key = (packet.source, packet.destination, packet.identification)
        fragments = self._open.setdefault(key, _Fragments())
        fragments.add(packet)
        if len(self._open) > OPEN_FRAGMENTS:
            self._give_up(next(iter(self._open)))
        if fragments.too_many:
            self._give_up(key)
            return None
        data = fragments.joined()
        if data is None:
            return None
        self._open.pop(key, None)
        pieces = fragments.pieces.values()
        return packet._replace(data=data, size=max(piece.size for piece in pieces), pieces=len(pieces))

    def _give_up(self, key: tuple[str, str, int]) -> None:
        if self._open.pop(key, None) is not None:
            self.skipped[FRAGMENT] += 1
