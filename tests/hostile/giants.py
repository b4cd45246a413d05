"""Streams that cost a receiver the most: frames near the limit of 4 MiB, and small packets that make much."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from conformance.builders import fragment, main, restart, rtp
from conformance.pictures import SOI
from hostile.stage import EOI
from rtpjpeg.jpeg import count_mcus

SIDE = 2040
Packets = list[bytes]


def plain(size: int, ending: bytes = EOI, piece: bytes = b"\x12\x34") -> Iterator[Packets]:
    """Frames of the largest size without restart markers, ``size`` bytes each."""
    scan = piece * (size // len(piece)) + ending
    sequence = 0
    for number in range(3):
        frame = fragment(scan, width=SIDE, height=SIDE, size=1324, sequence=sequence, timestamp=3000 * number)
        sequence += len(frame)
        yield frame


def chunked_frame(
    number: int, sequence: int, interval: int, size: int, together: int, filled: int = 0
) -> Packets:
    """A frame of the largest size: ``together`` intervals of ``size`` bytes in a packet, and fill bytes."""
    count = -(-count_mcus(65, SIDE, SIDE) // interval)
    packets, offset = [], 0
    for first in range(0, count, together):
        stop = min(first + together, count)
        parts = [
            (bytes((0xFF, 0xD0 + (n - 1) % 8)) if n else b"") + bytes([7 + number]) * size
            for n in range(first, stop)
        ]
        data = b"".join(parts) + b"\xff" * filled + (EOI if stop == count else b"")
        payload = main(offset, type=65, width=SIDE, height=SIDE) + restart(interval, (1, 1, first)) + data
        packets.append(
            rtp(payload, sequence=sequence + len(packets), timestamp=3000 * number, marker=stop == count)
        )
        offset += len(data)
    return packets


def chunks(
    interval: int, size: int, together: int, lost: Iterable[int] = (), filled: int = 0
) -> Iterator[Packets]:
    """Frames of restart intervals; some packets of each but the first are lost."""
    sequence = 0
    for number in range(3):
        frame = chunked_frame(number, sequence, interval, size, together, filled)
        sequence += len(frame)
        gone = {place % len(frame) for place in lost} if number else set()
        yield [packet for place, packet in enumerate(frame) if place not in gone]


def tiny_behind_large() -> Iterator[Packets]:
    """A large frame, then one of packets with a byte each."""
    frame = chunked_frame(0, 0, 4, 640, 2)
    yield frame
    payloads = [
        main(place, type=65, width=SIDE, height=SIDE) + restart(4, (1, 1, place % 4000)) + b"\x12"
        for place in range(12_000)
    ]
    yield [rtp(data, sequence=len(frame) + 1 + n, timestamp=9) for n, data in enumerate(payloads)]


def pictures_from_nothing() -> Iterator[Packets]:
    """A large frame, then many of one small packet: each is a whole picture again."""
    frame = chunked_frame(0, 0, 4, 640, 2)
    yield frame
    payload = main(0, type=65, width=SIDE, height=SIDE) + struct.pack(">HH", 4, 0xC000) + b"\x77" * 9
    yield [rtp(payload, sequence=len(frame) + n, timestamp=3000 + n, marker=True) for n in range(128)]


def two_open() -> Iterator[Packets]:
    """A large frame, one without its second packet, and half of another behind that."""
    first, second = chunks(3, 620, 2), chunks(3, 620, 2, [1])
    yield next(first)
    next(second)
    yield next(second)[:-1] + [packet for frame in second for packet in frame][:1400]


def files(piece: bytes) -> Iterator[Packets]:
    """Whole JPEG files as payload, whose scans are of one pattern."""
    head = SOI + struct.pack(">BBHBHHB", 0xFF, 0xC0, 8, 8, SIDE, SIDE, 3) + b"\xff\xda\0\2"
    scan = head + piece * (3_300_000 // len(piece)) + EOI
    yield fragment(scan, size=1324)


def flood(
    piece: bytes, type: int = 65, chunk: tuple[int, int, int] | None = (1, 1, 0x3FFF)
) -> Iterator[Packets]:
    """A frame of one pattern; ``chunk`` is F, L and count of its packets, None for chunks that rise."""
    data, count = (piece * 1320)[:1320], 2100
    packets = []
    for place in range(count):
        flags = (1, 1, place) if chunk is None else chunk
        head = main(1320 * place, type=65, width=SIDE, height=SIDE) + restart(4, flags)
        packets.append(rtp(head + data, sequence=place, timestamp=9, marker=place == count - 1))
    yield packets


def one_chunk(piece: bytes) -> Iterator[Packets]:
    """A frame that is one chunk over many packets, of which the second is lost."""
    (packets,) = flood(piece, chunk=(0, 0, 0))
    flags = restart(4, (1, 0, 0)), restart(4, (0, 1, 0))
    packets[2] = packets[2][:20] + flags[0] + packets[2][24:]
    packets[-1] = packets[-1][:20] + flags[1] + packets[-1][24:]
    yield packets[:1] + packets[2:]


def small_frames(type: int, interval: int) -> Iterator[Packets]:
    """One small packet a frame of the largest size."""
    payload = main(0, type=type, width=SIDE, height=SIDE) + restart(interval, (1, 1, 0)) + b"\x77" * 9
    yield [rtp(payload, sequence=n, timestamp=3000 * n, marker=True) for n in range(128)]


def gaps(type: int = 65) -> Iterator[Packets]:
    """Packets of which none follows the other."""
    payload = main(7, type=type) + restart(4) + b"1"
    yield [rtp(payload, sequence=2 * n, timestamp=n) for n in range(6400)]


class Stream(NamedTuple):
    """Frames, how many packets of them come at a time, and how many pictures must come of it."""

    frames: Callable[[], Iterator[Packets]]
    at_once: int = 64
    least: int = 0


# The largest that are legitimate come first.
STREAMS: dict[str, Stream] = {
    "plain": Stream(lambda: plain(3_300_000), 64, 3),
    "plain, one by one": Stream(lambda: plain(2_850_000), 1, 3),
    "plain without EOI": Stream(lambda: plain(3_300_000, b""), 64, 3),
    "restart intervals": Stream(lambda: chunks(3, 620, 2), 64, 3),
    "restart intervals, one lost": Stream(lambda: chunks(3, 620, 2, [7]), 64, 3),
    "restart intervals, one by one, one lost": Stream(lambda: chunks(3, 450, 2, [7]), 1, 3),
    "restart intervals, the last lost": Stream(lambda: chunks(3, 620, 2, [-1]), 64, 3),
    "restart intervals, many lost": Stream(lambda: chunks(3, 620, 2, range(0, 4000, 9)), 64, 3),
    "restart intervals with fill": Stream(lambda: chunks(3, 500, 2, [7], 240), 64, 3),
    "the shortest intervals, one lost": Stream(lambda: chunks(1, 170, 6, [7]), 64, 1),
    "beyond the limit": Stream(lambda: plain(6_000_000), 64, 0),
    "beyond the limit, one lost": Stream(lambda: chunks(4, 1300, 1, [7]), 64, 0),
    "two frames in progress": Stream(two_open, 64, 1),
    "tiny packets behind a large frame": Stream(tiny_behind_large, 64, 1),
    "tiny packets, one by one": Stream(tiny_behind_large, 1, 1),
    "pictures from nothing": Stream(pictures_from_nothing, 64, 1),
    "stuffed bytes": Stream(lambda: plain(3_300_000, piece=b"\xff\x00"), 64, 0),
    "fill bytes": Stream(lambda: plain(3_300_000, piece=b"\xff\xff"), 64, 0),
    "restart markers": Stream(lambda: plain(3_300_000, piece=b"\xff\xd0"), 64, 0),
    "a file": Stream(lambda: files(b"\x12\x34"), 64, 1),
    "a file of markers": Stream(lambda: files(b"\xff\xd0"), 64, 0),
    "gaps": Stream(gaps),
    "gaps, one by one": Stream(gaps, 1),
    "one small packet a frame, interval 1": Stream(lambda: small_frames(64, 1), 1),
    "one small packet a frame, interval 4": Stream(lambda: small_frames(64, 4), 1),
    "one small packet a frame in trains": Stream(lambda: small_frames(65, 4)),
    "chunks of stuffed bytes": Stream(lambda: flood(b"\xff\x00", chunk=None)),
    "one chunk of stuffed bytes": Stream(lambda: one_chunk(b"\xff\x00")),
    "unaligned stuffed bytes": Stream(lambda: flood(b"\xff\x00")),
    "chunks of fill": Stream(lambda: flood(b"\xff", chunk=None)),
    "one chunk of fill": Stream(lambda: one_chunk(b"\xff")),
    "unaligned fill": Stream(lambda: flood(b"\xff")),
    "chunks of fill and stuffed bytes": Stream(lambda: flood(b"\xff\xff\x00", chunk=None)),
    "one chunk of fill and stuffed bytes": Stream(lambda: one_chunk(b"\xff\xff\x00")),
    "unaligned fill and stuffed bytes": Stream(lambda: flood(b"\xff\xff\x00")),
    "chunks of markers": Stream(lambda: flood(b"\xff\xd0", chunk=None)),
    "one chunk of markers": Stream(lambda: one_chunk(b"\xff\xd0")),
    "unaligned markers": Stream(lambda: flood(b"\xff\xd0")),
    "chunks of markers with data": Stream(lambda: flood(b"\xff\xd0\x11", chunk=None)),
    "one chunk of markers with data": Stream(lambda: one_chunk(b"\xff\xd0\x11")),
    "unaligned markers with data": Stream(lambda: flood(b"\xff\xd0\x11")),
}
