"""The reports of RTCP, SR and RR (RFC 3550 section 6.4), and what they share with all RTCP packets.

All begin alike. ``length`` counts the 32-bit words behind these four bytes, padding included; ``count`` is
that of blocks, chunks or sources, or a subtype:

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |V=2|P|  count  |  packet type  |            length             |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

``parse`` of a packet takes the count and what stands behind these four bytes, without padding. A number that
is too large for its field raises ``struct.error`` from ``serialize``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, Self

from .errors import MalformedPacketError
from .serial import timestamp_difference

SR, RR = 200, 201
HIGHEST_COUNT = 31
"""Blocks, chunks or sources in one packet."""
LONGEST_PADDING = 252

HEADER = struct.Struct(">BBH")
WORD = struct.Struct(">I")
_BLOCK = struct.Struct(">IB3sIIII")
_SENDER = struct.Struct(">IQIII")


class Serializable(Protocol):
    """A part of a packet."""

    def serialize(self) -> bytes:
        """Return the part as it goes on the wire."""


@dataclass(frozen=True, slots=True)
class Padded:
    """What all RTCP packets have."""

    padding: int = field(default=0, kw_only=True)
    """Bytes behind the packet, the count itself included: a multiple of 4, only in the last of a compound."""

    def wrapped(self, packet_type: int, count: int, body: bytes) -> bytes:
        """Return a packet: the first four bytes, the body, the padding. Raises ``ValueError``."""
        check("count", count, HIGHEST_COUNT)
        check("padding", self.padding, LONGEST_PADDING)
        if len(body) % 4 or self.padding % 4:
            found = f"{len(body)} bytes and {self.padding} of padding"
            raise ValueError(f"RTCP packet type {packet_type}: found {found}, expected multiples of 4")
        words = (len(body) + self.padding) // 4
        head = HEADER.pack(0x80 | bool(self.padding) << 5 | count, packet_type, words)
        return head + body + (bytes(self.padding - 1) + bytes([self.padding]) if self.padding else b"")


def check(what: str, found: int, most: int, least: int = 0) -> None:
    """Raise ``ValueError`` for a number outside its field."""
    if not least <= found <= most:
        raise ValueError(f"{what}: found {found}, expected {least} to {most}")


def joined(parts: Iterable[Serializable]) -> bytes:
    """Return the parts as they go on the wire."""
    return b"".join(part.serialize() for part in parts)


def fault(field: str, found: object, expected: str, section: str) -> MalformedPacketError:
    """Return the error of a field."""
    return MalformedPacketError(field, found, expected, f"RFC 3550 section {section}")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """How one source is received.

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                             SSRC_n                            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    | fraction lost |       cumulative number of packets lost       |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |           extended highest sequence number received           |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                      interarrival jitter                      |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                         last SR (LSR)                         |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                   delay since last SR (DLSR)                  |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    """

    ssrc: int
    fraction_lost: int
    """Of the packets since the report before, in 1/256."""
    cumulative_lost: int
    """24 bits signed; duplicates can make it negative."""
    highest_sequence_number: int
    """Cycles << 16 plus the number."""
    jitter: int
    """Timestamp units."""
    last_sr: int
    """``middle`` of the NTP timestamp of the last SR; 0 before the first."""
    delay_since_last_sr: int
    """1/65536 s; 0 before the first SR."""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read 24 bytes."""
        ssrc, fraction, lost, *others = _BLOCK.unpack(data)
        return cls(ssrc, fraction, int.from_bytes(lost, "big", signed=True), *others)

    def serialize(self) -> bytes:
        """Return 24 bytes. Raises ``OverflowError`` for a loss of more than 24 bits."""
        lost = self.cumulative_lost.to_bytes(3, "big", signed=True)
        others = (self.highest_sequence_number, self.jitter, self.last_sr, self.delay_since_last_sr)
        return _BLOCK.pack(self.ssrc, self.fraction_lost, lost, *others)


@dataclass(frozen=True, slots=True)
class SenderReport(Padded):
    """SR: what a source has sent, and how it receives others.

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |V=2|P|    RC   |   PT=SR=200   |             length            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                         SSRC of sender                        |
    +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
    |              NTP timestamp, most significant word             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |             NTP timestamp, least significant word             |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                         RTP timestamp                         |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                     sender's packet count                     |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                      sender's octet count                     |
    +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
    :         report blocks, then profile-specific extensions       :
    """

    ssrc: int
    ntp_timestamp: int
    """Seconds since 1900 in the upper 32 bits, their fraction in the lower (section 4); 0 means no clock."""
    rtp_timestamp: int
    """Of the same instant."""
    packet_count: int
    """Written modulo 2^32, as is the count of octets."""
    octet_count: int
    """RTP payload; no header, extension or padding."""
    blocks: tuple[ReportBlock, ...] = ()
    extension: bytes = b""

    @classmethod
    def parse(cls, count: int, body: bytes, padding: int = 0) -> Self:
        """Read a packet. Raises ``MalformedPacketError``."""
        blocks, extension = _parse_blocks(count, body, _SENDER.size)
        ssrc, ntp, rtp, packets, octets = _SENDER.unpack_from(body)
        return cls(ssrc, ntp, rtp, packets, octets, blocks, extension, padding=padding)

    def serialize(self) -> bytes:
        """Return the packet as it goes on the wire."""
        counts = self.packet_count & 0xFFFF_FFFF, self.octet_count & 0xFFFF_FFFF
        sender = _SENDER.pack(self.ssrc, self.ntp_timestamp, self.rtp_timestamp, *counts)
        return self.wrapped(SR, len(self.blocks), sender + joined(self.blocks) + self.extension)


@dataclass(frozen=True, slots=True)
class ReceiverReport(Padded):
    """RR: as SR, with packet type 201, and without the five words from NTP timestamp to octet count."""

    ssrc: int
    """Of who reports."""
    blocks: tuple[ReportBlock, ...] = ()
    extension: bytes = b""

    @classmethod
    def parse(cls, count: int, body: bytes, padding: int = 0) -> Self:
        """Read a packet. Raises ``MalformedPacketError``."""
        blocks, extension = _parse_blocks(count, body, WORD.size)
        (ssrc,) = WORD.unpack_from(body)
        return cls(ssrc, blocks, extension, padding=padding)

    def serialize(self) -> bytes:
        """Return the packet as it goes on the wire."""
        body = WORD.pack(self.ssrc) + joined(self.blocks) + self.extension
        return self.wrapped(RR, len(self.blocks), body)


def _parse_blocks(count: int, body: bytes, start: int) -> tuple[tuple[ReportBlock, ...], bytes]:
    """Return the report blocks behind ``start``, and the extension behind them."""
    if len(body) < start:
        raise fault("RTCP report length", 4 + len(body), f"{4 + start} bytes or more", "6.4")
    end = start + count * _BLOCK.size
    if end > len(body):
        most = (len(body) - start) // _BLOCK.size
        raise fault("RTCP reception report count", count, f"at most {most} here", "6.4")
    places = range(start, end, _BLOCK.size)
    return tuple(ReportBlock.parse(body[place : place + _BLOCK.size]) for place in places), body[end:]


def middle(ntp_timestamp: int) -> int:
    """Return the middle 32 bits of an NTP timestamp, units of 1/65536 s: the form of LSR (section 4)."""
    return ntp_timestamp >> 16 & 0xFFFF_FFFF


def round_trip(arrival: int, block: ReportBlock) -> int | None:
    """Return A - LSR - DLSR in 1/65536 s (section 6.4.1); None where no SR had arrived.

    ``arrival`` is ``middle`` of the time when the block came. Below 0 where clocks or the block are wrong.
    """
    if not block.last_sr:
        return None
    return timestamp_difference(arrival, block.last_sr + block.delay_since_last_sr)
