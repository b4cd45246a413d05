"""The two formats of a capture file, walked record by record: pcap and pcapng.

    pcap: a header, then records           pcapng: blocks
    magic(4) version(2+2) zone(4)          type(4) length(4) body length(4)
    accuracy(4) snaplen(4) link type(4)    section: byte-order magic(4) version(2+2) ...
                                           interface: link type(2) -(2) snaplen(4) options
    seconds(4) fraction(4) captured(4)     enhanced packet: interface(4) time(4+4) captured(4)
    original(4) frame                          original(4) frame
                                           simple packet: original(4) frame

The byte order is the writer's; the magic tells it. Sources: draft-ietf-opsawg-pcap and
draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import CaptureError

Frame = tuple[float, int, bytes]
"""Seconds since 1970, link type, the bytes captured."""

LARGEST_RECORD = 1 << 20
LARGEST_BLOCK = 1 << 24

PCAP_MAGICS = {
    bytes.fromhex("a1b2c3d4"): (">", 10**6),
    bytes.fromhex("d4c3b2a1"): ("<", 10**6),
    bytes.fromhex("a1b23c4d"): (">", 10**9),
    bytes.fromhex("4d3cb2a1"): ("<", 10**9),
}
"""Byte order, and the parts of a second that times are counted in."""

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 0x0A0D0D0A, 1, 2, 3, 6
SECTION_TYPE = SECTION.to_bytes(4, "big")
BYTE_ORDERS = {bytes.fromhex("1a2b3c4d"): ">", bytes.fromhex("4d3c2b1a"): "<"}
OPTION_RESOLUTION, OPTION_OFFSET = 9, 14


class EndedEarly(Exception):
    """The file ends inside a record, as it does when the capturing program was killed."""


def frames(stream: io.BufferedReader, name: str) -> Iterator[Frame]:
    """Yield the frames of a capture. Raises ``CaptureError`` naming the file, or ``EndedEarly``."""
    magic = stream.peek(4)[:4]
    if magic in PCAP_MAGICS:
        yield from _pcap(stream, name)
    elif magic == SECTION_TYPE:
        yield from _pcapng(stream, name)
    else:
        found = f"the bytes {magic.hex(' ')} at its start" if magic else "an empty file"
        raise CaptureError(f"{name}: found {found}, expected a pcap or pcapng capture")


def _exactly(stream: io.BufferedReader, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EndedEarly
    return data


def _pcap(stream: io.BufferedReader, name: str) -> Iterator[Frame]:
    order, second = PCAP_MAGICS[stream.read(4)]
    (link_type,) = struct.unpack(f"{order}16xI", _exactly(stream, 20))
    record = struct.Struct(f"{order}III4x")
    where = 24
    while stream.peek(1):
        seconds, fraction, captured = record.unpack(_exactly(stream, 16))
        if captured > LARGEST_RECORD:
            found = f"a record of {captured} bytes at byte {where}"
            raise CaptureError(f"{name}: found {found}, expected {LARGEST_RECORD} at most")
        yield seconds + fraction / second, link_type & 0xFFFF, _exactly(stream, captured)
        where += 16 + captured


@dataclass(frozen=True, slots=True)
class _Interface:
    """What an interface block says of the packets that name it."""

    link_type: int
    snaplen: int
    second: int = 10**6
    offset: int = 0


def _pcapng(stream: io.BufferedReader, name: str) -> Iterator[Frame]:
    interfaces: list[_Interface] = []
    for kind, order, body, where in _blocks(stream, name):
        try:
            if kind == SECTION:
                interfaces = []
            elif kind == INTERFACE:
                interfaces.append(_interface(order, body))
            elif kind in _PACKET_READERS:
                yield _PACKET_READERS[kind](order, body, interfaces)
        except (struct.error, IndexError):
            raise CaptureError(
                f"{name}: found a block of type {kind} at byte {where} that contradicts itself, "
                "expected it to name a known interface and to hold what it says it holds"
            ) from None


def _blocks(stream: io.BufferedReader, name: str) -> Iterator[tuple[int, str, bytes, int]]:
    """Yield type, byte order, body and place in the file of each block."""
    order, where = ">", 0
    while stream.peek(1):
        head, magic = _exactly(stream, 8), b""
        if head.startswith(SECTION_TYPE):
            magic = _exactly(stream, 4)
            order = BYTE_ORDERS.get(magic, "")
        if not order:
            raise CaptureError(f"{name}: found {magic.hex(' ')} at byte {where + 8}, expected 1a 2b 3c 4d")
        kind, length = struct.unpack(f"{order}II", head)
        if length % 4 or not 12 + len(magic) <= length <= LARGEST_BLOCK:
            found = f"a block of {length} bytes at byte {where}"
            raise CaptureError(f"{name}: found {found}, expected 12 to {LARGEST_BLOCK}, a multiple of 4")
        body = magic + _exactly(stream, length - 12 - len(magic))
        (repeated,) = struct.unpack(f"{order}I", _exactly(stream, 4))
        if repeated != length:
            found = f"{repeated} as the length of the block at byte {where}"
            raise CaptureError(f"{name}: found {found}, expected {length} as at its start")
        yield kind, order, body, where
        where += length


def _interface(order: str, body: bytes) -> _Interface:
    link_type, snaplen = struct.unpack_from(f"{order}H2xI", body)
    second, offset, place = 10**6, 0, 8
    while place + 4 <= len(body):
        code, size = struct.unpack_from(f"{order}HH", body, place)
        value = body[place + 4 : place + 4 + size]
        if code == OPTION_RESOLUTION:
            second = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == OPTION_OFFSET:
            (offset,) = struct.unpack(f"{order}q", value)
        place += 4 + (size + 3) // 4 * 4
    return _Interface(link_type, snaplen, second, offset)


def _enhanced_packet(order: str, body: bytes, interfaces: list[_Interface]) -> Frame:
    number, high, low, captured = struct.unpack_from(f"{order}IIII", body)
    return _packet(interfaces[number], high << 32 | low, body, captured)


def _old_packet(order: str, body: bytes, interfaces: list[_Interface]) -> Frame:
    number, high, low, captured = struct.unpack_from(f"{order}H2xIII", body)
    return _packet(interfaces[number], high << 32 | low, body, captured)


def _packet(interface: _Interface, time: int, body: bytes, captured: int) -> Frame:
    if 20 + captured > len(body):
        raise IndexError
    return time / interface.second + interface.offset, interface.link_type, body[20 : 20 + captured]


def _simple_packet(order: str, body: bytes, interfaces: list[_Interface]) -> Frame:
    """Read a packet that has neither time nor interface: it came on the first one."""
    (original,) = struct.unpack_from(f"{order}I", body)
    captured = min(original, interfaces[0].snaplen or original)
    if 4 + captured > len(body):
        raise IndexError
    return 0.0, interfaces[0].link_type, body[4 : 4 + captured]


_PACKET_READERS = {
    ENHANCED_PACKET: _enhanced_packet,
    OLD_PACKET: _old_packet,
    SIMPLE_PACKET: _simple_packet,
}
