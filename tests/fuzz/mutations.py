"""Real packets, and everything that can be done to them on the way.

The packets are made once: a million cases are to be judged in a minute, and most of it is the judging.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from functools import cache

import rtpjpeg
from conformance.builders import fragment
from conformance.pictures import eight_bit, jpeg, scan_of

Packets = list[bytes]
TYPES = (0, 1, 64, 65)
CASES = int(os.environ.get("FUZZ_PACKETS") or 50_000)
"""Mutated packets of a run; tox sets a million for one of its environments."""


@cache
def real_frames() -> list[Packets]:
    """Frames of every type with Q 50, 200 and 255, cut at intervals and not, some filled; numbers from 0."""
    own = eight_bit(jpeg(quality=92, chroma_quality=60))
    frames = []
    for type in TYPES:
        for q in (50, 200, 255):
            scan = scan_of(jpeg(type, quality=q if q < 100 else 92))
            frames.append(fragment(scan, type=type, q=q, tables=own, interval=4, size=300))
        packetizer = rtpjpeg.Packetizer(mtu=400, ssrc=0x1234ABCD, sequence_number=0, static_tables=True)
        for file in (jpeg(type, interval=3), jpeg(type, quality=92, chroma_quality=60)):
            frames.append(list(packetizer.packetize(file, 0)))
        if type & 64:
            frames.append([packet.ljust(340, b"\xff") for packet in frames[-2]])
    return frames


def placed(frame: Packets, sequence: int, timestamp: int) -> Packets:
    """The frame as one of a stream."""
    packets = []
    time = (timestamp & 0xFFFFFFFF).to_bytes(4, "big")
    for number, packet in enumerate(frame, sequence):
        packets.append(packet[:2] + (number & 0xFFFF).to_bytes(2, "big") + time + packet[8:])
    return packets


def flip_bits(chance: random.Random, packets: Packets) -> None:
    """Turn over some bits, the headers more often than the data."""
    at = chance.randrange(len(packets))
    changed = bytearray(packets[at])
    for _ in range(chance.choice((1, 1, 2, 8))):
        if changed:
            reach = len(changed) if chance.random() < 0.4 else min(len(changed), 40)
            changed[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    packets[at] = bytes(changed)


def set_field(chance: random.Random, packets: Packets) -> None:
    """Put an extreme value into a header field: offset, type, Q, size, interval, count, lengths."""
    at = chance.randrange(len(packets))
    changed = bytearray(packets[at])
    position = chance.choice((0, 1, 2, 4, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27))
    value = chance.choice((0, 1, 63, 64, 65, 127, 128, 200, 254, 255))
    if position < len(changed):
        changed[position] = value
    packets[at] = bytes(changed)


def truncate(chance: random.Random, packets: Packets) -> None:
    """Cut a packet short, often inside its headers."""
    at = chance.randrange(len(packets))
    longest = len(packets[at]) if chance.random() < 0.5 else min(40, len(packets[at]))
    packets[at] = packets[at][: chance.randint(0, longest)]


def lengthen(chance: random.Random, packets: Packets) -> None:
    """Put bytes behind a packet."""
    at = chance.randrange(len(packets))
    packets[at] += chance.choice((b"\xff\xd9", b"\xff\xd8\xff", b"\xff" * 5, chance.randbytes(9)))


def duplicate(chance: random.Random, packets: Packets) -> None:
    """Send a packet twice, the second time anywhere."""
    packets.insert(chance.randint(0, len(packets)), chance.choice(packets))


def swap(chance: random.Random, packets: Packets) -> None:
    """Exchange two packets."""
    one, other = chance.randrange(len(packets)), chance.randrange(len(packets))
    packets[one], packets[other] = packets[other], packets[one]


def lose(chance: random.Random, packets: Packets) -> None:
    """Lose a packet."""
    if len(packets) > 1:
        del packets[chance.randrange(len(packets))]


def splice(chance: random.Random, packets: Packets) -> None:
    """Join the front of one packet and the end of another."""
    one, other = chance.choice(packets), chance.choice(packets)
    cut = chance.randint(0, min(len(one), 40))
    packets[chance.randrange(len(packets))] = one[:cut] + other[chance.randint(0, len(other)) :]


def dress(chance: random.Random, packets: Packets) -> None:
    """Set the bits for padding, extension and CSRC list; the bytes behind were never meant so."""
    at = chance.randrange(len(packets))
    if packets[at]:
        packets[at] = bytes([0x80 | chance.randrange(64)]) + packets[at][1:]


def inject(chance: random.Random, packets: Packets) -> None:
    """Put a marker into the data."""
    at = chance.randrange(len(packets))
    cut = chance.randint(20, max(20, len(packets[at])))
    marker = bytes([0xFF, chance.choice((0xD0, 0xD3, 0xD7, 0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xFF, 0x01))])
    packets[at] = packets[at][:cut] + marker + packets[at][cut:]


MUTATIONS: tuple[Callable[[random.Random, Packets], None], ...] = (
    flip_bits,
    flip_bits,
    set_field,
    set_field,
    truncate,
    lengthen,
    duplicate,
    swap,
    lose,
    splice,
    dress,
    inject,
)


def mutated_streams(seed: int, packets: int) -> Iterator[Packets]:
    """Streams of a few frames, with something done to about every other packet."""
    chance, frames, made = random.Random(seed), real_frames(), 0
    while made < packets:
        stream: Packets = []
        sequence, timestamp = chance.choice((0, 65530, chance.randrange(65536))), chance.randrange(1 << 32)
        kept = chance.choice(frames)  # The same picture again, so that there is something to fill holes with.
        for _ in range(chance.randint(1, 6)):
            source = kept if chance.random() < 0.5 else chance.choice(frames)
            frame = placed(source, sequence + len(stream), timestamp)
            timestamp += chance.choice((0, 1, 3000, 3000, 3000, 1 << 31))
            for _ in range(chance.randint(0, len(frame))):
                chance.choice(MUTATIONS)(chance, frame)
            stream += frame
        made += len(stream)
        yield stream
