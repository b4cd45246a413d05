"""The generic NACK: which packets a receiver asks for again (RFC 4585 section 6.2.1).

It is a feedback packet of RTCP, type 205 and format 1:

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |V=2|P|   FMT   |       PT      |          length               |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |                  SSRC of packet sender                        |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |                  SSRC of media source                         |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |            PID                |             BLP               |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   :                              ...                              :
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .errors import MalformedPacketError
from .rtcp import OtherPacket, Packet

RTPFB = 205
"""Transport layer feedback (RFC 4585 section 6.1)."""
GENERIC_NACK = 1
FOLLOWING = 16
"""Packets behind the first that a bit mask names."""

_SOURCES = struct.Struct(">II")
_ENTRY = struct.Struct(">HH")


@dataclass(frozen=True, slots=True)
class GenericNack:
    """Sequence numbers that have not come."""

    ssrc: int
    """Of who asks."""
    media_ssrc: int
    """Of the stream."""
    lost: tuple[int, ...]
    """16-bit sequence numbers, one at least."""

    @classmethod
    def parse(cls, packet: OtherPacket) -> GenericNack:
        """Read a feedback packet of this format. Raises ``MalformedPacketError`` without a whole entry."""
        room = len(packet.body) - _SOURCES.size
        if room < _ENTRY.size or room % _ENTRY.size:
            expected, source = "8 bytes and 4 for each entry, one at least", "RFC 4585 section 6.2.1"
            raise MalformedPacketError("generic NACK length", len(packet.body), expected, source)
        entries = _ENTRY.iter_unpack(packet.body[_SOURCES.size :])
        lost = tuple(number for first, mask in entries for number in _numbers(first, mask))
        ssrc, media_ssrc = _SOURCES.unpack_from(packet.body)
        return cls(ssrc, media_ssrc, lost)

    def packet(self) -> OtherPacket:
        """Return it as a packet for a compound; a run of numbers takes an entry for each 17."""
        entries = b"".join(_ENTRY.pack(*entry) for entry in _entries(self.lost))
        return OtherPacket(RTPFB, GENERIC_NACK, _SOURCES.pack(self.ssrc, self.media_ssrc) + entries)


def nacks_in(packets: Iterable[Packet]) -> Iterator[GenericNack]:
    """Yield the generic NACKs of a compound. Raises ``MalformedPacketError`` for one that is broken."""
    for packet in packets:
        if isinstance(packet, OtherPacket) and (packet.packet_type, packet.count) == (RTPFB, GENERIC_NACK):
            yield GenericNack.parse(packet)


def _numbers(first: int, mask: int) -> Iterator[int]:
    """Yield the numbers of an entry: bit n of the mask stands for the packet n + 1 behind the first."""
    yield first
    for bit in range(FOLLOWING):
        if mask >> bit & 1:
            yield (first + bit + 1) & 0xFFFF


def _entries(lost: Iterable[int]) -> list[tuple[int, int]]:
    """Return first number and mask of each entry; numbers are taken in the order they are given."""
    entries: list[tuple[int, int]] = []
    for number in lost:
        behind = (number - entries[-1][0]) & 0xFFFF if entries else 0
        if 0 < behind <= FOLLOWING:
            first, mask = entries[-1]
            entries[-1] = first, mask | 1 << behind - 1
        else:
            entries.append((number, 0))
    return entries
