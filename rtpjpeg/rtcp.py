"""RTCP (RFC 3550 section 6): the packets beside reports, and the compound in which all travel.

Each is a parse/serialize pair; the first four bytes of all stand in ``reportpackets``, whose SR and RR are
named here too. ``parse_compound`` reads a datagram, and is lenient where receivers have to be: a compound
that begins with another packet or has no CNAME is read, and ``starts_with_report`` and ``has_cname`` tell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

from .reportpackets import (
    HEADER,
    RR,
    SR,
    WORD,
    Padded,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    check,
    fault,
    joined,
    middle,
    round_trip,
)

__all__ = ["APP", "BYE", "PSFB", "RR", "RTPFB", "SDES", "SR", "XR"]
__all__ += ["CNAME", "EMAIL", "LOC", "NAME", "NOTE", "PHONE", "PRIV", "TOOL"]
__all__ += ["App", "Bye", "Chunk", "Item", "OtherPacket", "Packet", "ReceiverReport", "ReportBlock"]
__all__ += ["SenderReport", "SourceDescription", "has_cname", "is_rtcp", "middle", "parse_compound"]
__all__ += ["round_trip", "serialize_compound", "starts_with_report"]

SDES, BYE, APP, RTPFB, PSFB, XR = range(202, 208)
"""Packet types (section 12.1; RFC 4585 section 6.1; RFC 3611 section 2)."""
CNAME, NAME, EMAIL, PHONE, LOC, TOOL, NOTE, PRIV = range(1, 9)
"""Types of the items of a source description (section 12.2)."""
LONGEST_TEXT = 255


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a source description."""

    type: int
    """``CNAME`` to ``PRIV``, or another number from 1 to 255."""
    data: bytes
    """At most 255 bytes: UTF-8 without a null at the end, except in PRIV."""

    @property
    def text(self) -> str:
        """The data as text; what is no UTF-8 is replaced."""
        return self.data.decode("utf-8", "replace")

    def serialize(self) -> bytes:
        """Return type, length and data. Raises ``ValueError``."""
        check("SDES item type", self.type, 255, 1)
        return bytes((self.type,)) + _counted("SDES item", self.data)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a source description says of one source."""

    ssrc: int
    items: tuple[Item, ...] = ()

    @property
    def cname(self) -> str | None:
        """The canonical name; None where there is none."""
        return next((item.text for item in self.items if item.type == CNAME), None)

    def serialize(self) -> bytes:
        """Return the chunk with the 1 to 4 null octets that end it."""
        data = WORD.pack(self.ssrc) + joined(self.items)
        return data + bytes(4 - len(data) % 4)


@dataclass(frozen=True, slots=True)
class SourceDescription(Padded):
    """SDES: who the sources are (section 6.5).

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |V=2|P|    SC   |  PT=SDES=202  |             length            |
    +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
    |                          SSRC/CSRC_1                          |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |   item type   |    length     |            text              ...
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    """

    chunks: tuple[Chunk, ...] = ()

    @classmethod
    def parse(cls, count: int, body: bytes, padding: int = 0) -> Self:
        """Read a packet. Raises ``MalformedPacketError``."""
        chunks, place = [], 0
        for number in range(count):
            if place + 4 > len(body):
                raise fault("SDES source count", count, f"at most {number} here", "6.5")
            chunk, place = _parse_chunk(body, place)
            chunks.append(chunk)
        return cls(tuple(chunks), padding=padding)

    def serialize(self) -> bytes:
        """Return the packet as it goes on the wire."""
        return self.wrapped(SDES, len(self.chunks), joined(self.chunks))


def _parse_chunk(body: bytes, place: int) -> tuple[Chunk, int]:
    """Return the chunk that begins at a place, and where the next one begins."""
    (ssrc,), items = WORD.unpack_from(body, place), []
    place += 4
    while place < len(body) and body[place]:
        end = place + 2 + (body[place + 1] if place + 1 < len(body) else LONGEST_TEXT)
        if end >= len(body):
            room = max(len(body) - place - 3, 0)
            raise fault("SDES item length", end - place - 2, f"at most {room} here", "A.5")
        items.append(Item(body[place], body[place + 2 : end]))
        place = end
    if place >= len(body):
        raise fault("SDES chunk", "no null octet", "one that ends the list of items", "6.5")
    return Chunk(ssrc, tuple(items)), place - place % 4 + 4


@dataclass(frozen=True, slots=True)
class Bye(Padded):
    """BYE: sources that leave (section 6.6).

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |V=2|P|    SC   |   PT=BYE=203  |             length            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    :                           SSRC/CSRC ...                       :
    +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
    |     length    |        reason for leaving (optional)         ...
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    """

    ssrcs: tuple[int, ...] = ()
    reason: bytes | None = None
    """At most 255 bytes of UTF-8."""

    @classmethod
    def parse(cls, count: int, body: bytes, padding: int = 0) -> Self:
        """Read a packet. Raises ``MalformedPacketError``."""
        if 4 * count > len(body):
            raise fault("BYE source count", count, f"at most {len(body) // 4} here", "6.6")
        ssrcs, rest = struct.unpack_from(f">{count}I", body), body[4 * count :]
        if rest and rest[0] >= len(rest):
            raise fault("BYE reason length", rest[0], f"at most {len(rest) - 1} here", "6.6")
        return cls(ssrcs, rest[1 : 1 + rest[0]] if rest else None, padding=padding)

    def serialize(self) -> bytes:
        """Return the packet as it goes on the wire. Raises ``ValueError`` for a reason too long."""
        reason = b"" if self.reason is None else _counted("BYE reason", self.reason)
        ssrcs = struct.pack(f">{len(self.ssrcs)}I", *self.ssrcs)
        return self.wrapped(BYE, len(self.ssrcs), ssrcs + reason + bytes(-len(reason) % 4))


@dataclass(frozen=True, slots=True)
class App(Padded):
    """APP: what an application defines for itself (section 6.7).

    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |V=2|P| subtype |   PT=APP=204  |             length            |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                           SSRC/CSRC                           |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                          name (ASCII)                         |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                   application-dependent data                 ...
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    """

    subtype: int
    ssrc: int
    name: bytes
    """Four bytes."""
    data: bytes = b""
    """A multiple of 4 bytes."""

    @classmethod
    def parse(cls, count: int, body: bytes, padding: int = 0) -> Self:
        """Read a packet. Raises ``MalformedPacketError``."""
        if len(body) < 8:
            raise fault("APP packet length", 4 + len(body), "12 bytes or more", "6.7")
        (ssrc,) = WORD.unpack_from(body)
        return cls(count, ssrc, body[4:8], body[8:], padding=padding)

    def serialize(self) -> bytes:
        """Return the packet as it goes on the wire. Raises ``ValueError`` for a name of another length."""
        check("bytes of an APP name", len(self.name), 4, 4)
        return self.wrapped(APP, self.subtype, WORD.pack(self.ssrc) + self.name + self.data)


@dataclass(frozen=True, slots=True)
class OtherPacket(Padded):
    """A packet that is kept as it is: feedback (RFC 4585), XR (RFC 3611), or a type that nobody knows."""

    packet_type: int
    count: int = 0
    """Five bits; in feedback, its format (FMT)."""
    body: bytes = b""
    """What follows the first four bytes, without padding."""

    def serialize(self) -> bytes:
        """Return the packet as it goes on the wire."""
        return self.wrapped(self.packet_type, self.count, self.body)


Packet: TypeAlias = SenderReport | ReceiverReport | SourceDescription | Bye | App | OtherPacket

_KINDS: dict[int, type[SenderReport | ReceiverReport | SourceDescription | Bye | App]] = {
    SR: SenderReport,
    RR: ReceiverReport,
    SDES: SourceDescription,
    BYE: Bye,
    APP: App,
}


def _counted(what: str, text: bytes) -> bytes:
    check(f"bytes of the {what}", len(text), LONGEST_TEXT)
    return bytes((len(text),)) + text


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP by the second byte of a datagram, 192 to 223 (RFC 5761 section 4)."""
    return len(data) > 1 and 192 <= data[1] <= 223


def parse_compound(data: bytes) -> list[Packet]:
    """Read the packets of a datagram.

    Raises ``MalformedPacketError`` where the checks of RFC 3550 section A.2 fail, those of the first packet's
    type and of CNAME left out, or a packet contradicts itself.
    """
    packets: list[Packet] = []
    place = 0
    while place < len(data) or not packets:
        size = _packet_size(data, place)
        packets.append(_parse_packet(data[place : place + size], last=place + size == len(data)))
        place += size
    return packets


def _packet_size(data: bytes, place: int) -> int:
    room = len(data) - place
    if room < 4:
        raise fault("RTCP packet length", room, "4 bytes or more", "A.2")
    first, _, words = HEADER.unpack_from(data, place)
    if first >> 6 != 2:
        raise fault("RTCP version", first >> 6, "2", "A.2")
    size = 4 + 4 * int(words)
    if size > room:
        raise fault("RTCP length field", words, f"at most {room // 4 - 1} words here", "A.2")
    return size


def _parse_packet(data: bytes, last: bool) -> Packet:
    first, packet_type, _ = HEADER.unpack_from(data)
    padding = _parse_padding(data, last) if first & 0x20 else 0
    count, body = first & 0x1F, data[4 : len(data) - padding]
    if packet_type in _KINDS:
        return _KINDS[packet_type].parse(count, body, padding)
    return OtherPacket(packet_type, count, body, padding=padding)


def _parse_padding(data: bytes, last: bool) -> int:
    if not last:
        raise fault("RTCP padding bit", "1", "0 in all packets but the last", "A.2")
    padding = data[-1]
    if padding % 4 or not 4 <= padding <= len(data) - 4:
        raise fault("RTCP padding count", padding, f"a multiple of 4, at most {len(data) - 4}", "6.4.1")
    return padding


def serialize_compound(packets: Sequence[Packet]) -> bytes:
    """Return a datagram. Raises ``ValueError`` for padding in another packet than the last."""
    if any(packet.padding for packet in packets[:-1]):
        raise ValueError("padding: found in front of another packet, expected in the last only")
    return joined(packets)


def starts_with_report(packets: Iterable[Packet]) -> bool:
    """Tell whether a compound begins with SR or RR, as sections 6.1 and A.2 want it."""
    return isinstance(next(iter(packets), None), SenderReport | ReceiverReport)


def has_cname(packets: Iterable[Packet]) -> bool:
    """Tell whether a compound says the CNAME of somebody, as section 6.1 wants it."""
    described = (packet for packet in packets if isinstance(packet, SourceDescription))
    return any(chunk.cname is not None for packet in described for chunk in packet.chunks)
