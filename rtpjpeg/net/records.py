"""The records of a capture file: classic pcap here, pcapng in ``blocks``.

    magic(4) version(2+2) zone(4) accuracy(4) snaplen(4) link type(4)     the file's header
    seconds(4) fraction(4) captured(4) original(4) frame                  a record

The byte order is the writer's; the magic tells it, and the parts of a second too. Source:
draft-ietf-opsawg-pcap.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from ..errors import CaptureError
from .blocks import SECTION_TYPE, walk_blocks
from .piece import MOST_RECORDS, NOT_A_PACKET, PIECE, EndedEarly, Records, Stream, Window, rows_at

Frame = tuple[float, int, bytes]
"""Seconds since 1970, link type, the bytes captured."""

LARGEST_RECORD = 1 << 20
PCAP_MAGICS = {
    bytes.fromhex("a1b2c3d4"): (">", 10**6),
    bytes.fromhex("d4c3b2a1"): ("<", 10**6),
    bytes.fromhex("a1b23c4d"): (">", 10**9),
    bytes.fromhex("4d3cb2a1"): ("<", 10**9),
}
"""Byte order, and the parts of a second that times are counted in."""
GZIP = b"\x1f\x8b"
"""RFC 1952 section 2.3.1: ID1 and ID2."""
COMPRESSED = {
    GZIP: ("gzip", "gunzip"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
    b"\x04\x22\x4d\x18": ("lz4", "unlz4"),
    b"\xfd7zX": ("xz", "unxz"),
    b"BZh": ("bzip2", "bunzip2"),
}
"""How files begin that are no captures yet, what made them, and what undoes it."""
_FILE_HEADER, _RECORD_HEADER = 24, 16


def frames(stream: Stream, name: str) -> Iterator[Frame]:
    """Yield the frames of a capture one by one.

    Raises ``CaptureError`` naming the file, or ``EndedEarly``.
    """
    for records in walk(stream, name, PIECE):
        view = records.data.data
        columns = (records.starts, records.lengths, records.times, records.link_types)
        for start, length, time, link_type in zip(*(column.tolist() for column in columns), strict=True):
            if link_type != NOT_A_PACKET:
                yield time / 10**9, link_type, bytes(view[start : start + length])


def walk(stream: Stream, name: str, size: int) -> Iterator[Records]:
    """Yield the packets of a capture, all those of about ``size`` bytes of the file at once.

    Raises ``CaptureError`` naming the file, or ``EndedEarly``, when what stands before has been yielded.
    """
    window = Window(stream, size)
    window.move(0, 4)
    magic = bytes(window.view[: min(4, window.end)])
    if magic in PCAP_MAGICS:
        return _walk_pcap(window, name, *PCAP_MAGICS[magic])
    if magic == SECTION_TYPE:
        return walk_blocks(window, name)
    raise CaptureError(f"{name}: {_found(magic)}")


def _found(magic: bytes) -> str:
    """Say what a file is that is no capture, by its first four bytes."""
    expected = "expected a pcap or pcapng capture"
    for front, (kind, program) in COMPRESSED.items():
        if magic.startswith(front):
            return f"found a file compressed by {kind}, {expected}: unpack it first, with {program}"
    found = f"the bytes {magic.hex(' ')} at its start" if magic else "an empty file"
    return f"found {found}, {expected}"


def _walk_pcap(window: Window, name: str, order: str, second: int) -> Iterator[Records]:
    if window.end < _FILE_HEADER and not window.move(0, _FILE_HEADER):
        raise EndedEarly
    (link_type,) = struct.unpack_from(f"{order}20xI", window.view)
    captured = struct.Struct(f"{order}8xI")
    at = _FILE_HEADER
    while True:
        places, at = _heads(window, at, captured)
        if places:
            yield _records(window, places, order, second, link_type & 0xFFFF)
        need = _size(window, at, captured, name)
        if window.end - at >= need:
            continue
        if not window.move(at, need):
            if window.end:
                raise EndedEarly
            return
        at = 0


def _heads(window: Window, at: int, captured: struct.Struct) -> tuple[list[int], int]:
    """Return where the records begin that are all there, and the place behind them."""
    places: list[int] = []
    unpack, view, end, last = captured.unpack_from, window.view, window.end, window.end - _RECORD_HEADER
    while at <= last and len(places) < MOST_RECORDS:
        (size,) = unpack(view, at)
        behind = at + 16 + size
        if behind > end or size > LARGEST_RECORD:
            break
        places.append(at)
        at = behind
    return places, at


def _size(window: Window, at: int, captured: struct.Struct, name: str) -> int:
    """Return the bytes of the record at a place; of its header only, where that is not all there."""
    if window.end - at < _RECORD_HEADER:
        return _RECORD_HEADER
    (size,) = captured.unpack_from(window.view, at)
    if size > LARGEST_RECORD:
        found = f"a record of {size} bytes at byte {window.place + at}"
        raise CaptureError(f"{name}: found {found}, expected {LARGEST_RECORD} at most")
    return _RECORD_HEADER + int(size)


def _records(window: Window, places: list[int], order: str, second: int, link_type: int) -> Records:
    starts = np.array(places, np.int64)
    fields = rows_at(window.data, starts, _RECORD_HEADER).view(f"{order}u4").astype(np.int64)
    times = fields[:, 0] * 10**9 + fields[:, 1] * (10**9 // second)
    return Records(window.data, starts + _RECORD_HEADER, fields[:, 2], times, np.full(len(starts), link_type))
