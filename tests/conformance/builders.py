"""Packets made and read by hand, with ``struct`` alone: nothing here comes from the code under test.

``rtp``, ``main``, ``restart`` and ``table_header`` write one header each; ``fragment`` cuts a scan into
the packets of a frame the plain way; ``read`` takes one packet apart for the rules of a sender.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SSRC = 0x1234ABCD
UNALIGNED = (1, 1, 0x3FFF)
"""F, L and restart count of packets that are not aligned to restart intervals."""


def rtp(
    payload: bytes,
    *,
    sequence: int = 1,
    timestamp: int = 9000,
    ssrc: int = SSRC,
    payload_type: int = 26,
    marker: bool = False,
    version: int = 2,
    csrcs: Sequence[int] = (),
    extension: bytes | None = None,
    padding: int = 0,
) -> bytes:
    """One RTP packet. ``extension`` is the data behind its four bytes of header."""
    first = version << 6 | (padding > 0) << 5 | (extension is not None) << 4 | len(csrcs)
    packet = struct.pack(
        ">BBHII", first, marker << 7 | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    packet += struct.pack(f">{len(csrcs)}I", *csrcs)
    if extension is not None:
        packet += struct.pack(">HH", 0xABCD, len(extension) // 4) + extension
    if padding:
        payload += bytes(padding - 1) + bytes([padding])
    return packet + payload


def main(
    offset: int = 0, *, type: int = 1, q: int = 75, width: int = 64, height: int = 48, type_specific: int = 0
) -> bytes:
    """The main header; width and height are pixels."""
    return struct.pack(">IBBBB", type_specific << 24 | offset, type, q, width // 8, height // 8)


def restart(interval: int, flags: tuple[int, int, int] = UNALIGNED) -> bytes:
    """The restart marker header; ``flags`` are F, L and count."""
    first, last, count = flags
    return struct.pack(">HH", interval, first << 15 | last << 14 | count)


def table_header(tables: bytes, *, precision: int = 0, mbz: int = 0, length: int | None = None) -> bytes:
    """The quantisation table header with its tables; ``length`` may lie."""
    return struct.pack(">BBH", mbz, precision, len(tables) if length is None else length) + tables


def fragment(
    scan: bytes,
    *,
    type: int = 1,
    q: int = 75,
    tables: bytes | None = None,
    precision: int = 0,
    mbz: int = 0,
    width: int = 64,
    height: int = 48,
    interval: int = 0,
    type_specific: int = 0,
    size: int = 400,
    sequence: int = 1,
    timestamp: int = 9000,
    ssrc: int = SSRC,
    payload_type: int = 26,
) -> list[bytes]:
    """The packets of one frame: ``size`` scan bytes in each, restart intervals not aligned.

    ``tables`` go into the first packet where Q is 128 or more; empty bytes make a header of length 0.
    """
    packets = []
    for index, offset in enumerate(range(0, len(scan), size)):
        head = main(offset, type=type, q=q, width=width, height=height, type_specific=type_specific)
        if 64 <= type < 128:
            head += restart(interval)
        if q >= 128 and offset == 0 and tables is not None:
            head += table_header(tables, precision=precision, mbz=mbz)
        last = offset + size >= len(scan)
        packets.append(
            rtp(
                head + scan[offset : offset + size],
                sequence=sequence + index,
                timestamp=timestamp,
                ssrc=ssrc,
                marker=last,
                payload_type=payload_type,
            )
        )
    return packets


def chunked(
    pieces: Iterable[tuple[tuple[int, int, int], bytes]],
    *,
    interval: int,
    type: int = 65,
    q: int = 75,
    width: int = 64,
    height: int = 48,
    sequence: int = 1,
    timestamp: int = 9000,
) -> list[bytes]:
    """The packets of one frame with restart headers: each piece is ((F, L, count), scan bytes)."""
    packets, offset, held = [], 0, list(pieces)
    for index, (flags, data) in enumerate(held):
        payload = main(offset, type=type, q=q, width=width, height=height) + restart(interval, flags) + data
        last = index == len(held) - 1
        packets.append(rtp(payload, sequence=sequence + index, timestamp=timestamp, marker=last))
        offset += len(data)
    return packets


class Chunk(NamedTuple):
    """A restart marker header that was read."""

    interval: int
    first: bool
    last: bool
    count: int


class Tables(NamedTuple):
    """A quantisation table header that was read."""

    mbz: int
    precision: int
    length: int
    data: bytes


class Packet(NamedTuple):
    """One RTP/JPEG packet that was read."""

    version: int
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    type_specific: int
    offset: int
    type: int
    q: int
    width: int
    """Units of 8 pixels."""
    height: int
    main_header: bytes
    chunk: Chunk | None
    tables: Tables | None
    data: bytes
    size: int
    """Bytes of the RTP packet."""


def read(packet: bytes) -> Packet:
    """Take a packet apart: RTP header, CSRC list, extension, padding, RTP/JPEG headers, data."""
    first, second, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", packet)
    start = 12 + 4 * (first & 15)
    if first & 0x10:
        start += 4 + 4 * struct.unpack_from(">H", packet, start + 2)[0]
    end = len(packet) - (packet[-1] if first & 0x20 else 0)
    payload = packet[start:end]
    word, type_, q, width, height = struct.unpack_from(">IBBBB", payload)
    position, chunk, tables = 8, None, None
    if 64 <= type_ < 128:
        interval, flags = struct.unpack_from(">HH", payload, position)
        chunk = Chunk(interval, bool(flags >> 15), bool(flags >> 14 & 1), flags & 0x3FFF)
        position += 4
    if q >= 128 and word & 0xFFFFFF == 0:
        mbz, precision, length = struct.unpack_from(">BBH", payload, position)
        tables = Tables(mbz, precision, length, payload[position + 4 : position + 4 + length])
        position += 4 + length
    return Packet(
        first >> 6,
        bool(second >> 7),
        second & 0x7F,
        sequence,
        timestamp,
        ssrc,
        word >> 24,
        word & 0xFFFFFF,
        type_,
        q,
        width,
        height,
        payload[:8],
        chunk,
        tables,
        payload[position:],
        len(packet),
    )


def read_all(packets: Iterable[bytes]) -> list[Packet]:
    """Take all packets of a frame apart."""
    return [read(packet) for packet in packets]
